"""One write: its operations applied in order, inside the transaction the caller has begun.

Owns: which operation goes where. Must not know: threads, transactions, how anything is stored.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from polyhost.store.base import (
    AddRecords,
    SaveCheckpoints,
    SavePartitions,
    TombstoneAbsent,
    WriteCounts,
    WriteOp,
    WriteRecords,
)
from polyhost.store.sqlite import absence, ledger, record_writes
from polyhost.store.sqlite.write_context import WriteContext

__all__ = ["write"]


def write(
    db: sqlite3.Connection, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
) -> Mapping[str, WriteCounts]:
    context = WriteContext.begin(db, connection_id, batch_id)
    for op in ops:
        match op:
            case WriteRecords():
                record_writes.write_records(context, op.records)
            case AddRecords():
                record_writes.add_records(context, op.records)
            case TombstoneAbsent():
                absence.tombstone_absent(context, op)
            case SavePartitions():
                ledger.save_partitions(context, op.states)
            case SaveCheckpoints():
                ledger.save_checkpoints(context, op.cursors)
    return context.finish()
