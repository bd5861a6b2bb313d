"""Putting the files that are here into a folder of their owner's, by partition, under names that say what they are.

Owns: that nothing that is there is written over, and that a second time only what is new comes. Must not know: which
files are wanted. Blocks: call it in a thread.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from polyhost.errors import ErrorCode, RefusedError, RunFailedError
from polyhost.files.names import FolderNames, safe_name
from polyhost.ledger.files import Content

__all__ = ["OwnersFolder", "Put"]

Put = Literal["linked", "copied", "already"]
_AT_ONCE = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(slots=True)
class _Folder:
    """What one folder holds: names, the files themselves, and those of each size until they are read."""

    names: FolderNames = field(default_factory=FolderNames)
    nodes: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    unread: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict[int, list[str]](list))
    digests: set[str] = field(default_factory=set[str])

    @classmethod
    def of(cls, place: int) -> _Folder:
        """Of the folder that is open there."""
        found = cls()
        for name in sorted(os.listdir(place)):
            found.names.take(name)
            about = os.lstat(name, dir_fd=place)
            if stat.S_ISREG(about.st_mode):
                found.nodes.add((about.st_dev, about.st_ino))
                found.unread[about.st_size].append(name)
        return found

    def holds(self, place: int, source: Path, content: Content) -> bool:
        about = source.stat()
        if (about.st_dev, about.st_ino) in self.nodes or content.digest in self.digests:
            return True
        for name in self.unread.pop(content.size, ()):
            handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
            with os.fdopen(handle, "rb") as file:
                self.digests.add(hashlib.file_digest(file, "sha256").hexdigest())
        return content.digest in self.digests


class OwnersFolder:
    """One folder. RefusedError where it lies within the home, is no folder, or holds a link where a folder of files
    goes; RunFailedError where it cannot be written. Nothing is read or written through a link below it."""

    def __init__(self, root: Path, home: Path) -> None:
        self._root = root
        self._folders: dict[str, _Folder] = {}
        if root.resolve().is_relative_to(home.resolve()):
            raise RefusedError(
                f"{root} lies within polyhost's own folder", "Name another one.", code=ErrorCode.EXPORT_DIRECTORY
            )
        if root.exists() and not root.is_dir():
            raise RefusedError(
                f"{root} is a file, not a folder", "Name a folder, or a new one.", code=ErrorCode.EXPORT_DIRECTORY
            )

    def put(self, source: Path, content: Content, *, folder: str, name: str | None) -> Put:
        """Under this name, made safe, or a like one where that is taken; content that the folder holds already is put
        there no second time. FileNotFoundError where `source` is gone."""
        safe = safe_name(folder, otherwise="files")
        try:
            with self._opened(safe) as place:
                return self._put(source, content, safe, place, name)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and not source.exists():
                raise
            why = error.strerror or "the disk refused"
            raise RunFailedError(
                f"files could not be written to {self._root}: {why}",
                "Make room or name another folder, and say it again: what is there stays.",
                code=ErrorCode.EXPORT_FAILED,
            ) from error

    @contextmanager
    def _opened(self, safe: str) -> Generator[int]:
        """The folder of this name, itself: what stands there stays what it is while it is open."""
        self._root.mkdir(parents=True, exist_ok=True)
        with _open_folder(self._root) as root:
            with suppress(FileExistsError):
                os.mkdir(safe, dir_fd=root)
            if not stat.S_ISDIR(os.lstat(safe, dir_fd=root).st_mode):
                raise self._no_folder(safe)
            try:
                opened = os.open(safe, _FOLDER | os.O_NOFOLLOW, dir_fd=root)
            except OSError as error:
                if error.errno in {errno.ELOOP, errno.ENOTDIR}:
                    raise self._no_folder(safe) from error
                raise
        try:
            yield opened
        finally:
            os.close(opened)

    def _no_folder(self, safe: str) -> RefusedError:
        return RefusedError(
            f"{self._root / safe} is a link or a file, not a folder",
            "Take it away or name another folder: nothing is written through it.",
            code=ErrorCode.EXPORT_DIRECTORY,
        )

    def _put(self, source: Path, content: Content, safe: str, place: int, name: str | None) -> Put:
        known = self._folders.get(safe)
        if known is None:
            known = self._folders[safe] = _Folder.of(place)
        if known.holds(place, source, content):
            return "already"
        while True:
            target = known.names.take(name)
            try:
                how = _link_or_copy(source, target, place)
            except FileExistsError:  # somebody else has put it there meanwhile
                continue
            about = os.lstat(target, dir_fd=place)
            known.nodes.add((about.st_dev, about.st_ino))
            known.digests.add(content.digest)
            return how


@contextmanager
def _open_folder(path: Path) -> Generator[int]:
    opened = os.open(path, _FOLDER)
    try:
        yield opened
    finally:
        os.close(opened)


def _link_or_copy(source: Path, target: str, place: int) -> Put:
    try:
        os.link(source, target, dst_dir_fd=place)
        return "linked"
    except FileExistsError:
        raise
    except OSError:  # another disk, or one without links
        pass
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666, dir_fd=place)
    with source.open("rb") as read, os.fdopen(handle, "wb") as written:
        try:
            shutil.copyfileobj(read, written, _AT_ONCE)
        except BaseException:
            os.unlink(target, dir_fd=place)
            raise
    return "copied"
