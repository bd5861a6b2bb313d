"""The files of records, in memory. See `FileStore`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from polyhost.ledger.files import Content, FileFacts, FileReason, FileState, was_tried
from polyhost.protocol.record_files import FileReader, FileRules
from polyhost.store import page_cursors
from polyhost.store.base import (
    EVERY_FILE,
    FileCount,
    FilePage,
    FileQuery,
    FileResult,
    FileRow,
    FileStore,
    RecordFile,
)
from polyhost.store.memory.file_table import FileTable
from polyhost.store.memory.record_table import Entry
from polyhost.store.memory.state import Kept, Part

__all__ = ["MemoryFiles"]

_NO_MOMENT = -(1 << 59)


class MemoryFiles(Part, FileStore):
    """See `FileStore`."""

    async def index(self, connection_id: int, rules: FileRules, *, limit: int) -> bool:
        kept = self.state.known(connection_id)
        table = kept.files
        if table.rules != rules.as_text():
            table.rules, table.through, table.held = rules.as_text(), 0, {}
        reader = FileReader(rules)
        since = [one for one in kept.records.changes(after=table.through, limit=1 << 60) if one.stream in rules.streams]
        changed, more = since[:limit], len(since) > limit
        for record in changed:
            table.take_in(reader, record, self.state.file_ids)
        table.through = changed[-1].sequence if more else self.state.sequence
        if changed and not more:
            table.forget_orphans()
        return more

    async def find(self, connection_id: int, query: FileQuery = EVERY_FILE) -> FilePage:
        after = (-_NO_MOMENT, 0) if query.after is None else page_cursors.decoded_file(query.after)
        rows = [FileRow(*one) for one in self._table(connection_id).facts.items()]
        rows = [row for row in rows if _is_wanted(row.facts, query) and _place(row) < after]
        if query.partition is not None:
            there = {held.file.id for held in self._held(connection_id) if held.partition == query.partition}
            rows = [row for row in rows if row.id in there]
        rows.sort(key=_place, reverse=True)
        page = rows[: query.limit]
        following = page_cursors.after_file(*_place(page[-1])) if page and len(rows) > len(page) else None
        return FilePage(page, following)

    async def get(self, connection_id: int, file_id: int) -> FileRow | None:
        facts = self._table(connection_id).facts.get(file_id)
        return None if facts is None else FileRow(file_id, facts)

    async def by_identity(self, connection_id: int, identities: Sequence[str]) -> Mapping[str, FileRow]:
        wanted = frozenset(identities)
        return {
            facts.identity: FileRow(file_id, facts)
            for file_id, facts in self._table(connection_id).facts.items()
            if facts.identity in wanted and not facts.is_thumbnail
        }

    async def of(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, Sequence[RecordFile]]:
        found: defaultdict[str, list[RecordFile]] = defaultdict(list)
        for one in self._held(connection_id):
            if one.stream == stream and one.key in keys:
                found[one.key].append(one)
        return dict(found)

    async def records(self, connection_id: int, file_ids: Sequence[int]) -> Mapping[int, Sequence[RecordFile]]:
        found: defaultdict[int, list[RecordFile]] = defaultdict(list)
        for one in self._held(connection_id):
            if one.file.id in file_ids:
                found[one.file.id].append(one)
        return dict(found)

    async def count(self, connection_id: int) -> Sequence[FileCount]:
        counted: defaultdict[tuple[str, bool, FileState, FileReason | None], list[int]] = defaultdict(list)
        for facts in self._table(connection_id).facts.values():
            here = facts.content if facts.state is FileState.HERE else None
            size = facts.size or 0 if here is None else here.size
            counted[facts.stream, facts.is_thumbnail, facts.state, facts.reason].append(size)
        ordered = sorted(counted, key=lambda of: (of[0], of[1], of[2], of[3] or ""))
        return [FileCount(*of, len(counted[of]), sum(counted[of])) for of in ordered]

    async def save(self, connection_id: int, results: Sequence[FileResult]) -> None:
        table = self._table(connection_id)
        for one in results:
            if one.content is not None:
                self.state.contents.setdefault(one.content.digest, one.content)
            known = table.facts.get(one.file_id)
            if known is not None:
                content = None if one.content is None else self.state.contents[one.content.digest]
                table.facts[one.file_id] = was_tried(known, one.state, one.reason, at=one.at, content=content)

    async def contents(self, *, after: str = "", limit: int) -> Sequence[Content]:
        return [self.state.contents[digest] for digest in sorted(self.state.contents) if digest > after][:limit]

    async def holders(self, digest: str) -> Sequence[tuple[int, int]]:
        return [
            (number, file_id)
            for number, kept in sorted(self.state.kept.items())
            for file_id, facts in sorted(kept.files.facts.items())
            if facts.content is not None and facts.content.digest == digest
        ]

    async def unused(self, *, limit: int) -> Sequence[str]:
        return [digest for digest in sorted(self.state.contents) if not await self.holders(digest)][:limit]

    async def forget(self, digests: Sequence[str]) -> Sequence[str]:
        unused = [digest for digest in digests if digest in self.state.contents and not await self.holders(digest)]
        for digest in unused:
            del self.state.contents[digest]
        return unused

    def _table(self, connection_id: int) -> FileTable:
        kept = self.state.kept.get(connection_id)
        return FileTable() if kept is None else kept.files

    def _held(self, connection_id: int) -> Iterator[RecordFile]:
        """In the order in which records were stored first."""
        kept = self.state.kept.get(connection_id)
        for entry in [] if kept is None else kept.records.every():
            yield from _files_of(kept, entry)


def _files_of(kept: Kept | None, entry: Entry) -> Iterator[RecordFile]:
    if kept is not None:
        for file_id in kept.files.held.get((entry.write.stream, entry.write.key), ()):
            row = FileRow(file_id, kept.files.facts[file_id])
            yield RecordFile(row, entry.write.stream, entry.write.key, entry.write.partition)


def _place(row: FileRow) -> tuple[int, int]:
    return (_NO_MOMENT if row.facts.moment is None else row.facts.moment), row.id


def _is_wanted(facts: FileFacts, query: FileQuery) -> bool:
    kind = (facts.type or "").lower()
    return (
        (not query.states or facts.state in query.states)
        and query.thumbnails in (None, facts.is_thumbnail)
        and (not query.types or any(kind.startswith(one.lower()) for one in query.types if kind))
    )
