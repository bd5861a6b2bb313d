"""The files of records, as rows. See `FileStore`."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from polyhost.ledger.files import Content, FileReason, FileState, was_tried
from polyhost.protocol.record_files import FileRules
from polyhost.store import page_cursors
from polyhost.store.base import (
    EVERY_FILE,
    FileCount,
    FilePage,
    FileQuery,
    FileResult,
    FileRow,
    FileStore,
    RecordFile,
)
from polyhost.store.sqlite import file_index
from polyhost.store.sqlite.file_index import FACTS, facts_of
from polyhost.store.sqlite.threads import Part, reads, writes

__all__ = ["SqliteFiles"]

_MOMENT = f"coalesce(files.moment, {file_index.NO_MOMENT})"
"""A file in records without a moment comes last."""
_ROWS = "SELECT files.id, " + FACTS + " FROM files LEFT JOIN contents ON contents.digest = files.content"  # noqa: S608  constants
_GET = _ROWS + " WHERE files.connection_id = ? AND files.id = ?"
_BY_IDENTITY = f"""{_ROWS}
WHERE files.connection_id = ? AND files.identity IN (SELECT value FROM json_each(?)) AND files.is_thumbnail = 0
"""  # noqa: S608  constants
_FIND = f"""{_ROWS}
WHERE files.connection_id = :connection
  AND (:states IS NULL OR files.state IN (SELECT value FROM json_each(:states)))
  AND (:thumbnails IS NULL OR files.is_thumbnail = :thumbnails)
  AND (:types IS NULL OR EXISTS (
        SELECT 1 FROM json_each(:types) WHERE substr(files.type, 1, length(value)) = value COLLATE NOCASE))
  AND (:partition IS NULL OR EXISTS (
        SELECT 1 FROM record_files JOIN records ON records.id = record_files.record_id
        WHERE record_files.file_id = files.id AND records.partition = :partition))
  AND ({_MOMENT}, files.id) < (:moment, :id)
ORDER BY {_MOMENT} DESC, files.id DESC LIMIT :limit
"""  # noqa: S608  constants
_OF = f"""
SELECT streams.name, records.key, records.partition, files.id, {FACTS}
FROM record_files
JOIN records ON records.id = record_files.record_id
JOIN streams ON streams.id = records.stream_id
JOIN files ON files.id = record_files.file_id
LEFT JOIN contents ON contents.digest = files.content
"""  # noqa: S608  constants
_OF_RECORDS = f"""{_OF}
WHERE records.stream_id = (SELECT id FROM streams WHERE connection_id = ? AND name = ?)
  AND records.key IN (SELECT value FROM json_each(?))
ORDER BY records.id, record_files.number
"""  # noqa: S608  constants
_RECORDS_OF = f"""{_OF}
WHERE files.connection_id = ? AND files.id IN (SELECT value FROM json_each(?))
ORDER BY records.id, record_files.number
"""  # noqa: S608  constants
_COUNT = """
SELECT files.stream, files.is_thumbnail, files.state, files.reason, count(*),
       sum(coalesce(CASE files.state WHEN 'here' THEN contents.size END, files.size, 0))
FROM files LEFT JOIN contents ON contents.digest = files.content
WHERE files.connection_id = ? GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
_UPDATE = """
UPDATE files SET state = ?, reason = ?, tries = ?, tried_at = ?, content = ? WHERE id = ?
"""
_KEEP = "INSERT INTO contents (digest, size, type) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING"
_UNUSED = """
SELECT digest FROM contents
WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.content = contents.digest) ORDER BY digest LIMIT ?
"""
_FORGET = """
DELETE FROM contents
WHERE digest = ? AND NOT EXISTS (SELECT 1 FROM files WHERE files.content = contents.digest)
"""
_FIRST = (1 << 59, 0)


