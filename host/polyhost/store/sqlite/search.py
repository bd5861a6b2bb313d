"""Searching: a query over the indices of several connections, newest first, a page at a time.

Owns: a query as FTS5 has it (where nothing an owner typed is ever syntax), and pages over several indices. Must not
know: how an index is made, what a hit looks like.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import orjson

from polyhost.searching.query import Phrase, Query
from polyhost.searching.search_rules import SearchRules
from polyhost.store import page_cursors, search_entries
from polyhost.store.base import SearchHit, SearchIndex, SearchPage, SearchStore, SearchWanted
from polyhost.store.sqlite import records, search_index
from polyhost.store.sqlite.threads import Part, reads, writes

__all__ = ["SqliteSearch"]

_MOST = (1 << 63) - 1
# CROSS JOIN: the index is walked and each record looked up, never the other way round. What changed since the index has
# seen it may not hold the words any more: it is passed over, and counted as pending elsewhere.
_HITS = """
SELECT * FROM (
    SELECT {table}.rowid AS entry, {connection} AS connection, records.id AS record
    FROM {table}
    CROSS JOIN search_indexes ON search_indexes.connection_id = {connection}
    CROSS JOIN records ON records.id = ({table}.rowid & 1073741823)
    WHERE {table} MATCH :match AND {table}.rowid >= {oldest} AND {table}.rowid < {before}
      AND records.connection_id = {connection} AND records.sequence <= search_indexes.indexed_through
      AND records.deleted <= :deleted
    ORDER BY {table}.rowid DESC LIMIT :limit
)
"""
# All at once, and as one value: while a run goes on, the driver waits for its turn after each statement and each row.
_TOGETHER = """
SELECT json_group_array(json_array(entry, connection, record)) FROM (
    SELECT entry, connection, record FROM ({hits})
    ORDER BY entry >> {bits} DESC, connection, record DESC LIMIT :limit
)
"""
_TOGETHER_MOST = 100
"""Indices in one statement; SQLite takes 500."""


class _Found(NamedTuple):
    """In the order of pages when sorted: newest first, then by connection, then the record stored last."""

    age: int
    connection_id: int
    id_below: int
    record_id: int

    @property
    def cursor(self) -> tuple[int, int, int]:
        return -self.age, self.connection_id, -self.id_below


class SqliteSearch(Part, SearchStore):
    """See `SearchStore`."""

    @writes
    def index(self, db: sqlite3.Connection, connection_id: int, rules: SearchRules, *, limit: int) -> bool:
        return search_index.index(db, connection_id, rules, limit=limit)

    @reads
    def index_state(self, db: sqlite3.Connection, connection_id: int) -> SearchIndex | None:
        return search_index.known(db, connection_id)

    @reads
    def find(self, db: sqlite3.Connection, wanted: SearchWanted) -> SearchPage:
        return _find(db, wanted)


def _find(db: sqlite3.Connection, wanted: SearchWanted) -> SearchPage:
    """RefusedError `bad_cursor`."""
    after = None if wanted.after is None else page_cursors.decoded_hit(wanted.after)
    indexed = {number for (number,) in db.execute("SELECT connection_id FROM search_indexes")}
    searched = sorted(indexed.intersection(wanted.connections))
    each = [
        _together(db, searched[start : start + _TOGETHER_MOST], wanted, after)
        for start in range(0, len(searched), _TOGETHER_MOST)
    ]
    found = list(islice(heapq.merge(*each), wanted.limit + 1))
    page = found[: wanted.limit]
    found_records = records.by_id(db, [one.record_id for one in page])
    hits = [SearchHit(one.connection_id, found_records[one.record_id]) for one in page]
    return SearchPage(hits, page_cursors.after_hit(*page[-1].cursor) if page and len(found) > len(page) else None)


def _together(
    db: sqlite3.Connection, connections: Sequence[int], wanted: SearchWanted, after: tuple[int, int, int] | None
) -> list[_Found]:
    """The first hits over these connections, in the order of pages."""
    oldest = 0 if wanted.since is None else search_entries.number(wanted.since, 0)
    before = _before(wanted.until, since=wanted.since)
    hits = " UNION ALL ".join(
        _HITS.format(
            table=search_index.table(number),
            connection=number,
            oldest=oldest,
            before=min(before, _after(after, number)),
        )
        for number in connections
    )
    values = {"match": _match(wanted), "deleted": wanted.deleted, "limit": wanted.limit + 1}
    statement = _TOGETHER.format(hits=hits, bits=search_entries.ID_BITS)
    (found,) = db.execute(statement, values).fetchone()
    return [
        _Found(-search_entries.seconds_of(entry), number, -record, record)
        for entry, number, record in orjson.loads(found)
    ]


def _before(until: int | None, *, since: int | None) -> int:
    """A stretch of time leaves out what has no moment."""
    if until is not None:
        return search_entries.number(until, 0)
    return _MOST if since is None else search_entries.number(None, 0)


def _after(after: tuple[int, int, int] | None, connection_id: int) -> int:
    """From where a connection goes on: within a second, connections come one after the other."""
    if after is None:
        return _MOST
    seconds, last_connection, last_record = after
    first = seconds << search_entries.ID_BITS
    if connection_id == last_connection:
        return first | last_record
    return first if connection_id < last_connection else min(_MOST, (seconds + 1) << search_entries.ID_BITS)


def _match(wanted: SearchWanted) -> str:
    places: list[str] = []
    if wanted.stream is not None:
        places.append(search_entries.stream_word(wanted.stream))
    if wanted.partition is not None:
        places.append(search_entries.partition_word(wanted.partition))
    parts = [f"(text : ({_all(wanted.query)}))", *(f"(place : {word})" for word in places)]
    asked = f"({' AND '.join(parts)})"
    unwanted = " OR ".join(map(_phrase, wanted.query.unwanted))
    return f"{asked} NOT (text : ({unwanted}))" if unwanted else asked


def _all(query: Query) -> str:
    return " AND ".join(map(_phrase, query.wanted))


def _phrase(phrase: Phrase) -> str:
    """Words are letters and digits by now; in quotes, none of them is an operator."""
    quoted = _quoted(phrase.words)
    return f"{quoted} *" if phrase.beginning else quoted


def _quoted(words: Sequence[str]) -> str:
    return f'"{" ".join(words)}"'
