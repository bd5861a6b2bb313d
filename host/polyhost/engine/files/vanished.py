"""What was here and is not any more, or not as it was: noted, so that a later run or import brings it again."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from polyhost.files.contents import Contents
from polyhost.ledger.files import Content, FileReason, FileState
from polyhost.store.base import FileResult, FileRow, Store

__all__ = ["glance", "note_absence"]


def glance(contents: Contents, content: Content) -> FileReason | None:
    """What a look at its place tells, without reading it: None where a file of its size is there. Blocks."""
    if contents.is_behind_link(content.digest):
        return FileReason.DAMAGED
    return _glance(contents.path(content.digest), content.size)


def _glance(path: Path, size: int) -> FileReason | None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return FileReason.LOST
    except OSError:
        return FileReason.DAMAGED
    return None if stat.S_ISREG(found.st_mode) and found.st_size == size else FileReason.DAMAGED


async def note_absence(store: Store, content: Content, reason: FileReason, *, at: str) -> Sequence[tuple[int, FileRow]]:
    """Of every file that holds this content, in whichever connection. Those that are to come again and were here, each
    with its connection."""
    noted: list[tuple[int, FileRow]] = []
    for connection_id, file_id in await store.files.holders(content.digest):
        row = await store.files.get(connection_id, file_id)
        if row is not None and row.facts.state is FileState.HERE:
            await store.files.save(connection_id, [FileResult(file_id, FileState.TO_COME, reason, at)])
            noted.append((connection_id, row))
    return noted
