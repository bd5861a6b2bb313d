"""A store that writes nothing: what an import would come to, beside the real store and without touching it.

Owns: telling new, updated and unchanged apart by what is stored and by what the preview itself has brought so far.
It is of one connection. Must not know: artifacts, facts, receipts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from polyhost.store.base import (
    AddRecords,
    RecordWrite,
    SaveCheckpoints,
    SavePartitions,
    Store,
    WriteCounts,
    WriteOp,
    WriteRecords,
)
from polyhost.store.preview.brought import Brought, BroughtRecords
from polyhost.store.preview.connections import PreviewConnections, PreviewRuns
from polyhost.store.preview.records import PreviewLedger, PreviewRecords, PreviewSearch
from polyhost.store.wrapped import WrappedStore

__all__ = ["PreviewStore"]


class PreviewStore(WrappedStore):
    """`inner`, as if one could write to it."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self._brought = BroughtRecords()
        self._ledger = PreviewLedger(inner.ledger)
        self.connections = PreviewConnections(inner.connections)
        self.runs = PreviewRuns(inner.runs)
        self.records = PreviewRecords(inner.records, self._brought)
        self.ledger = self._ledger
        self.search = PreviewSearch(inner.search)

    async def write(
        self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
    ) -> Mapping[str, WriteCounts]:
        counts: dict[str, WriteCounts] = {}
        for op in ops:
            if isinstance(op, SavePartitions):
                self._ledger.save_partitions(op.states)
            elif isinstance(op, SaveCheckpoints):
                self._ledger.save_checkpoints(op.cursors)
            elif isinstance(op, AddRecords | WriteRecords):
                await self._take(connection_id, op, counts)
        return counts

    async def forget_deleted(self) -> None:
        pass

    async def close(self) -> None:
        """The temporary database only; the store beside it belongs to somebody else."""
        self._brought.close()

    async def _take(self, connection_id: int, op: AddRecords | WriteRecords, counts: dict[str, WriteCounts]) -> None:
        known: dict[tuple[str, str], tuple[bytes | None, bool]] = {}
        for stream in {record.stream for record in op.records}:
            keys = list({record.key for record in op.records if record.stream == stream})
            found = await self.records.digests(connection_id, stream, keys)
            known |= {(stream, key): of for key, of in found.items()}
        rows: list[tuple[str, str, Brought]] = []
        judge = _add if isinstance(op, AddRecords) else _write
        for record in op.records:
            count = counts.setdefault(record.stream, WriteCounts())
            of = (record.stream, record.key)
            brought = judge(record, known.get(of), count)
            if brought is not None:
                known[of] = brought.digest, brought.deleted
                rows.append((*of, brought))
        await asyncio.to_thread(self._brought.keep, rows)


def _add(record: RecordWrite, before: tuple[bytes | None, bool] | None, count: WriteCounts) -> Brought | None:
    """As `AddRecords` says."""
    deleted = record.op == "delete"
    if before is None:
        if deleted:
            count.deleted += 1
        else:
            count.new += 1
        return Brought.of(record)
    digest, was_deleted = before
    if was_deleted is not deleted or not (deleted or (digest is not None and digest == record.digest)):
        count.differing.append(record)
        return None
    count.unchanged += 1
    return None if deleted else Brought(digest, False, record.partition, record.emitted_at, None)


def _write(record: RecordWrite, before: tuple[bytes | None, bool] | None, count: WriteCounts) -> Brought | None:
    """As `WriteRecords` says."""
    if record.op == "delete":
        if before is not None and before[1]:
            count.unchanged += 1
            return None
        count.deleted += 1
        return Brought.of(record) if before is None else Brought(before[0], True, None, record.emitted_at, None)
    if before is None:
        count.new += 1
    elif before[1] or record.digest is None or record.digest != before[0]:
        count.updated += 1
    else:
        count.unchanged += 1
        return None
    return Brought.of(record)
