"""A watched folder: which files in it wait to be imported.

Owns: what counts as a file that waits, how a file is told from a newer one of the same name, where a connection keeps
which were dealt with, and which of those were refused and are still there. Must not know: importing, schedules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from polyhost.errors import ErrorCode, RefusedError
from polyhost.store import memos
from polyhost.store.base import ConnectionRow, Store
from polyhost.store.memos import KeptRefusal

__all__ = [
    "RefusedFile",
    "WaitingFile",
    "dealt_with",
    "keep_refused",
    "refused_files",
    "waiting_files",
    "watched_folder",
]

_UNFINISHED = (".crdownload", ".part", ".partial", ".tmp", ".download")
"""Endings of files that a browser is still writing."""


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """`stamp` is another once the file has changed: its size, and when it was written."""

    path: Path
    stamp: str
    written_at: int


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that was dealt with by refusing it, and why. `at`: when."""

    stamp: str
    at: str
    code: str
    reason: str
    instruction: str

    def as_memo(self) -> KeptRefusal:
        """As it is kept."""
        return {
            "stamp": self.stamp,
            "at": self.at,
            "code": self.code,
            "reason": self.reason,
            "instruction": self.instruction,
        }


def watched_folder(connection: ConnectionRow) -> Path | None:
    """The folder this connection watches (connect --watch)."""
    folder = connection.options.get("watch")
    return Path(folder) if folder else None


async def dealt_with(store: Store, connection: ConnectionRow) -> dict[str, str]:
    """Files of the folder that were imported or refused: name to stamp."""
    return dict(await store.connections.memo(connection.id, memos.WATCHED_FILES))


async def keep_refused(store: Store, connection: ConnectionRow, refused: Mapping[str, RefusedFile]) -> None:
    """Files of the folder that are refused as of now: name to why."""
    kept: dict[str, KeptRefusal] = {name: one.as_memo() for name, one in refused.items()}
    await store.connections.save_memo(connection.id, memos.REFUSED_FILES, kept)


async def refused_files(store: Store, connection: ConnectionRow) -> dict[str, RefusedFile]:
    """Those that are still in the folder as they were when they were refused: it is done with by moving or changing
    the file."""
    folder = watched_folder(connection)
    kept = await store.connections.memo(connection.id, memos.REFUSED_FILES)
    if folder is None or not kept:
        return {}
    refused = {name: RefusedFile(**one) for name, one in kept.items()}
    there = {name: _file(folder / name) for name in refused}
    return {name: one for name, one in refused.items() if (file := there[name]) is not None and file.stamp == one.stamp}


def waiting_files(folder: Path, dealt_with: Mapping[str, str]) -> list[WaitingFile]:
    """Oldest first. RefusedError `watch_unreadable` where the folder cannot be read."""
    try:
        paths = list(folder.iterdir())
    except OSError as error:
        raise RefusedError(
            f"the watched folder cannot be read: {error.strerror}",
            "Check that it is there.",
            code=ErrorCode.WATCH_UNREADABLE,
        ) from None
    found = [file for path in paths if (file := _file(path)) is not None]
    waiting = [file for file in found if dealt_with.get(file.path.name) != file.stamp]
    return sorted(waiting, key=lambda file: (file.written_at, file.path.name))


def _file(path: Path) -> WaitingFile | None:
    """None for what is not a file, still being written, hidden, or gone meanwhile."""
    if path.name.startswith(".") or path.suffix.lower() in _UNFINISHED:
        return None
    try:
        status = path.stat()
        is_file = path.is_file()
    except OSError:
        return None
    return WaitingFile(path, f"{status.st_size}:{status.st_mtime_ns}", status.st_mtime_ns) if is_file else None
