"""Reading records back: pages, history, changes, counts, and what the ledger asks of stored groups.

Owns: the reading statements. Must not know: threads; each call runs in a read transaction of its
caller's and so sees one state of the store.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import orjson

from polyhost.store import page_cursors
from polyhost.store.base import EVERY_RECORD, RecordDigest, RecordPage, RecordQuery, RecordStore, StoredRecord
from polyhost.store.sqlite import record_pages
from polyhost.store.sqlite.threads import Part, reads

__all__ = ["SqliteRecords", "by_id"]

T = TypeVar("T")

_CHUNK = 500
"""Keys, positions or ids asked for by one statement: SQLite before 3.32 took 999 parameters at most."""

_AFTER_ALL = "\U0010ffff"
"""Sorts behind every position: they are made of digits or of what sources write as cursors."""

_STORED = """
SELECT records.id, records.key, streams.name, records.partition, records.data, records.emitted_at,
       records.version, records.deleted, batches.name, records.sequence
FROM records
JOIN streams ON streams.id = records.stream_id
JOIN batches ON batches.id = records.batch_id
"""
_EARLIER = """
SELECT records.id, records.key, streams.name, records.partition, earlier.data, earlier.emitted_at,
       earlier.version, earlier.deleted, batches.name, earlier.sequence
FROM record_versions AS earlier
JOIN records ON records.id = earlier.record_id
JOIN streams ON streams.id = records.stream_id
JOIN batches ON batches.id = earlier.batch_id
WHERE records.stream_id = ? AND records.key = ? ORDER BY earlier.version
"""
_CONTENT = "SELECT key, data FROM records WHERE stream_id = ? AND data IS NOT NULL AND key IN ({marks})"
_DIGESTS = "SELECT key, digest, deleted, emitted_at FROM records WHERE stream_id = ? AND key IN ({marks})"
_MEMBERS = """
SELECT position, count(*), max(cursor) FROM records
WHERE stream_id = ? AND partition = ? AND position IN ({marks}) AND NOT is_head AND NOT deleted GROUP BY position
"""
_PARTITIONS = """
WITH RECURSIVE found (partition) AS (
    SELECT min(partition) FROM records WHERE stream_id = :stream
    UNION ALL
    SELECT (SELECT min(partition) FROM records WHERE stream_id = :stream AND partition > found.partition)
    FROM found WHERE found.partition IS NOT NULL
)
SELECT partition FROM found
"""
_IN_PARTITION = "SELECT count(*), total(deleted) FROM records WHERE stream_id = ? AND partition = ?"
_NTH_HEAD = """
SELECT position, cursor FROM records
WHERE stream_id = :stream AND partition = :partition AND position < :before AND is_head AND NOT deleted
ORDER BY position DESC, key DESC LIMIT 1 OFFSET :newer
"""
_GROUPS_FROM = """
SELECT count(DISTINCT position) FROM records
WHERE stream_id = :stream AND partition = :partition AND position >= :since AND position < :before
  AND NOT is_head AND NOT deleted
