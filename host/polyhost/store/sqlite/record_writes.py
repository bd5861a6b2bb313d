"""Writing records: new, updated, unchanged or deleted, by key and digest. The hot path.

Owns: the statements that insert and change records and keep their history. Must not know: which operation asked.

Plain SQL through the driver on purpose: a record has some 15 microseconds here, of which building statements through
SQLAlchemy would take most. What is known is looked up for many keys in one statement, and new records go in many to a
statement: the driver lets other threads run while a statement does, and waits for its turn three times for each. Flags
go in as the integers they are stored as: for a bool the driver asks Python whether it knows better, at a microsecond.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

from polyhost.store.base import RecordWrite
from polyhost.store.sqlite.write_context import StreamTally, WriteContext

__all__ = ["add_records", "tombstone", "write_records"]

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

_INSERT_MANY = {count: _INSERT.format(rows=", ".join([_ROW] * count)) for count in _ROWS}
"""The statement for so many rows."""


class _Known(NamedTuple):
    key: str
    id: int
    digest: bytes | None
    deleted: int
    emitted_at: str


_Change = Callable[["WriteContext", "StreamTally", "_Changes", RecordWrite, "_Known"], None]
"""What becomes of a record that is known already."""


class _Changes:
    """Rows for each statement, collected in the order of the records."""

    __slots__ = ("inserts", "kept", "seen_again", "tombstones", "updates")

    def __init__(self) -> None:
        self.inserts: list[tuple[Any, ...]] = []
        self.kept: list[tuple[int]] = []
        self.updates: list[tuple[Any, ...]] = []
        self.tombstones: list[tuple[Any, ...]] = []
        self.seen_again: list[tuple[str, int]] = []

    def apply(self, write: WriteContext) -> None:
        db = write.db
        if self.kept:
            db.executemany(_KEEP_VERSION, self.kept)  # first, while the old versions are still in place
            db.executemany(_UPDATE, self.updates)
            db.executemany(_TOMBSTONE, self.tombstones)
        if self.seen_again:
            db.executemany(_SEEN_AGAIN, self.seen_again)
        self._insert(db)

    def _insert(self, db: sqlite3.Connection) -> None:
        start = 0
        for count in _ROWS:
            while len(self.inserts) - start >= count:
                rows = self.inserts[start : start + count]
                db.execute(_INSERT_MANY[count], [*chain.from_iterable(rows)])
                start += count


def write_records(write: WriteContext, records: Sequence[RecordWrite]) -> None:
    """Apply them in order. A key that comes again starts a new round, which sees what the one before it left."""
    write.attributed_to()
    for round_ in _rounds(records):
        _write_round(write, round_)


def add_records(write: WriteContext, records: Sequence[RecordWrite]) -> None:
    """Insert what is new; what is known stays, and is handed back where it differs."""
    write.attributed_to()
    for round_ in _rounds(records):
        _write_round(write, round_, change=_leave)


def tombstone(write: WriteContext, tally: StreamTally, record_ids: Iterable[int], *, at: str) -> None:
    """Delete live records of one stream, keeping their last content."""
    changes = _Changes()
    for record_id in record_ids:
        _delete(write, tally, changes, record_id, at)
    changes.apply(write)


def _rounds(records: Sequence[RecordWrite]) -> Iterator[Sequence[RecordWrite]]:
    """The records cut into stretches within which no key comes twice; nearly always one."""
    names = [record[:2] for record in records]
    if len(set(names)) == len(names):
        yield records
        return
    seen: set[tuple[str, str]] = set()
    start = 0
    for index, name in enumerate(names):
        if name in seen:
            yield records[start:index]
            start = index
            seen.clear()
        seen.add(name)
    yield records[start:]


def _write_round(write: WriteContext, records: Sequence[RecordWrite], change: _Change | None = None) -> None:
    change = change or _change
    keys: dict[str, list[str]] = {}
    for stream, key in [record[:2] for record in records]:
        keys.setdefault(stream, []).append(key)
    known = {stream: _look_up(write, write.stream(stream).id, of) for stream, of in keys.items()}
    changes = _Changes()
    if not any(known.values()):
        _insert_all(write, changes, records)
    else:
        for record in records:
            before = known[record.stream].get(record.key)
            if before is None:
                _insert_all(write, changes, (record,))
            else:
                change(write, write.stream(record.stream), changes, record, before)
    changes.apply(write)


def _look_up(write: WriteContext, stream_id: int, keys: Sequence[str]) -> dict[str, _Known]:
    known: dict[str, _Known] = {}
    for start in range(0, len(keys), _LOOKUP_KEYS):
        chunk = keys[start : start + _LOOKUP_KEYS]
        # A power of two, the last key repeated: the driver then keeps a handful of prepared statements, not hundreds.
        size = 1 << (len(chunk) - 1).bit_length()
        statement = _LOOK_UP.format(marks=",".join("?" * size))
        padding = [chunk[-1]] * (size - len(chunk))
        found = write.db.execute(statement, (stream_id, *chunk, *padding))
        known.update((row[0], _Known(*row)) for row in found)
    return known


def _insert_all(write: WriteContext, changes: _Changes, records: Sequence[RecordWrite]) -> None:
    """None of them is known. One loop without a call or a look-up by name: a first run is nothing else."""
    connection, batch, sequence, inserts = write.connection_id, write.batch, write.sequence, changes.inserts
    name, tally = "", StreamTally(0)
    for stream, key, op, data, digest, emitted_at, partition, position, cursor, is_head in records:
        if stream != name:
            name, tally = stream, write.stream(stream)
        sequence += 1
        if op == "delete":
            deleted = 1
            tally.counts.deleted += 1
            tally.deleted += 1
        else:
            deleted = 0
            tally.counts.new += 1
            tally.live += 1
        head = 1 if is_head else 0
        place = (partition, position or "", cursor, head)
        inserts.append((connection, tally.id, key, *place, digest, emitted_at, deleted, batch, sequence, data))
    write.sequence = sequence


def _change(write: WriteContext, tally: StreamTally, changes: _Changes, record: RecordWrite, before: _Known) -> None:
    if record.op == "delete":
        if before.deleted:
            tally.counts.unchanged += 1
        else:
            _delete(write, tally, changes, before.id, record.emitted_at)
    elif not before.deleted and record.digest is not None and record.digest == before.digest:
        tally.counts.unchanged += 1
    else:
        tally.counts.updated += 1
        tally.live += before.deleted
        tally.deleted -= before.deleted
        changes.kept.append((before.id,))
        changes.updates.append(
            (
                record.partition,
                record.position or "",
                record.cursor,
                1 if record.is_head else 0,
                record.digest,
                record.emitted_at,
                write.batch,
                write.changed(),
                record.data,
                before.id,
            )
        )


def _leave(write: WriteContext, tally: StreamTally, changes: _Changes, record: RecordWrite, before: _Known) -> None:
    del write
    if bool(before.deleted) is not (record.op == "delete"):
        tally.counts.differing.append(record)
    elif before.deleted:
        tally.counts.unchanged += 1
    elif record.digest is None or record.digest != before.digest:
        tally.counts.differing.append(record)
    else:
        tally.counts.unchanged += 1
        if before.emitted_at < record.emitted_at:
            changes.seen_again.append((record.emitted_at, before.id))


def _delete(write: WriteContext, tally: StreamTally, changes: _Changes, record_id: int, at: str) -> None:
    tally.counts.deleted += 1
    tally.live -= 1
    tally.deleted += 1
    changes.kept.append((record_id,))
    changes.tombstones.append((at, write.batch, write.changed(), record_id))
