"""A store that writes nothing: what writing to another store would come to, beside it and without touching it.

Owns: which operation goes where. It is of one connection. Must not know: artifacts, facts, receipts, what becomes of a
record (`write_rules`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import assert_never

from polyhost.store import refusals
from polyhost.store.base import (
    AddRecords,
    RecordWrite,
    ResolveExceptions,
    SaveCheckpoints,
    SaveExceptions,
    SavePartitions,
    Store,
    TombstoneAbsent,
    TombstoneUnseen,
    WriteCounts,
    WriteOp,
    WriteRecords,
)
from polyhost.store.preview.connections import PreviewConnections, PreviewRuns
from polyhost.store.preview.files import PreviewFiles
from polyhost.store.preview.overlay import Overlay, OverlayRecord, OverlayRow
from polyhost.store.preview.records import PreviewLedger, PreviewRecords, PreviewSearch
from polyhost.store.wrapped import WrappedStore
from polyhost.store.write_rules import Changes, Decisions, Known, by_stream, require_batch, rounds

__all__ = ["PreviewStore"]


class PreviewStore(WrappedStore):
    """`inner`, as if one could write to it."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self._brought = Overlay()
        self._ledger = PreviewLedger(inner.ledger)
        self.connections = PreviewConnections(inner.connections)
        self.runs = PreviewRuns(inner.runs)
        self.records = PreviewRecords(inner.records, self._brought)
        self.ledger = self._ledger
        self.search = PreviewSearch(inner.search)
        self.files = PreviewFiles(inner.files)

    async def write(
        self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
    ) -> Mapping[str, WriteCounts]:
        require_batch(batch_id, ops)
        decisions = Decisions[OverlayRow](0)
        for op in ops:
            await self._apply(connection_id, decisions, op)
        return decisions.counts()

    async def _apply(self, connection_id: int, decisions: Decisions[OverlayRow], op: WriteOp) -> None:
        match op:
            case WriteRecords():
                for records in rounds(op.records):
                    known = await self._look_up(connection_id, records)
                    await self._carry_out(decisions.write(records, known))
            case AddRecords():
                for records in rounds(op.records):
                    known = await self._look_up(connection_id, records)
                    await self._carry_out(decisions.add(records, known))
            case SavePartitions():
                self._ledger.save_partitions(op.states)
            case SaveExceptions():
                self._ledger.save_exceptions(op.standing)
            case ResolveExceptions():
                self._ledger.resolve_exceptions(op.healed)
            case SaveCheckpoints():
                self._ledger.save_checkpoints(op.cursors)
            case TombstoneAbsent() | TombstoneUnseen():
                raise refusals.preview_cannot_walk()
            case _:
                assert_never(op)

    async def forget_deleted(self) -> None:
        pass

    async def close(self) -> None:
        """The temporary database only; the store beside it belongs to somebody else."""
        self._brought.close()

    async def _look_up(
        self, connection_id: int, records: Sequence[RecordWrite]
    ) -> Mapping[str, Mapping[str, Known[OverlayRow]]]:
        known: dict[str, Mapping[str, Known[OverlayRow]]] = {}
        for stream, keys in by_stream(records).items():
            found = await self.records.digests(connection_id, stream, keys)
            known[stream] = {key: Known(OverlayRow(stream, key, one.digest), *one) for key, one in found.items()}
        return known

    async def _carry_out(self, changes: Changes[OverlayRow]) -> None:
        written = [record for _, record in changes.inserts] + [record for *_, record in changes.updates]
        touched = [
            *((OverlayRow(record.stream, record.key, record.digest), OverlayRecord.of(record)) for record in written),
            *((row, OverlayRecord.as_it_was(row.digest, at, deleted=True)) for _, row, at in changes.tombstones),
            *((row, OverlayRecord.as_it_was(row.digest, at, deleted=False)) for row, at in changes.seen_again),
        ]
        await asyncio.to_thread(self._brought.keep, touched)