"""


class SqliteRecords(Part, RecordStore):
    """See `RecordStore`."""

    @reads
    def content(
        self, db: sqlite3.Connection, connection_id: int, stream: str, keys: Sequence[str]
    ) -> Mapping[str, dict[str, Any]]:
        stream_id = _stream_id(db, connection_id, stream)
        found: dict[str, dict[str, Any]] = {}
        for chunk in _chunks(keys):
            rows = db.execute(_CONTENT.format(marks=",".join("?" * len(chunk))), (stream_id, *chunk))
            found.update((key, orjson.loads(data)) for key, data in rows)
        return found

    @reads
    def digests(
        self, db: sqlite3.Connection, connection_id: int, stream: str, keys: Sequence[str]
    ) -> Mapping[str, RecordDigest]:
        stream_id = _stream_id(db, connection_id, stream)
        found: dict[str, RecordDigest] = {}
        for chunk in _chunks(keys):
            rows = db.execute(_DIGESTS.format(marks=",".join("?" * len(chunk))), (stream_id, *chunk))
            found.update((key, RecordDigest(digest, bool(deleted), at)) for key, digest, deleted, at in rows)
        return found

    @reads
    def by_key(
        self, db: sqlite3.Connection, connection_id: int, stream: str, keys: Sequence[str]
    ) -> Mapping[str, StoredRecord]:
        stream_id = _stream_id(db, connection_id, stream)
        found: dict[str, StoredRecord] = {}
        for chunk in _chunks(keys):
            marks = ",".join("?" * len(chunk))
            rows = db.execute(
                f"{_STORED} WHERE records.stream_id = ? AND records.key IN ({marks})", (stream_id, *chunk)
            )
            found.update((record.key, record) for record in map(_stored, rows))
        return found

    @reads
    def groups(
        self, db: sqlite3.Connection, connection_id: int, stream: str, partition: str, positions: Sequence[str]
    ) -> Mapping[str, tuple[int, str | None]]:
        stream_id = _stream_id(db, connection_id, stream)
        found: dict[str, tuple[int, str | None]] = dict.fromkeys(positions, (0, None))
        for chunk in _chunks(positions):
            statement = _MEMBERS.format(marks=",".join("?" * len(chunk)))
            for position, count, latest in db.execute(statement, (stream_id, partition, *chunk)):
                found[position] = (count, latest)
        return found

    @reads
    def lookback(
        self,
        db: sqlite3.Connection,
        connection_id: int,
        stream: str,
        partition: str,
        *,
        heads: int,
        before: str | None = None,
    ) -> tuple[str | None, int]:
        stream_id = _stream_id(db, connection_id, stream)
        where = {"stream": stream_id, "partition": partition, "before": _AFTER_ALL if before is None else before}
        oldest = db.execute(_NTH_HEAD, where | {"newer": heads - 1}).fetchone()
        position, cursor = oldest or ("", None)
        (with_members,) = db.execute(_GROUPS_FROM, where | {"since": position}).fetchone()
        return cursor, with_members

    @reads
    def page(
        self, db: sqlite3.Connection, connection_id: int, stream: str, query: RecordQuery = EVERY_RECORD
    ) -> RecordPage:
        stream_id = _stream_id(db, connection_id, stream)
        if stream_id is None:
            return RecordPage([], None)
        found = record_pages.in_order(db, stream_id, query)
        page = found[: query.limit]
        found_records = by_id(db, [record.id for record in page])
        following = (
            page_cursors.after_record(page[-1].position, page[-1].key) if page and len(found) > len(page) else None
        )
        return RecordPage([found_records[record.id] for record in page], following)

    @reads
    def count_partitions(
        self, db: sqlite3.Connection, connection_id: int, stream: str, partitions: Sequence[str]
    ) -> Mapping[str, tuple[int, int]]:
        stream_id = _stream_id(db, connection_id, stream)
        found: dict[str, tuple[int, int]] = {}
        for partition in partitions:
            count, deleted = db.execute(_IN_PARTITION, (stream_id, partition)).fetchone()
            found[partition] = (count - int(deleted), int(deleted))
        return found

    @reads
    def partition_keys(self, db: sqlite3.Connection, connection_id: int, stream: str) -> Sequence[str | None]:
        stream_id = _stream_id(db, connection_id, stream)
        found = [row[0] for row in db.execute(_PARTITIONS, {"stream": stream_id})]
        without = db.execute("SELECT 1 FROM records WHERE stream_id = ? AND partition IS NULL LIMIT 1", (stream_id,))
        return [*(key for key in found if key is not None), *([None] if without.fetchone() else [])]

    @reads
    def last_change(self, db: sqlite3.Connection, connection_id: int) -> int:
        (newest,) = db.execute("SELECT max(sequence) FROM records WHERE connection_id = ?", (connection_id,)).fetchone()
        return newest or 0

    @reads
    def count(self, db: sqlite3.Connection, connection_id: int) -> Mapping[str, tuple[int, int]]:
        rows = db.execute(
            "SELECT name, live_records, deleted_records FROM streams"
            " WHERE connection_id = ? AND live_records + deleted_records > 0 ORDER BY name",
            (connection_id,),
        )
        return {name: (live, deleted) for name, live, deleted in rows}

    @reads
    def versions(self, db: sqlite3.Connection, connection_id: int, stream: str, key: str) -> Sequence[StoredRecord]:
        stream_id = _stream_id(db, connection_id, stream)
        earlier = db.execute(_EARLIER, (stream_id, key)).fetchall()
        current = db.execute(f"{_STORED} WHERE records.stream_id = ? AND records.key = ?", (stream_id, key)).fetchall()
        return [_stored(row) for row in (*earlier, *current)]

    @reads
    def changes(self, db: sqlite3.Connection, connection_id: int, *, after: int, limit: int) -> Sequence[StoredRecord]:
        statement = (
            f"{_STORED} WHERE records.connection_id = ? AND records.sequence > ? ORDER BY records.sequence LIMIT ?"
        )
        return [_stored(row) for row in db.execute(statement, (connection_id, after, limit))]


def by_id(db: sqlite3.Connection, ids: Sequence[int]) -> Mapping[int, StoredRecord]:
    """Records by their number in the store."""
    return {row[0]: _stored(row) for row in _rows(db, ids)}


def _rows(db: sqlite3.Connection, ids: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    for chunk in _chunks(ids):
        yield from db.execute(f"{_STORED} WHERE records.id IN ({','.join('?' * len(chunk))})", tuple(chunk))


def _stream_id(db: sqlite3.Connection, connection_id: int, stream: str) -> int | None:
    """None for a stream nothing was ever written for: every statement then finds nothing."""
    row = db.execute("SELECT id FROM streams WHERE connection_id = ? AND name = ?", (connection_id, stream)).fetchone()
    return None if row is None else row[0]


def _chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def _stored(row: tuple[Any, ...]) -> StoredRecord:
    _id, key, stream, partition, data, emitted_at, version, deleted, batch_id, sequence = row
    return StoredRecord(
        stream=stream,
        key=key,
        partition=partition,
        data=None if data is None else orjson.loads(data),
        emitted_at=emitted_at,
        version=version,
        deleted=bool(deleted),
        batch_id=batch_id,
        sequence=sequence,
    )
