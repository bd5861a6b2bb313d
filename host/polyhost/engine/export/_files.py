"""The files of exported records: put beside the pages once each, under names that say what they are.

Owns: where in the folder a file goes. Must not know: formats, what a record says.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from polyhost.engine.files.vanished import glance
from polyhost.exports.base import RowFile
from polyhost.files.contents import Contents
from polyhost.files.names import FolderNames
from polyhost.ledger.file_words import why_not_here
from polyhost.ledger.files import Content, FileReason, FileState
from polyhost.protocol.media_kinds import media_kind
from polyhost.store.base import FileRow, Store, StoredRecord

__all__ = ["RowFiles"]

_FOLDER = "files"


class RowFiles:
    """Those of one export. `folder`: the one that is being written."""

    def __init__(self, store: Store, connection_id: int, home: Path, folder: Path) -> None:
        self._store = store
        self._connection_id = connection_id
        self._contents = Contents(home)
        self._folder = folder
        self._names: defaultdict[str, FolderNames] = defaultdict(FolderNames)
        self._placed: dict[str, str | None] = {}

    async def of(self, records: Sequence[StoredRecord]) -> Mapping[tuple[str, str], Sequence[RowFile]]:
        """By stream and key."""
        found: dict[tuple[str, str], Sequence[RowFile]] = {}
        for stream in {record.stream for record in records}:
            keys = sorted({record.key for record in records if record.stream == stream})
            held = await self._store.files.of(self._connection_id, stream, keys)
            for key, some in held.items():
                files = [one.file for one in some if not one.file.facts.is_thumbnail]
                found[stream, key] = await asyncio.to_thread(self._rows, files)
        return found

    def _rows(self, files: Sequence[FileRow]) -> Sequence[RowFile]:
        return [self._row(file) for file in files]

    def _row(self, file: FileRow) -> RowFile:
        facts, path = file.facts, None
        content = facts.content if facts.state is FileState.HERE else None
        state, reason = facts.state, facts.reason
        if content is not None:
            path = self._placed[content.digest] if content.digest in self._placed else self._place(content, facts.name)
            if path is None:
                state, reason = FileState.TO_COME, FileReason.LOST
        is_here = content is not None and path is not None
        return RowFile(
            id=file.id,
            name=facts.name,
            type=content.type if is_here and content is not None else facts.type,
            size=content.size if is_here and content is not None else facts.size,
            kind=media_kind(content.type if is_here and content is not None else None),
            state=str(state),
            why=why_not_here(state, reason),
            digest=content.digest if is_here and content is not None else None,
            path=path,
        )

    def _place(self, content: Content, name: str | None) -> str | None:
        """Its path in the export; None where its bytes are not in the home."""
        self._placed[content.digest] = None
        if glance(self._contents, content) is not None:
            return None
        part = content.digest[:2]
        target = self._folder / _FOLDER / part
        target.mkdir(parents=True, exist_ok=True)
        called = self._names[part].take(name)
        _link_or_copy(self._contents.path(content.digest), target / called)
        self._placed[content.digest] = path = f"{_FOLDER}/{part}/{called}"
        return path


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)
