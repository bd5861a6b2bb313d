"""Opening what an owner hands over: a ZIP, a folder, or a file. Nothing is unpacked, nothing is written.

Owns: which of the three it is, safe names, the digest, the refusal of what cannot be an export. Must not know: sites,
what entries mean.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from polyhost.artifacts import _zip
from polyhost.artifacts._zip import BrokenZipError, Member
from polyhost.artifacts.base import Artifact, Entry, Problem, UnreadableEntryError
from polyhost.artifacts.limits import CHUNK_BYTES, MAX_ENTRIES, MAX_NAME_BYTES, MAX_READINGS
from polyhost.errors import ErrorCode, RefusedError

__all__ = ["open_artifact"]

_JUNK = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._[^/]*$)")
"""What operating systems leave in archives and folders; not even worth counting."""


@contextmanager
def open_artifact(path: Path) -> Generator[Artifact]:
    """The artifact at this path. RefusedError says in one sentence why it cannot be read at all."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise RefusedError(
            f"there is no file {path.name!r}", "Name an export, as a file or folder.", code=ErrorCode.NO_SUCH_FILE
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from None
    if stat.S_ISDIR(mode):
        yield _FolderArtifact(path)
        return
    if not stat.S_ISREG(mode):
        raise RefusedError(
            f"{path.name!r} is neither a file nor a folder",
            "Name an export, as a file or folder.",
            code=ErrorCode.NO_SUCH_FILE,
        )
    with ExitStack() as opened:
        try:
            file = opened.enter_context(path.open("rb"))
            artifact = _of_file(path, file)
        except OSError as error:
            raise _unreadable(path, error) from None
        except RefusedError as error:
            raise RefusedError(f"{path.name}: {error.reason}", error.instruction, code=error.code) from None
        yield artifact


def _of_file(path: Path, file: BinaryIO) -> Artifact:
    digest, length = _digest(file)
    if not length:
        raise RefusedError("it is empty", "Download the export again.", code=ErrorCode.ARTIFACT_EMPTY)
    file.seek(0)
    if _zip.starts_like_zip(file.read(4)) or path.suffix.lower() == ".zip":
        return _ZipArtifact(path.name, file, length, digest)
    return _FileArtifact(path.name, file, length, digest)


def _digest(file: BinaryIO) -> tuple[str, int]:
    digest = hashlib.sha256()
    length = 0
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
        length += len(chunk)
    return digest.hexdigest(), length


def _unreadable(path: Path, error: OSError) -> RefusedError:
    return RefusedError(
        f"{path.name!r} cannot be read: {error.strerror or 'unknown'}", "Check it.", code=ErrorCode.ARTIFACT_UNREADABLE
    )


def _safe_name(name: str) -> str | None:
    """The name with `/`, or None where it leads anywhere but down. Names only select entries: nothing is written."""
    name = name.replace("\\", "/")
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or ":" in parts[0] or not name.isprintable():
        return None
    return "/".join(part for part in parts if part not in ("", "."))


def _unwrapped(entries: list[Entry]) -> list[Entry]:
    """Without a folder that only wraps everything else."""
    top = {entry.name.partition("/")[0] for entry in entries}
    if len(top) != 1 or any("/" not in entry.name for entry in entries):
        return entries
    return [entry._replace(name=entry.name.partition("/")[2]) for entry in entries]


class _Named(Artifact):
    """What all three have in common."""

    def __init__(self, kind: Literal["zip", "folder", "file"], name: str) -> None:
        self.kind = kind
        self.name = name
        self.digest = ""
        self.truncated = False
        self._entries: list[Entry] = []
        self._problems: list[Problem] = []

    @property
    def entries(self) -> list[Entry]:
        return self._entries

    @property
    def problems(self) -> list[Problem]:
        return self._problems

    def read(self, entry: Entry, limit: int) -> bytes | None:
        if entry.size > limit:
            return None
        found = bytearray()
        for chunk in self._chunks(entry):
            found += chunk
            if len(found) > limit:
                return None
        return bytes(found)

    def open(self, entry: Entry) -> BinaryIO:
        return io.BufferedReader(_Stream(self._chunks(entry)), CHUNK_BYTES)

    def _chunks(self, entry: Entry) -> Iterator[bytes]:
        raise NotImplementedError


