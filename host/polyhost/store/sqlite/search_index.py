"""Indexing: what has changed since the index last looked is taken into it, a bounded step at a time.

Owns: one full-text index per connection (`search_<number>`), how it is made, followed up and dropped. Must not know:
what is searched for; which fields are text (the rules say).

Nothing of this happens in the transaction that writes a record: an index follows the change sequence, and
`search_indexes` says how far it has come. Both are written in one transaction, so a process killed at any instant
leaves an index that is right as far as it says. One index per connection: a deleted connection takes every word of it
along.

An entry's number is its moment and its record's number, `seconds << 30 | id`: the index itself then holds the newest
first, and a page of a common word, a stretch of time and the place to go on from cost no more than what is shown. The
texts are not stored a second time; to take an entry out, the index is given what was put in, which is read from the
record's history. Which of its versions that was, `search_steps` tells: a version that was followed by another before
the step that came to its number was never put in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from polyhost.searching.search_rules import SearchRules
from polyhost.searching.texts import Texts
from polyhost.searching.words import folded
from polyhost.store import search_entries
from polyhost.store.base import SearchIndex
from polyhost.store.sqlite import require

__all__ = ["drop", "index", "known", "table"]

_HASH_BYTES = 8 * 1024 * 1024
"""What a step may gather in memory before it is written: a whole step, so that it becomes one segment."""
_BETWEEN_TEXTS = " \ue000 "
"""A word nobody types, between the texts of a record: a phrase never runs from one into the next."""
_CREATE = """
CREATE VIRTUAL TABLE {table} USING fts5(
    text, place, content='', columnsize=0, tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* Co So'"
)
"""
_SET_HASH = "INSERT INTO {table}({table}, rank) VALUES ('hashsize', ?)"
_PUT_IN = "INSERT INTO {table}(rowid, text, place) VALUES (?, ?, ?)"
_TAKE_OUT = "INSERT INTO {table}({table}, rowid, text, place) VALUES ('delete', ?, ?, ?)"
_DROP = "DROP TABLE IF EXISTS {table}"
_STATE = "SELECT rules, indexed_through FROM search_indexes WHERE connection_id = ?"
_CHANGED = """
SELECT records.id, streams.name, records.version, records.sequence, records.data
FROM records JOIN streams ON streams.id = records.stream_id
WHERE records.connection_id = ? AND records.sequence > ? ORDER BY records.sequence LIMIT ?
"""
_HISTORY = "SELECT sequence, data FROM record_versions WHERE record_id = ? ORDER BY version DESC"
_NOW = "SELECT value FROM counters WHERE name = 'sequence'"
_SEEN_UP_TO = (
    "SELECT store_sequence FROM search_steps WHERE connection_id = ? AND through >= ? ORDER BY through LIMIT 1"
)
_SAME_STEP = "UPDATE search_steps SET through = ? WHERE connection_id = ? AND through = ? AND store_sequence = ?"
_NEW_STEP = "INSERT INTO search_steps (connection_id, through, store_sequence) VALUES (?, ?, ?)"
_PENDING = "SELECT count(*) FROM records WHERE connection_id = ? AND sequence > ?"


class _Entry(NamedTuple):
    """What the index holds of one record; sorts by number."""

    number: int
    text: str
    place: str


def table(connection_id: int) -> str:
    """The name of a connection's index."""
    return f"search_{connection_id:d}"


def known(db: sqlite3.Connection, connection_id: int) -> SearchIndex | None:
    """How far the index has come; None where there is none yet."""
    row = db.execute(_STATE, (connection_id,)).fetchone()
    if row is None:
        return None
    (pending,) = db.execute(_PENDING, (connection_id, row[1])).fetchone()
    return SearchIndex(SearchRules.from_text(row[0]), row[1], pending)


def drop(db: sqlite3.Connection, connection_id: int) -> None:
    """With every word in it."""
    db.execute(_DROP.format(table=table(connection_id)))
    db.execute("DELETE FROM search_indexes WHERE connection_id = ?", (connection_id,))
    db.execute("DELETE FROM search_steps WHERE connection_id = ?", (connection_id,))


