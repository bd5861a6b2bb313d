"""Pages of a stream in (position, key) order, over one partition or all of them.

Owns: the order, and how it is had without sorting a stream: the index `records_by_position` holds each partition in
order, and partitions are merged as they are read. Must not know: what else a record holds than its place.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from polyhost.store import _cursor

__all__ = ["Place", "Wanted", "in_order"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a page is to hold: see `Store.records`."""

    partition: str | None = None
    position: str | None = None
    since: str | None = None
    until: str | None = None
    limit: int = 100
    after: str | None = None
    newest: bool = False
    heads: bool = False
    deleted: bool = False

    def values(self) -> dict[str, Any]:
        """For the parameters of `where`. RefusedError `bad_cursor`."""
        place, key = ("", "") if self.after is None else _cursor.decoded(self.after)
        values = {"position": self.position, "since": self.since, "until": self.until}
        return values | {"after_position": place, "after_key": key, "limit": self.limit + 1}

    def where(self) -> str:
        """What holds of every record wanted, each bound a step in the index or read from it."""
        clauses = {
            "position = :position": self.position is not None,
            "position >= :since": self.since is not None,
            "position < :until": self.until is not None,
            f"(position, key) {self.beyond} (:after_position, :after_key)": self.after is not None,
            "is_head": self.heads,
            "NOT deleted": not self.deleted,
        }
        return "".join(f" AND {clause}" for clause, asked in clauses.items() if asked)

    @property
    def beyond(self) -> str:
        return "<" if self.newest else ">"

    @property
    def order(self) -> str:
        return "position DESC, key DESC" if self.newest else "position, key"


def in_order(db: sqlite3.Connection, stream_id: int, wanted: Wanted) -> Sequence[Place]:
    """The page's records and one more, if there is one."""
    values = wanted.values() | {"stream": stream_id}
    where, order = wanted.where(), wanted.order
    if wanted.partition is not None:
        statement = _ONE_PARTITION.format(where=where, order=order)
        return [Place(*row) for row in db.execute(statement, values | {"partition": wanted.partition})]
    firsts = db.execute(_FIRSTS.format(first=_FIRST.format(where=where, order=order)), values)
    partitions = [
        _from_first(db, Place(*place), wanted, values | {"partition": partition})
        for *place, partition in firsts
        if place[-1] is not None
    ]
    return list(islice(heapq.merge(*partitions, reverse=wanted.newest), wanted.limit + 1))


def _from_first(db: sqlite3.Connection, first: Place, wanted: Wanted, values: dict[str, Any]) -> Iterator[Place]:
    """One partition's records. The rest is not looked up before its first was taken: of a thousand partitions most have
    no part in a page."""
    yield first
    where = f"{wanted.where()} AND (position, key) {wanted.beyond} (:first_position, :first_key)"
    values |= {"first_position": first.position, "first_key": first.key}
    rest: Iterable[tuple[Any, ...]] = db.execute(_ONE_PARTITION.format(where=where, order=wanted.order), values)
    for row in rest:
        yield Place(*row)
