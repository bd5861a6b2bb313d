"""The store as plain dictionaries: a fast store for tests, and one for runs that are to leave nothing behind.

Nothing outlives the object. Must not know: SQL, files, threads.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import assert_never

from polyhost.store.base import (
    AddRecords,
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
from polyhost.store.memory.connections import MemoryConnections
from polyhost.store.memory.files import MemoryFiles
from polyhost.store.memory.ledger import MemoryLedger
from polyhost.store.memory.record_table import Entry
from polyhost.store.memory.records import MemoryRecords
from polyhost.store.memory.runs import MemoryRuns
from polyhost.store.memory.search import MemorySearch
from polyhost.store.memory.state import Kept, State, as_json
from polyhost.store.write_rules import Decisions, require_batch

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
        self.files = MemoryFiles(self._state)

    async def write(
        self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
    ) -> Mapping[str, WriteCounts]:
        kept = self._state.known(connection_id)
        if batch_id is not None:
            kept.require_open(batch_id)
        require_batch(batch_id, ops)
        decisions = Decisions[Entry](self._state.sequence)
        for op in ops:
            _apply(kept, decisions, batch_id or "", op)
        self._state.sequence = decisions.sequence
        return decisions.counts()

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Store]:
        yield MemoryStore(self._state.copied())

    async def forget_deleted(self) -> None:
        pass

    async def close(self) -> None:
        self._state.closed = True


def _apply(kept: Kept, decisions: Decisions[Entry], batch_id: str, op: WriteOp) -> None:
    match op:
        case WriteRecords():
            kept.records.write(decisions, batch_id, op)
        case AddRecords():
            kept.records.add(decisions, batch_id, op)
        case TombstoneAbsent():
            kept.records.tombstone_absent(decisions, batch_id, op)
        case TombstoneUnseen():
            kept.records.tombstone_unseen(decisions, batch_id, op)
        case SavePartitions():
            kept.partitions.update({(state.stream, state.key): state for state in op.states})
        case SaveExceptions():
            kept.exceptions.update({one.id: one for one in op.standing})
        case ResolveExceptions():
            for one in op.healed:
                kept.exceptions.pop(one, None)
        case SaveCheckpoints():
            kept.checkpoints.update(as_json(op.cursors))
        case _:
            assert_never(op)
