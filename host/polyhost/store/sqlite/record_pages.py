"""Pages of a stream in (position, key) order, over one partition or all of them.

Owns: the order, and how it is had without sorting a stream: the index `records_by_position` holds each partition in
order, and partitions are merged as they are read. Must not know: what else a record holds than its place.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from polyhost.store import page_cursors
from polyhost.store.base import RecordQuery

__all__ = ["Place", "in_order"]

# Each distinct partition by one step in the index, then NULL: far cheaper than looking at every record. Then the first
# record of each; a value at a time, since a subquery yields one.
_FIRSTS = """
WITH RECURSIVE found (partition) AS (
    SELECT min(partition) FROM records WHERE stream_id = :stream
    UNION ALL
    SELECT (SELECT min(partition) FROM records WHERE stream_id = :stream AND partition > found.partition)
    FROM found WHERE found.partition IS NOT NULL
)
SELECT (SELECT position {first}), (SELECT key {first}), (SELECT id {first}), partition FROM found
"""
_FIRST = "FROM records WHERE stream_id = :stream AND partition IS found.partition {where} ORDER BY {order} LIMIT 1"
_ONE_PARTITION = """
SELECT position, key, id FROM records
WHERE stream_id = :stream AND partition IS :partition {where} ORDER BY {order} LIMIT :limit
"""


class Place(NamedTuple):
    """A record in the order; keys are distinct within a stream, so ids never decide."""

    position: str
    key: str
    id: int


def in_order(db: sqlite3.Connection, stream_id: int, query: RecordQuery) -> Sequence[Place]:
    """The page's records and one more, if there is one."""
    values = _values(query) | {"stream": stream_id}
    where, order = _where(query), _order(query)
    if query.partition is not None:
        statement = _ONE_PARTITION.format(where=where, order=order)
        each = [
            [Place(*row) for row in db.execute(statement, values | {"partition": partition})]
            for partition in {query.partition: None, **dict.fromkeys(query.besides)}
        ]
        return list(islice(heapq.merge(*each, reverse=query.newest), query.limit + 1)) if query.besides else each[0]
    firsts = db.execute(_FIRSTS.format(first=_FIRST.format(where=where, order=order)), values)
    partitions = [
        _from_first(db, Place(*place), query, values | {"partition": partition})
        for *place, partition in firsts
        if place[-1] is not None
    ]
    return list(islice(heapq.merge(*partitions, reverse=query.newest), query.limit + 1))


def _from_first(db: sqlite3.Connection, first: Place, query: RecordQuery, values: dict[str, Any]) -> Iterator[Place]:
    """One partition's records. The rest is not looked up before its first was taken: of a thousand partitions most have
    no part in a page."""
    yield first
    where = f"{_where(query)} AND (position, key) {_beyond(query)} (:first_position, :first_key)"
    values |= {"first_position": first.position, "first_key": first.key}
    rest: Iterable[tuple[Any, ...]] = db.execute(_ONE_PARTITION.format(where=where, order=_order(query)), values)
    for row in rest:
        yield Place(*row)


def _values(query: RecordQuery) -> dict[str, Any]:
    """For the parameters of `_where`. RefusedError `bad_cursor`."""
    place, key = ("", "") if query.after is None else page_cursors.decoded(query.after)
    values = {"position": query.position, "since": query.since, "until": query.until}
    return values | {"after_position": place, "after_key": key, "limit": query.limit + 1}


def _where(query: RecordQuery) -> str:
    """What holds of every record wanted, each bound a step in the index or read from it."""
    clauses = {
        "position = :position": query.position is not None,
        "position >= :since": query.since is not None,
        "position < :until": query.until is not None,
        f"(position, key) {_beyond(query)} (:after_position, :after_key)": query.after is not None,
        "is_head": query.heads,
        "NOT deleted": not query.deleted,
    }
    return "".join(f" AND {clause}" for clause, asked in clauses.items() if asked)


def _beyond(query: RecordQuery) -> str:
    return "<" if query.newest else ">"


def _order(query: RecordQuery) -> str:
    return "position DESC, key DESC" if query.newest else "position, key"