def index(db: sqlite3.Connection, connection_id: int, rules: SearchRules, *, limit: int) -> bool:
    """Take in at most so many changed records; whether there are more. An index made by other rules is made anew."""
    require.connection(db, connection_id)
    through = _opened(db, connection_id, rules.as_text())
    changed = db.execute(_CHANGED, (connection_id, through, limit)).fetchall()
    if changed:
        step = _Step(db, connection_id, Texts(rules), through)
        _apply(db, table(connection_id), *step.differences(changed))
        step.finish(changed[-1][3])
    return len(changed) == limit


def _opened(db: sqlite3.Connection, connection_id: int, rules: str) -> int:
    """How far the index of these rules has come, made where there is none."""
    row = db.execute(_STATE, (connection_id,)).fetchone()
    if row is not None and row[0] == rules:
        return row[1]
    drop(db, connection_id)
    name = table(connection_id)
    db.execute(_CREATE.format(table=name))
    db.execute(_SET_HASH.format(table=name), (_HASH_BYTES,))
    db.execute(
        "INSERT INTO search_indexes (connection_id, rules, indexed_through) VALUES (?, ?, 0)", (connection_id, rules)
    )
    return 0


class _Step:
    """One transaction's worth of changes, up from the number the index had come to."""

    def __init__(self, db: sqlite3.Connection, connection_id: int, texts: Texts, through: int) -> None:
        self._db = db
        self._connection_id = connection_id
        self._texts = texts
        self._through = through

    def differences(self, changed: Sequence[tuple[Any, ...]]) -> tuple[list[_Entry], list[_Entry]]:
        """Entries to take out, and to put in. A record that is new since has none; a deleted one keeps its own."""
        out: list[_Entry] = []
        into: list[_Entry] = []
        for record_id, stream, version, sequence, data in changed:
            before = None
            if version > 1:
                before = _entry(self._texts, record_id, stream, self._put_in_before(record_id, sequence))
            now = _entry(self._texts, record_id, stream, data)
            if before != now:
                out += _present(before)
                into += _present(now)
        return out, into

    def _put_in_before(self, record_id: int, sequence: int) -> str | None:
        """The content that the index holds of a record; None where it holds none."""
        following = sequence
        for number, data in self._db.execute(_HISTORY, (record_id,)):
            if number <= self._through:
                (seen_up_to,) = self._db.execute(_SEEN_UP_TO, (self._connection_id, number)).fetchone()
                if following > seen_up_to:
                    return data
            following = number
        return None

    def finish(self, through: int) -> None:
        """Write down how far the index has come, and as of when it has seen it."""
        self._db.execute(
            "UPDATE search_indexes SET indexed_through = ? WHERE connection_id = ?", (through, self._connection_id)
        )
        (now,) = self._db.execute(_NOW).fetchone()
        same = self._db.execute(_SAME_STEP, (through, self._connection_id, self._through, now))
        if not same.rowcount:
            self._db.execute(_NEW_STEP, (self._connection_id, through, now))


def _present(entry: _Entry | None) -> Iterator[_Entry]:
    if entry is not None:
        yield entry


def _entry(texts: Texts, record_id: int, stream: str, data: str | None) -> _Entry | None:
    content: Mapping[str, Any] | None = None if data is None else orjson.loads(data)
    searched = None if content is None else texts.read(stream, content)
    if searched is None:
        return None
    text = folded(_BETWEEN_TEXTS.join(searched.texts))
    place = search_entries.place(stream, searched.partition)
    return _Entry(search_entries.number(searched.seconds, record_id), text, place)


def _apply(db: sqlite3.Connection, name: str, out: list[_Entry], into: list[_Entry]) -> None:
    """By number: entries that come in no order are each written to the disk by themselves."""
    db.executemany(_TAKE_OUT.format(table=name), sorted(out))
    db.executemany(_PUT_IN.format(table=name), sorted(into))
