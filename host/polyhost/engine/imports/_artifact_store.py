"""Writing what an artifact brings: the same store, with the care that an old file next to live data needs.

A run reads the source as it is now, so what it brings replaces what is stored, and what it does not find is gone. An
artifact is as old as it is. So here: what is new is added; what is known is replaced only by what is newer
(`ledger.identity`); nothing is deleted for being absent; a record that a run has looked for since and not found comes
in as deleted, with its content; and what is deleted stays so, and gets the newest content that any file has of it.

Owns: that care. Must not know: archives, messages, how anything is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from polyhost.instants import is_past, later
from polyhost.ledger.cursor import sort_key
from polyhost.ledger.digest import encode
from polyhost.ledger.identity import age
from polyhost.ledger.ranges import floor_key
from polyhost.ledger.state import PartitionRule
from polyhost.store.base import (
    AddRecords,
    RecordWrite,
    Store,
    StoredRecord,
    TombstoneAbsent,
    TombstoneUnseen,
    WriteCounts,
    WriteOp,
    WriteRecords,
)
from polyhost.store.wrapped import WrappedStore

__all__ = ["ArtifactStore", "IdentityRule", "Merge"]

Merge = Callable[[str, Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]
AHEAD_SECONDS = 86_400
"""A file's times have no zone, and may be ahead by half a day; more than this was dated by a wrong clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRule:
    """One stream's: which field tells the newer content, and which fields the digest leaves out."""

    newest_by: str | None
    volatile: frozenset[str]


@dataclass(slots=True)
class _Read:
    """What runs have read of one partition, as sort keys."""

    ranges: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def holds(self, position: str) -> bool:
        return any(since <= position <= until for since, until in self.ranges)


class ArtifactStore(WrappedStore):
    """Another store, as an import writes to it."""

    def __init__(self, inner: Store, rules: Mapping[str, IdentityRule], merge: Merge, *, now: str) -> None:
        super().__init__(inner)
        self._latest = later(now, AHEAD_SECONDS) or now
        self._rules = rules
        self._merge = merge
        self._read: dict[tuple[str, str], _Read] = {}
        self.buried = 0
        """Records that came in as deleted, because a run has looked for them since."""

    async def learn(self, connection_id: int, rules: Mapping[str, PartitionRule]) -> None:
        """Take in what runs have read so far. Once, before writing; the lease keeps it true."""
        for stream, rule in rules.items():
            for state in await self.inner.ledger.partitions(connection_id, stream):
                if state.covered:
                    ends = [
                        (floor_key(one.since, rule.order), sort_key(one.until, rule.order)) for one in state.covered
                    ]
                    self._read[stream, state.key] = _Read(ends)

    async def write(
        self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
    ) -> Mapping[str, WriteCounts]:
        careful: list[WriteOp] = []
        for op in ops:
            if isinstance(op, WriteRecords):
                careful.append(AddRecords(await self._buried(connection_id, op.records)))
            elif not isinstance(op, TombstoneAbsent | TombstoneUnseen):
                careful.append(op)
        counts = dict(await self.inner.write(connection_id, batch_id, careful))
        for stream, count in list(counts.items()):
            if count.differing:
                counts[stream] = await self._settle(connection_id, batch_id, stream, count)
        return counts

    async def _buried(self, connection_id: int, records: Sequence[RecordWrite]) -> Sequence[RecordWrite]:
        """The records, those marked as deleted that the source no longer had when a run last looked."""
        suspects = [record for record in records if self._was_looked_for(record)]
        if not suspects:
            return records
        gone: set[tuple[str, str]] = set()
        for stream in {record.stream for record in suspects}:
            keys = [record.key for record in suspects if record.stream == stream]
            known = await self.inner.records.digests(connection_id, stream, keys)
            gone |= {(stream, key) for key in keys if key not in known}
        self.buried += len(gone)
        return [one._replace(op="delete") if (one.stream, one.key) in gone else one for one in records]

    def _was_looked_for(self, record: RecordWrite) -> bool:
        """A head in a range that was read. A member may have come to its group since."""
        if record.partition is None or record.position is None or not record.is_head or record.op == "delete":
            return False
        read = self._read.get((record.stream, record.partition))
        return read is not None and read.holds(record.position)

    async def _settle(self, connection_id: int, batch_id: str | None, stream: str, count: WriteCounts) -> WriteCounts:
        """Decide on the records that are known with another content, one by one."""
        stored = dict(
            await self.inner.records.by_key(connection_id, stream, [record.key for record in count.differing])
        )
        gone = {key: kept.emitted_at for key, kept in stored.items() if kept.deleted}
        for key in gone:
            stored[key] = replace(stored[key], emitted_at=await self._content_as_of(connection_id, stored[key]))
        total = WriteCounts(count.new, count.updated, count.unchanged, count.deleted)
        taken: list[RecordWrite] = []
        for record in count.differing:
            kept = stored[record.key]
            winner = self._winner(kept, record)
            if winner is None:
                total.unchanged += 1
                continue
            taken.append(winner)
            if winner.op == "delete":
                gone[record.key] = winner.emitted_at
                stored[record.key] = replace(kept, deleted=True)
                continue
            stored[record.key] = replace(kept, data=_data(winner), emitted_at=winner.emitted_at)
            if record.key in gone:
                # It gets the content it would have kept, had it come before the deletion.
                taken.append(winner._replace(op="delete", emitted_at=gone[record.key]))
                total.deleted -= 1
                if self._is_same(kept, winner):
                    total.updated -= 1
                    total.unchanged += 1
        if taken:
            more = (await self.inner.write(connection_id, batch_id, [WriteRecords(taken)])).get(stream, WriteCounts())
            total.new += more.new
            total.updated += more.updated
            total.unchanged += more.unchanged
            total.deleted += more.deleted
        return total

    async def _content_as_of(self, connection_id: int, kept: StoredRecord) -> str:
        """The moment a deleted record's content is of: its own time is the deletion's."""
        versions = await self.inner.records.versions(connection_id, kept.stream, kept.key)
        live = [one.emitted_at for one in versions if not one.deleted]
        brought = [one.emitted_at for one in versions if one.data is not None]
        return live[-1] if live else next(iter(brought), kept.emitted_at)

    def _is_same(self, kept: StoredRecord, winner: RecordWrite) -> bool:
        volatile = self._rules[winner.stream].volatile
        return kept.data is not None and winner.digest == encode(kept.data, volatile).digest

    def _winner(self, kept: StoredRecord, record: RecordWrite) -> RecordWrite | None:
        """What to write, or None where what is stored stays. Of a deleted record: its content."""
        if record.op == "delete":
            return None if kept.deleted else record
        if kept.data is None or record.data is None:
            return record
        rule = self._rules[record.stream]
        brought = orjson.loads(record.data)
        before = age(kept.data, rule.newest_by, self._as_of(kept, record))
        now = age(brought, rule.newest_by, record.emitted_at)
        if now != before:
            return record if now > before else None
        merged = encode(self._merge(record.stream, kept.data, brought), rule.volatile)
        if merged.digest == encode(kept.data, rule.volatile).digest:
            return None
        return record._replace(data=merged.data, digest=merged.digest)

    def _as_of(self, kept: StoredRecord, record: RecordWrite) -> str:
        """The moment the stored content speaks of. A wrong clock's, in the future, does not tell: then both are equally
        new, or no file would count until that day comes."""
        return record.emitted_at if is_past(self._latest, kept.emitted_at) else kept.emitted_at


def _data(record: RecordWrite) -> dict[str, Any] | None:
    return None if record.data is None else orjson.loads(record.data)
