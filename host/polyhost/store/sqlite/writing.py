"""One write: its operations applied in order, inside the transaction the caller has begun.

Owns: which operation goes where. Must not know: threads, transactions, how anything is stored.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import assert_never

from polyhost.store.base import (
    AddRecords,
    ResolveExceptions,
    SaveCheckpoints,
    SaveExceptions,
    SavePartitions,
    TombstoneAbsent,
    TombstoneUnseen,
    WriteCounts,
    WriteOp,
    WriteRecords,
)
from polyhost.store.sqlite import exceptions, ledger, record_writes
from polyhost.store.sqlite.write_context import WriteContext
from polyhost.store.write_rules import require_batch

__all__ = ["write"]


def write(
    db: sqlite3.Connection, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
) -> Mapping[str, WriteCounts]:
    context = WriteContext.begin(db, connection_id, batch_id)
    require_batch(batch_id, ops)
    for op in ops:
        _apply(context, op)
    return context.finish()


def _apply(context: WriteContext, op: WriteOp) -> None:
    match op:
        case WriteRecords():
            record_writes.write_records(context, op)
        case AddRecords():
            record_writes.add_records(context, op)
        case TombstoneAbsent():
            record_writes.tombstone_absent(context, op)
        case TombstoneUnseen():
            record_writes.tombstone_unseen(context, op)
        case SavePartitions():
            ledger.save_partitions(context, op)
        case SaveExceptions():
            exceptions.save_exceptions(context, op)
        case ResolveExceptions():
            exceptions.resolve_exceptions(context, op)
        case SaveCheckpoints():
            ledger.save_checkpoints(context, op)
        case _:
            assert_never(op)
