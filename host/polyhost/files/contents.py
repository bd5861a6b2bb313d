"""The contents of files: `HOME/files/ab/<SHA-256>`, each once, whoever holds it.

Under a final name there is only ever a whole content: it is written elsewhere, brought to the disk and renamed. What is
not whole yet lies in `HOME/files/partial`. All of it is the owner's alone, under any umask. The folder may be a link of
the owner's, to a larger disk; nothing in it is: nothing is read, written or taken out through a link in there.

Owns: where contents lie, that each is there once, the lock for changing which there are. Must not know: whose a content
is (the store says it), networks. What is not `async` blocks: call it in threads.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
import re
import secrets
import shlex
import stat
import time
from collections.abc import AsyncGenerator, Container, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from polyhost.errors import ErrorCode, RunFailedError
from polyhost.files.partial import OWNER_ONLY, Origin, Partial, sync_folder, together
from polyhost.ledger.files import Content
from polyhost.small_files import TooLargeError

__all__ = ["Contents", "Strays"]

_FOLDER = 0o700
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_AT_ONCE = 1 << 20
_LOOK_AGAIN_SECONDS = 0.01
"""Another process holds the lock for as long as a rename and a transaction take."""
PARTIAL_SECONDS = 14 * 86_400.0
"""After so long a file that nobody went on with is no longer to come."""
CONTENT_SECONDS = 3_600.0
"""A younger content may be on its way into the store, whatever holds the lock."""


@dataclass(frozen=True, slots=True)
class Strays:
    """What lies there for nobody: contents by their digests, partials by the names of their files."""

    digests: tuple[str, ...]
    partials: tuple[str, ...]


class Contents:
    """The contents of one home. Nothing is made on the disk before something is kept."""

    def __init__(self, home: Path) -> None:
        self._root = home / "files"
        self._partials = self._root / "partial"

    def path(self, digest: str) -> Path:
        """Where this content lies, if it is kept. ValueError for what is no SHA-256 in hexadecimal digits."""
        if not _DIGEST.match(digest):
            raise ValueError("this is not a SHA-256")
        return self._root / digest[:2] / digest

    def partial(self, name: str) -> Partial:
        """What has come of the file of this name, which is the caller's. Where another process is at it, an empty one
        that nobody else finds."""
        stem = hashlib.sha256(name.encode()).hexdigest()[:32]
        return self._partial(stem, is_own=False) or self._own_partial()

    def add(self, stream: BinaryIO, limit: int) -> Content:
        """Keep all of a stream. TooLargeError where it has more than `limit` bytes; nothing is kept then, nor where it
        cannot be read to its end. To be called while `held` is held where anybody may take rubbish out meanwhile."""
        partial = self._own_partial()
        try:
            partial.begin(Origin.of(""))
            while data := stream.read(_AT_ONCE):
                if partial.size + len(data) > limit:
                    raise TooLargeError
                partial.write(data)
            return self.keep([partial])[0]
        finally:
            partial.discard()

    def keep(self, partials: Sequence[Partial]) -> Sequence[Content]:
        """Make contents of these, all of whose bytes are here; on the disk for good. To be called while `held` is held,
        until it is noted whose they are. Many together wait for the disk little longer than one."""
        kept = [partial.keep() for partial in partials]
        together(sync_folder, {self.path(content.digest).parent for content in kept})
        return kept

    def check(self, content: Content) -> Literal["whole", "damaged", "lost"]:
        """Read it through, and say whether it is what it was."""
        try:
            if self.is_behind_link(content.digest):
                return "damaged"
            handle = os.open(self.path(content.digest), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return "lost"
        except OSError:
            return "damaged"
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_size != content.size:
                return "damaged"
            try:
                return "whole" if hashlib.file_digest(file, "sha256").hexdigest() == content.digest else "damaged"
            except OSError:
                return "damaged"

    def remove(self, digests: Iterable[str]) -> None:
        """Take these contents out. To be called while `held` is held, once it was asked there whether anybody has
        them."""
        for digest in digests:
            if not self.is_behind_link(digest):
                self.path(digest).unlink(missing_ok=True)

    def remove_partials(self, names: Iterable[str]) -> None:
        """Take out these of `Strays.partials`, but for one that is being written."""
        for name in () if self._partials.is_symlink() else names:
            partial = self._partial(Path(name).stem, is_own=True)
            if partial is not None:
                partial.discard()

    def digests(self) -> Iterator[str]:
        """What is kept, in order."""
        for folder in self._folders():
            yield from sorted(path.name for path in folder.iterdir() if _DIGEST.match(path.name))

    def is_behind_link(self, digest: str) -> bool:
        """Whether a link stands where the folder of this content should: what lies behind it is nobody's."""
        return self.path(digest).parent.is_symlink()

    def links(self) -> Sequence[Path]:
        """What is a link in here, in order: nothing that polyhost made."""
        places = [self._partials, *self._root.glob("[0-9a-f][0-9a-f]")]
        folders = [place for place in places if place.is_dir() and not place.is_symlink()]
        inside = [path for folder in folders for path in folder.iterdir()]
        return sorted(path for path in [*places, *inside] if path.is_symlink())

    def _folders(self) -> Sequence[Path]:
        """Those of contents."""
        found = self._root.glob("[0-9a-f][0-9a-f]")
        return sorted(folder for folder in found if folder.is_dir() and not folder.is_symlink())

    def strays(self, known: Container[str], *, now: float | None = None) -> Strays:
        """Contents that are not `known`, and partials nobody went on with. `now`: seconds since 1970. To be called
        while `held` is held, and `known` asked for there."""
        now = time.time() if now is None else now
        unknown = (digest for digest in self.digests() if digest not in known)
        old = (digest for digest in unknown if _age(self.path(digest), now) > CONTENT_SECONDS)
        is_own = self._partials.is_dir() and not self._partials.is_symlink()
        partials = sorted(self._partials.iterdir()) if is_own else []
        return Strays(tuple(old), tuple(path.name for path in partials if _age(path, now) > PARTIAL_SECONDS))

    @asynccontextmanager
    async def held(self) -> AsyncGenerator[None]:
        """One at a time, in all processes: held while a content is put in its place and noted in the store, and while
        it is asked what nobody has, and that is taken out. Goes with the process. Not to be entered twice by one
        task."""
        self._make(self._root)
        lock = os.open(self._root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, OWNER_ONLY)
        try:
            os.fchmod(lock, OWNER_ONLY)
            while not _is_locked(lock):  # noqa: ASYNC110  another process tells nobody
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            yield
        finally:
            os.close(lock)

    def _own_partial(self) -> Partial:
        while (partial := self._partial(secrets.token_hex(16), is_own=True)) is None:
            pass
        return partial

    def _partial(self, stem: str, *, is_own: bool) -> Partial | None:
        """None where somebody is at it."""
        self._make(self._partials)
        part = self._partials / f"{stem}.part"
        while True:
            handle = _opened(part)
            try:
                if not _is_locked(handle):
                    os.close(handle)
                    return None
                if _leads_to(part, handle):  # and has not meanwhile been kept, or dropped, by whom it was locked
                    os.fchmod(handle, OWNER_ONLY)
                    return Partial(handle, part, self._place, is_own=is_own)
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)

    def _place(self, part: Path, content: Content) -> None:
        target = self.path(content.digest)
        self._make(target.parent)
        if self.check(content) == "whole":
            os.utime(target)  # it is wanted anew
            part.unlink()
            return
        part.replace(target)

    def _make(self, folder: Path) -> None:
        """RunFailedError where a link stands there."""
        if folder != self._root and folder.is_symlink():
            raise _is_link(folder)
        if folder.is_dir():
            return
        for each in (self._root.parent, self._root, folder):
            with suppress(FileExistsError):
                each.mkdir(mode=_FOLDER)
                each.chmod(_FOLDER)
                sync_folder(each.parent)


def _opened(part: Path) -> int:
    try:
        return os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, OWNER_ONLY)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _is_link(part) from error
        raise


def _is_link(path: Path) -> RunFailedError:
    return RunFailedError(
        f"{path} is a link, and nothing is written through one",
        f"See where it leads, and take it away: rm {shlex.quote(str(path))}",
        code=ErrorCode.LINK_IN_HOME,
    )


def _is_locked(handle: int) -> bool:
    """Whether it is this one's now. The lock goes with the last handle of this opening."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _leads_to(path: Path, handle: int) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(handle))


def _age(path: Path, now: float) -> float:
    try:
        return now - path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0