class _ZipArtifact(_Named):
    def __init__(self, name: str, file: BinaryIO, length: int, digest: str) -> None:
        super().__init__("zip", name)
        self.digest = digest
        self._file = file
        self._unpackable = MAX_READINGS * _zip.max_unpacked_size(length)
        members = _zip.read_directory(file, length)
        self.truncated = members is None
        self._members = [*_zip.local_members(file, length)] if members is None else members
        if any(member.is_encrypted for member in self._members):
            raise RefusedError(
                "it is encrypted", "Decrypt it, and import what comes out.", code=ErrorCode.ARCHIVE_ENCRYPTED
            )
        if not self._members:
            raise RefusedError(
                "it is not a ZIP archive, or it is empty", "Download the export again.", code=ErrorCode.ARCHIVE_BROKEN
            )
        self._entries = _unwrapped([*self._usable()])
        self._problems += _named_twice(self._entries)

    def _usable(self) -> Iterator[Entry]:
        for number, member in enumerate(self._members):
            if member.raw_name.endswith((b"/", b"\\")):
                continue
            name, rule = _member_name(member)
            if rule is not None:
                self._problems.append(Problem(rule, number, _written_name(member)))
            elif not _JUNK.search(name):
                if not _zip.names_agree(self._file, member):
                    self._problems.append(Problem("name_differs", number, name))
                yield Entry(number, name, member.size)

    def _chunks(self, entry: Entry) -> Iterator[bytes]:
        try:
            for piece in _zip.content(self._file, self._members[entry.number]):
                self._spend(len(piece))
                yield piece
        except BrokenZipError as error:
            raise UnreadableEntryError(entry.number, error.rule) from None

    def _spend(self, unpacked: int) -> None:
        """Every reading counts against one budget, so that nothing makes an entry be unpacked without end."""
        self._unpackable -= unpacked
        if self._unpackable < 0:
            raise BrokenZipError("unpacked_too_often")


def _member_name(member: Member) -> tuple[str, str | None]:
    """A member's name, or the rule that keeps it from being used."""
    if len(member.raw_name) > MAX_NAME_BYTES:
        return "", "name_too_long"
    try:
        text = member.raw_name.decode("utf-8")
    except UnicodeDecodeError:
        text = member.raw_name.decode("cp437")
    name = _safe_name(text)
    if not name:
        return "", "unsafe_name"
    if member.is_symlink:
        return "", "symlink"
    if not member.is_supported:
        return "", "compression_unsupported"
    return name, None


def _written_name(member: Member) -> str:
    """The end of what it is called, whatever is wrong with it."""
    return member.raw_name[-MAX_NAME_BYTES:].decode("utf-8", "replace")


def _named_twice(entries: Iterable[Entry]) -> Iterator[Problem]:
    seen: set[str] = set()
    for entry in entries:
        if entry.name in seen:
            yield Problem("name_twice", entry.number, entry.name)
        seen.add(entry.name)


class _FolderArtifact(_Named):
    def __init__(self, path: Path) -> None:
        super().__init__("folder", path.name)
        self._files: dict[int, Path] = {}
        found = [*self._walk(path)]
        if not found:
            raise RefusedError(
                f"{path.name}: the folder is empty", "Name the export's folder.", code=ErrorCode.ARTIFACT_EMPTY
            )
        self.digest = self._sum_up(found)
        self._entries = _unwrapped(found)

    def _walk(self, top: Path) -> Iterator[Entry]:
        for number, path in enumerate(_files_below(top)):
            if number >= MAX_ENTRIES:
                raise RefusedError(
                    f"{top.name}: it holds more than {MAX_ENTRIES:,} files",
                    "Import it in parts.",
                    code=ErrorCode.ARCHIVE_TOO_MANY,
                )
            written = path.relative_to(top).as_posix()
            name = _safe_name(written)
            status = path.lstat()
            if name is None:
                self._problems.append(Problem("unsafe_name", number, written))
            elif stat.S_ISLNK(status.st_mode):
                self._problems.append(Problem("symlink", number, written))
            elif not stat.S_ISREG(status.st_mode):
                self._problems.append(Problem("no_regular_file", number, written))
            elif not _JUNK.search(name):
                self._files[number] = path
                yield Entry(number, name, status.st_size)

    def _sum_up(self, entries: Iterable[Entry]) -> str:
        digest = hashlib.sha256()
        for entry in entries:
            digest.update(f"{len(entry.name)}:{entry.name}:{entry.size}:".encode())
            try:
                for chunk in self._chunks(entry):
                    digest.update(chunk)
            except UnreadableEntryError:
                digest.update(b"?")
        return digest.hexdigest()

    def _chunks(self, entry: Entry) -> Iterator[bytes]:
        try:
            handle = os.open(self._files[entry.number], os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with os.fdopen(handle, "rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except OSError:
            raise UnreadableEntryError(entry.number, "file_unreadable") from None


def _files_below(top: Path) -> Iterator[Path]:
    """Files in a stable order, links not followed."""
    for folder, folders, files in os.walk(top, followlinks=False):
        folders.sort()
        linked = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*files, *linked]):
            yield Path(folder, name)


class _FileArtifact(_Named):
    def __init__(self, name: str, file: BinaryIO, length: int, digest: str) -> None:
        super().__init__("file", name)
        self.digest = digest
        self._file = file
        self._entries = [Entry(0, name, length)]

    def _chunks(self, entry: Entry) -> Iterator[bytes]:
        position = 0
        while True:
            self._file.seek(position)
            chunk = self._file.read(CHUNK_BYTES)
            if not chunk:
                return
            position += len(chunk)
            yield chunk


class _Stream(io.RawIOBase):
    """Chunks as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken
