"""Reading the files of what has changed, a bounded step at a time, as the search indices do.

Owns: which records have been read for their files, and the rows that follow. Must not know: where files are in a record
(the rules say), how they are fetched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import orjson

from polyhost.ledger.files import Content, FileFacts, FileReason, FileState, met
from polyhost.protocol.record_files import FileReader, FileRules
from polyhost.store import page_cursors
from polyhost.store.file_rows import FileRow
from polyhost.store.sqlite import require

__all__ = ["FACTS", "NO_MOMENT", "after", "facts_of", "index"]

NO_MOMENT = -(1 << 59)
FACTS = """
files.identity, files.is_thumbnail, files.stream, files.state, files.reason, files.name, files.type, files.size,
files.address, files.member, files.moment, files.tries, files.tried_at, contents.digest, contents.size, contents.type
"""
_STATE = "SELECT rules, indexed_through FROM file_indexes WHERE connection_id = ?"
_BEGIN = "INSERT OR REPLACE INTO file_indexes (connection_id, rules, indexed_through) VALUES (?, ?, 0)"
_FINISH = "UPDATE file_indexes SET indexed_through = ? WHERE connection_id = ?"
_CHANGED = """
SELECT records.id, streams.name, records.key, records.sequence, records.deleted, records.data
FROM records JOIN streams ON streams.id = records.stream_id
WHERE records.connection_id = :connection AND records.sequence > :through
  AND streams.name IN (SELECT value FROM json_each(:streams))
ORDER BY records.sequence LIMIT :limit
"""
_LAST = "SELECT coalesce(max(sequence), 0) FROM records WHERE connection_id = ?"
_TAKE_OUT = "DELETE FROM record_files WHERE record_id = ? RETURNING file_id"
_TAKE_OUT_ALL = """
DELETE FROM record_files WHERE file_id IN (SELECT id FROM files WHERE connection_id = ?)
"""
_ORPHANS = """
DELETE FROM files WHERE connection_id = ?
  AND NOT EXISTS (SELECT 1 FROM record_files WHERE record_files.file_id = files.id)
"""
_KNOWN = f"""
SELECT files.id, {FACTS} FROM files LEFT JOIN contents ON contents.digest = files.content
WHERE files.connection_id = ? AND files.identity = ? AND files.is_thumbnail = ?
"""  # noqa: S608  constants
_COLUMNS = "state, reason, name, type, size, address, member, moment, tries"
_NEW = f"""
INSERT INTO files (connection_id, identity, is_thumbnail, stream, {_COLUMNS})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
"""  # noqa: S608  constants
_CHANGE = f"UPDATE files SET ({_COLUMNS}) = (?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?"  # noqa: S608  constants
_PUT_IN = "INSERT INTO record_files (record_id, number, file_id) VALUES (?, ?, ?)"


def index(db: sqlite3.Connection, connection_id: int, rules: FileRules, *, limit: int) -> bool:
    """See `FileStore.index`."""
    require.connection(db, connection_id)
    through = _opened(db, connection_id, rules.as_text())
    streams = orjson.dumps(sorted(rules.streams)).decode()
    wanted = {"connection": connection_id, "through": through, "streams": streams, "limit": limit + 1}
    found = db.execute(_CHANGED, wanted).fetchall()
    changed, more = found[:limit], len(found) > limit
    step = _Step(db, connection_id, FileReader(rules))
    for record in changed:
        step.read(*record)
    last = changed[-1][3] if more else db.execute(_LAST, (connection_id,)).fetchone()[0]
    if last != through:
        db.execute(_FINISH, (last, connection_id))
    if changed and not more:
        db.execute(_ORPHANS, (connection_id,))
    return more


def _opened(db: sqlite3.Connection, connection_id: int, rules: str) -> int:
    row = db.execute(_STATE, (connection_id,)).fetchone()
    if row is not None and row[0] == rules:
        return row[1]
    db.execute(_TAKE_OUT_ALL, (connection_id,))
    db.execute(_BEGIN, (connection_id, rules))
    return 0


class _Step:
    """One transaction's worth of records."""

    def __init__(self, db: sqlite3.Connection, connection_id: int, reader: FileReader) -> None:
        self._db = db
        self._connection_id = connection_id
        self._reader = reader

    def read(self, record_id: int, stream: str, key: str, _: int, deleted: int, data: str | None) -> None:
        self._db.execute(_TAKE_OUT, (record_id,)).fetchall()
        if deleted or data is None:
            return
        found = self._reader.read(stream, key, orjson.loads(data))
        for number, file in enumerate(found.files):
            known = self._db.execute(_KNOWN, (self._connection_id, file.identity, file.is_thumbnail)).fetchone()
            facts = met(None if known is None else facts_of(*known[1:]), stream, file, found.moment)
            file_id = self._save(None if known is None else known[0], facts)
            self._db.execute(_PUT_IN, (record_id, number, file_id))

    def _save(self, file_id: int | None, facts: FileFacts) -> int:
        if file_id is not None:
            self._db.execute(_CHANGE, (*_columns(facts), file_id))
            return file_id
        names = (self._connection_id, facts.identity, facts.is_thumbnail, facts.stream)
        (made,) = self._db.execute(_NEW, (*names, *_columns(facts))).fetchone()
        return made


def _columns(facts: FileFacts) -> Iterator[Any]:
    yield str(facts.state)
    yield None if facts.reason is None else str(facts.reason)
    yield from (facts.name, facts.type, facts.size, facts.address, facts.member, facts.moment, facts.tries)


def facts_of(
    identity: str,
    is_thumbnail: int,
    stream: str,
    state: str,
    reason: str | None,
    name: str | None,
    kind: str | None,
    size: int | None,
    address: str | None,
    member: str | None,
    moment: int | None,
    tries: int,
    tried_at: str | None,
    *content: Any,
) -> FileFacts:
    """A row's columns (`FACTS`), read."""
    digest, bytes_, kept = content
    return FileFacts(
        identity=identity,
        is_thumbnail=bool(is_thumbnail),
        stream=stream,
        state=FileState(state),
        reason=None if reason is None else FileReason(reason),
        name=name,
        type=kind,
        size=size,
        address=address,
        member=member,
        moment=moment,
        tries=tries,
        tried_at=tried_at,
        content=None if digest is None else Content(digest, bytes_, kept),
    )


def after(row: FileRow) -> str:
    """The cursor of the page behind this file."""
    moment = NO_MOMENT if row.facts.moment is None else row.facts.moment
    return page_cursors.after_file(moment, row.id)
