"""Reading records back, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from polyhost.store import page_cursors
from polyhost.store.base import EVERY_RECORD, RecordDigest, RecordPage, RecordQuery, RecordStore, StoredRecord
from polyhost.store.memory.record_table import Entry
from polyhost.store.memory.state import Part

__all__ = ["MemoryRecords"]


class MemoryRecords(Part, RecordStore):
    """See `RecordStore`."""

    async def content(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        wanted = set(keys)
        found = {entry.write.key: entry.now.data for entry in self.state.records(connection_id).of(stream)}
        return {key: data for key, data in found.items() if key in wanted and data is not None}

    async def digests(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, RecordDigest]:
        wanted = set(keys)
        found = self.state.records(connection_id).of(stream)
        return {
            e.write.key: RecordDigest(e.write.digest, e.now.deleted, e.now.emitted_at)
            for e in found
            if e.write.key in wanted
        }

    async def by_key(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        wanted = set(keys)
        return {e.write.key: e.now for e in self.state.records(connection_id).of(stream) if e.write.key in wanted}

    async def groups(
        self, connection_id: int, stream: str, partition: str, positions: Sequence[str]
    ) -> Mapping[str, tuple[int, str | None]]:
        members = [e for e in self.state.records(connection_id).live(stream, partition) if not e.write.is_head]
        found: dict[str, tuple[int, str | None]] = {}
        for position in positions:
            cursors = [entry.write.cursor for entry in members if entry.position == position]
            found[position] = len(cursors), max((c for c in cursors if c is not None), default=None)
        return found

    async def lookback(
        self, connection_id: int, stream: str, partition: str, *, heads: int, before: str | None = None
    ) -> tuple[str | None, int]:
        below = [
            e
            for e in self.state.records(connection_id).live(stream, partition)
            if before is None or e.position < before
        ]
        newest = [entry for entry in reversed(below) if entry.write.is_head][:heads]
        since = newest[-1] if len(newest) == heads else None
        groups = {e.position for e in below if not e.write.is_head and (since is None or e.position >= since.position)}
        return (None if since is None else since.write.cursor), len(groups)

    async def page(self, connection_id: int, stream: str, query: RecordQuery = EVERY_RECORD) -> RecordPage:
        start = None if query.after is None else page_cursors.decoded(query.after)

        def is_wanted(entry: Entry) -> bool:
            return (
                (query.partition is None or entry.write.partition in (query.partition, *query.besides))
                and (query.position is None or entry.position == query.position)
                and (query.since is None or entry.position >= query.since)
                and (query.until is None or entry.position < query.until)
                and (start is None or (entry.place < start if query.newest else entry.place > start))
                and (entry.write.is_head or not query.heads)
                and (query.deleted or not entry.now.deleted)
            )

        found = list(filter(is_wanted, self.state.records(connection_id).of(stream)))
        if query.newest:
            found.reverse()
        page = found[: query.limit]
        following = page_cursors.after_record(*page[-1].place) if page and len(found) > len(page) else None
        return RecordPage([entry.now for entry in page], following)

    async def count_partitions(
        self, connection_id: int, stream: str, partitions: Sequence[str]
    ) -> Mapping[str, tuple[int, int]]:
        found = self.state.records(connection_id).of(stream)
        deleted = {key: [e.now.deleted for e in found if e.write.partition == key] for key in partitions}
        return {key: (flags.count(False), flags.count(True)) for key, flags in deleted.items()}

    async def partition_keys(self, connection_id: int, stream: str) -> Sequence[str | None]:
        found = {entry.write.partition for entry in self.state.records(connection_id).of(stream)}
        return sorted(found, key=lambda key: (key is None, key or ""))

    async def last_change(self, connection_id: int) -> int:
        return max((entry.now.sequence for entry in self.state.records(connection_id).every()), default=0)

    async def count(self, connection_id: int) -> Mapping[str, tuple[int, int]]:
        everything = [entry.now for entry in self.state.records(connection_id).every()]
        live = Counter(now.stream for now in everything if not now.deleted)
        deleted = Counter(now.stream for now in everything if now.deleted)
        return {stream: (live[stream], deleted[stream]) for stream in live | deleted}

    async def versions(self, connection_id: int, stream: str, key: str) -> Sequence[StoredRecord]:
        found = [entry for entry in self.state.records(connection_id).of(stream) if entry.write.key == key]
        return [replace(version, partition=entry.now.partition) for entry in found for version in entry.versions]

    async def changes(self, connection_id: int, *, after: int, limit: int) -> Sequence[StoredRecord]:
        return self.state.records(connection_id).changes(after=after, limit=limit)
