"""One write: its operations applied in order, inside the transaction the caller has begun.

Owns: which operation goes where. Must not know: threads, transactions, how anything is stored.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from polyhost.store import _absence, _ledger, _records
from polyhost.store._context import WriteContext
from polyhost.store.base import (
    AddRecords,
    SaveCheckpoints,
    SavePartitions,
    TombstoneAbsent,
    WriteCounts,
    WriteOp,
    WriteRecords,
)

__all__ = ["write"]


def write(
    db: sqlite3.Connection, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
) -> Mapping[str, WriteCounts]:
    context = WriteContext.begin(db, connection_id, batch_id)
    for op in ops:
        match op:
            case WriteRecords():
                _records.write_records(context, op.records)
            case AddRecords():
                _records.add_records(context, op.records)
            case TombstoneAbsent():
                _absence.tombstone_absent(context, op)
            case SavePartitions():
                _ledger.save_partitions(context, op.states)
            case SaveCheckpoints():
                _ledger.save_checkpoints(context, op.cursors)
    return context.finish()
