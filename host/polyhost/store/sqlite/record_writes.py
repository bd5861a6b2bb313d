"""Carrying out what a write comes to, in the tables of records and their versions. The hot path.

Owns: the statements that look records up, insert and change them, and keep their history. Must not know: what becomes
of a record (`write_rules`).

Plain SQL through the driver on purpose: a record has some 15 microseconds here, of which building statements through
SQLAlchemy would take most. What is known is looked up for many keys in one statement, and new records go in many to a
statement: the driver lets other threads run while a statement does, and waits for its turn three times for each. Flags
go in as the integers they are stored as: for a bool the driver asks Python whether it knows better, at a microsecond.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from polyhost.store.base import AddRecords, RecordWrite, TombstoneAbsent, TombstoneUnseen, WriteRecords
from polyhost.store.sqlite import json_columns
from polyhost.store.sqlite.write_context import WriteContext
from polyhost.store.write_rules import Candidate, Changes, Known, absent, by_stream, rounds

__all__ = ["add_records", "tombstone_absent", "tombstone_unseen", "write_records"]

_LOOKUP_KEYS = 1024
"""Keys looked up by one statement: those of five batches of a page. SQLite takes 32,766 parameters."""

_ROWS = (600, 400, 200, 128, 64, 32, 16, 8, 4, 2, 1)
"""New records in one statement: what three, two batches of a page hold, or one, and what is left over. 13 parameters
each: SQLite takes 32,766. The driver keeps every statement prepared, with what it was given last: half a megabyte."""

_INSERT = """
INSERT INTO records (connection_id, stream_id, key, partition, position, cursor, is_head, digest, emitted_at, version,
                     deleted, batch_id, sequence, data)
VALUES {rows}
"""
# Content comes as bytes and is stored as text, for owners to use SQLite's JSON functions on; the cast copies nothing.
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, CAST(? AS TEXT))"
_LOOK_UP = "SELECT key, id, digest, deleted, emitted_at FROM records WHERE stream_id = ? AND key IN ({marks})"
_KEEP_VERSION = """
INSERT INTO record_versions (record_id, version, digest, emitted_at, deleted, batch_id, sequence, data)
SELECT id, version, digest, emitted_at, deleted, batch_id, sequence, data FROM records WHERE id = ?
"""
_UPDATE = """
UPDATE records SET partition = ?, position = ?, cursor = ?, is_head = ?, digest = ?, emitted_at = ?,
                   version = version + 1, deleted = 0, batch_id = ?, sequence = ?, data = CAST(? AS TEXT)
WHERE id = ?
"""
_SEEN_AGAIN = "UPDATE records SET emitted_at = ? WHERE id = ?"
_TOMBSTONE = """
UPDATE records SET emitted_at = ?, version = version + 1, deleted = 1, batch_id = ?, sequence = ? WHERE id = ?
"""
_IN_RANGE = """
SELECT id, key, position, is_head, deleted FROM records
WHERE stream_id = ? AND partition = ? AND position BETWEEN ? AND ? ORDER BY position, key
"""
# A walk sees nearly everything that is stored, and SQLite finds that out alone: each row handed to Python costs the
# thread a turn.
_ANY_UNSEEN = """
SELECT 1 FROM records
WHERE stream_id = ? AND partition = ? AND position BETWEEN ? AND ? AND deleted = 0
      AND key NOT IN (SELECT value FROM json_each(?)) LIMIT 1
"""

_SOME_UNSEEN = """
SELECT id, key FROM records
WHERE stream_id = :stream AND deleted = 0 AND (:after IS NULL OR key > :after)
      AND key NOT IN (SELECT value FROM json_each(:seen))
