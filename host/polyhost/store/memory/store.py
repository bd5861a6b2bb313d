"""The store as plain dictionaries: a fast store for tests, and one for runs that are to leave nothing behind.

Nothing outlives the object. Must not know: SQL, files, threads.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from polyhost.store import refusals
from polyhost.store.base import (
    AddRecords,
    RecordWrite,
    SaveCheckpoints,
    SavePartitions,
    Store,
    TombstoneAbsent,
    WriteCounts,
    WriteOp,
    WriteRecords,
)
from polyhost.store.memory.connections import MemoryConnections
from polyhost.store.memory.ledger import MemoryLedger
from polyhost.store.memory.record_model import DIFFERING
from polyhost.store.memory.records import MemoryRecords
from polyhost.store.memory.runs import MemoryRuns
from polyhost.store.memory.search import MemorySearch
from polyhost.store.memory.state import Kept, State, as_json

__all__ = ["MemoryStore"]


class MemoryStore(Store):
    """See `Store`."""

    def __init__(self, state: State | None = None) -> None:
        self._state = State() if state is None else state
        self.connections = MemoryConnections(self._state)
        self.runs = MemoryRuns(self._state)
        self.records = MemoryRecords(self._state)
        self.ledger = MemoryLedger(self._state)
        self.search = MemorySearch(self._state)

    async def write(
        self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
    ) -> Mapping[str, WriteCounts]:
        kept = self._state.known(connection_id)
        if batch_id is not None:
            kept.require_open(batch_id)
        elif any(isinstance(op, WriteRecords | AddRecords | TombstoneAbsent) for op in ops):
            raise refusals.unknown_batch(None)
        counts: dict[str, WriteCounts] = {}
        for op in ops:
            for record, what in _apply(kept, batch_id or "", op):
                count = counts.setdefault(record.stream, WriteCounts())
                if what == DIFFERING:
                    count.differing.append(record)
                else:
                    setattr(count, what, getattr(count, what) + 1)
        return counts

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Store]:
        yield MemoryStore(self._state.copied())

    async def forget_deleted(self) -> None:
        pass

    async def close(self) -> None:
        self._state.closed = True


def _apply(kept: Kept, batch_id: str, op: WriteOp) -> Sequence[tuple[RecordWrite, str]]:
    """One operation; what each record it touched came to."""
    match op:
        case WriteRecords():
            return [(record, kept.records.put(batch_id, record)) for record in op.records]
        case AddRecords():
            return [(record, kept.records.add(batch_id, record)) for record in op.records]
        case TombstoneAbsent():
            return kept.records.bury(batch_id, op)
        case SavePartitions():
            kept.partitions.update({(state.stream, state.key): state for state in op.states})
        case SaveCheckpoints():
            kept.checkpoints.update(as_json(op.cursors))
    return []