class SqliteFiles(Part, FileStore):
    """See `FileStore`."""

    @writes
    def index(self, db: sqlite3.Connection, connection_id: int, rules: FileRules, *, limit: int) -> bool:
        return file_index.index(db, connection_id, rules, limit=limit)

    @reads
    def find(self, db: sqlite3.Connection, connection_id: int, query: FileQuery = EVERY_FILE) -> FilePage:
        moment, last = _FIRST if query.after is None else page_cursors.decoded_file(query.after)
        values = {
            "connection": connection_id,
            "states": orjson.dumps(sorted(query.states)).decode() if query.states else None,
            "thumbnails": query.thumbnails,
            "types": orjson.dumps(list(query.types)).decode() if query.types else None,
            "partition": query.partition,
            "moment": moment,
            "id": last,
            "limit": query.limit + 1,
        }
        found = [_row(*row) for row in db.execute(_FIND, values)]
        page = found[: query.limit]
        return FilePage(page, file_index.after(page[-1]) if page and len(found) > len(page) else None)

    @reads
    def get(self, db: sqlite3.Connection, connection_id: int, file_id: int) -> FileRow | None:
        return _get(db, connection_id, file_id)

    @reads
    def by_identity(
        self, db: sqlite3.Connection, connection_id: int, identities: Sequence[str]
    ) -> Mapping[str, FileRow]:
        found = db.execute(_BY_IDENTITY, (connection_id, orjson.dumps(list(identities)).decode()))
        return {row.facts.identity: row for row in (_row(*one) for one in found)}

    @reads
    def of(
        self, db: sqlite3.Connection, connection_id: int, stream: str, keys: Sequence[str]
    ) -> Mapping[str, Sequence[RecordFile]]:
        found: defaultdict[str, list[RecordFile]] = defaultdict(list)
        for row in db.execute(_OF_RECORDS, (connection_id, stream, orjson.dumps(list(keys)).decode())):
            file = _record_file(*row)
            found[file.key].append(file)
        return dict(found)

    @reads
    def records(
        self, db: sqlite3.Connection, connection_id: int, file_ids: Sequence[int]
    ) -> Mapping[int, Sequence[RecordFile]]:
        found: defaultdict[int, list[RecordFile]] = defaultdict(list)
        for row in db.execute(_RECORDS_OF, (connection_id, orjson.dumps(list(file_ids)).decode())):
            file = _record_file(*row)
            found[file.file.id].append(file)
        return dict(found)

    @reads
    def count(self, db: sqlite3.Connection, connection_id: int) -> Sequence[FileCount]:
        return [
            FileCount(
                stream, bool(small), FileState(state), None if reason is None else FileReason(reason), files, size
            )
            for stream, small, state, reason, files, size in db.execute(_COUNT, (connection_id,))
        ]

    @writes
    def save(self, db: sqlite3.Connection, connection_id: int, results: Sequence[FileResult]) -> None:
        for result in results:
            if result.content is not None:
                db.execute(_KEEP, (result.content.digest, result.content.size, result.content.type))
            known = _get(db, connection_id, result.file_id)
            if known is not None:
                facts = was_tried(known.facts, result.state, result.reason, at=result.at, content=result.content)
                digest = None if facts.content is None else facts.content.digest
                reason = None if facts.reason is None else str(facts.reason)
                db.execute(_UPDATE, (str(facts.state), reason, facts.tries, facts.tried_at, digest, known.id))

    @reads
    def contents(self, db: sqlite3.Connection, *, after: str = "", limit: int) -> Sequence[Content]:
        found = db.execute(
            "SELECT digest, size, type FROM contents WHERE digest > ? ORDER BY digest LIMIT ?", (after, limit)
        )
        return [Content(*row) for row in found]

    @reads
    def holders(self, db: sqlite3.Connection, digest: str) -> Sequence[tuple[int, int]]:
        return db.execute("SELECT connection_id, id FROM files WHERE content = ? ORDER BY 1, 2", (digest,)).fetchall()

    @reads
    def unused(self, db: sqlite3.Connection, *, limit: int) -> Sequence[str]:
        return [digest for (digest,) in db.execute(_UNUSED, (limit,))]

    @writes
    def forget(self, db: sqlite3.Connection, digests: Sequence[str]) -> Sequence[str]:
        return [digest for digest in digests if db.execute(_FORGET, (digest,)).rowcount]


def _get(db: sqlite3.Connection, connection_id: int, file_id: int) -> FileRow | None:
    row = db.execute(_GET, (connection_id, file_id)).fetchone()
    return None if row is None else _row(*row)


def _row(file_id: int, *facts: Any) -> FileRow:
    return FileRow(file_id, facts_of(*facts))


def _record_file(stream: str, key: str, partition: str | None, file_id: int, *facts: Any) -> RecordFile:
    return RecordFile(_row(file_id, *facts), stream, key, partition)