ORDER BY key LIMIT :most
"""
_UNSEEN_AT_ONCE = 5_000
"""Records deleted by one look at the stream: a list of a few hundred kilobytes, however many there are."""

_INSERT_MANY = {count: _INSERT.format(rows=", ".join([_ROW] * count)) for count in _ROWS}
"""The statement for so many rows."""


def write_records(write: WriteContext, op: WriteRecords) -> None:
    """Apply them in order."""
    for records in rounds(op.records):
        _carry_out(write, write.decisions.write(records, _look_up(write, records)))


def add_records(write: WriteContext, op: AddRecords) -> None:
    """Insert what is new."""
    for records in rounds(op.records):
        _carry_out(write, write.decisions.add(records, _look_up(write, records)))


def tombstone_absent(write: WriteContext, op: TombstoneAbsent) -> None:
    """Delete what a complete walk of a range did not see."""
    span = (write.stream_id(op.stream), op.partition, op.since or "", op.until)
    keys = json_columns.dump_verbatim([*op.seen])
    ends_early = "\\u0000" in keys  # SQLite's JSON functions end a text at NUL, and would take it for another key
    if not ends_early and write.db.execute(_ANY_UNSEEN, (*span, keys)).fetchone() is None:
        return
    rows = [one for row in write.db.execute(_IN_RANGE, span) if (one := Candidate[int](*row)).position not in op.spared]
    gone = absent(rows, seen=frozenset(op.seen), groups=frozenset(op.groups))
    _carry_out(write, write.decisions.tombstone(op.stream, [one.row for one in gone], at=op.at))


def tombstone_unseen(write: WriteContext, op: TombstoneUnseen) -> None:
    """Delete what a complete enumeration of a stream did not meet, some at a time."""
    seen = frozenset(op.seen)
    # SQLite's JSON functions end a text at NUL: such a key is not found among them, and looked for here.
    told = json_columns.dump_verbatim([key for key in seen if "\0" not in key])
    values = {"stream": write.stream_id(op.stream), "after": None, "seen": told, "most": _UNSEEN_AT_ONCE}
    while rows := write.db.execute(_SOME_UNSEEN, values).fetchall():
        gone = [row for row, key in rows if key not in seen]
        _carry_out(write, write.decisions.tombstone(op.stream, gone, at=op.at))
        values["after"] = rows[-1][1]


def _look_up(write: WriteContext, records: Sequence[RecordWrite]) -> Mapping[str, Mapping[str, Known[int]]]:
    return {stream: _known(write, write.stream_id(stream), keys) for stream, keys in by_stream(records).items()}


def _known(write: WriteContext, stream_id: int, keys: Sequence[str]) -> Mapping[str, Known[int]]:
    known: dict[str, Known[int]] = {}
    for start in range(0, len(keys), _LOOKUP_KEYS):
        chunk = keys[start : start + _LOOKUP_KEYS]
        # A power of two, the last key repeated: the driver then keeps a handful of prepared statements, not hundreds.
        size = 1 << (len(chunk) - 1).bit_length()
        statement = _LOOK_UP.format(marks=",".join("?" * size))
        padding = [chunk[-1]] * (size - len(chunk))
        found = write.db.execute(statement, (stream_id, *chunk, *padding))
        known.update((key, Known(row, digest, deleted, at)) for key, row, digest, deleted, at in found)
    return known


def _carry_out(write: WriteContext, changes: Changes[int]) -> None:
    db, batch = write.db, write.batch
    changed = [(row,) for _, row, _ in (*changes.updates, *changes.tombstones)]
    if changed:
        db.executemany(_KEEP_VERSION, changed)  # first, while the old versions are still in place
        db.executemany(_UPDATE, [_updated(batch, *change) for change in changes.updates])
        db.executemany(_TOMBSTONE, [(at, batch, number, row) for number, row, at in changes.tombstones])
    if changes.seen_again:
        db.executemany(_SEEN_AGAIN, [(at, row) for row, at in changes.seen_again])
    if changes.inserts:
        _insert(db, _new_rows(write, changes.inserts))


def _updated(batch: int | None, number: int, row: int, record: RecordWrite) -> tuple[Any, ...]:
    place = (record.partition, record.position or "", record.cursor, 1 if record.is_head else 0)
    return (*place, record.digest, record.emitted_at, batch, number, record.data, row)


def _new_rows(write: WriteContext, inserts: Sequence[tuple[int, RecordWrite]]) -> list[tuple[Any, ...]]:
    """One loop without a call or a look-up by name: a first run is nothing else."""
    connection, batch = write.connection_id, write.batch
    rows: list[tuple[Any, ...]] = []
    name: str | None = None
    stream_id = 0
    for number, (stream, key, op, data, digest, emitted_at, partition, position, cursor, is_head) in inserts:
        if stream != name:
            name, stream_id = stream, write.stream_id(stream)
        head, deleted = 1 if is_head else 0, 1 if op == "delete" else 0
        place = (partition, position or "", cursor, head)
        rows.append((connection, stream_id, key, *place, digest, emitted_at, deleted, batch, number, data))
    return rows


def _insert(db: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    start = 0
    for count in _ROWS:
        while len(rows) - start >= count:
            db.execute(_INSERT_MANY[count], [*chain.from_iterable(rows[start : start + count])])
            start += count
