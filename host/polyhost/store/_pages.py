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
_FIRST = """
FROM records WHERE stream_id = :stream AND partition IS found.partition AND (position, key) {since} (:position, :key)
AND deleted <= :deleted ORDER BY position, key LIMIT 1
"""
_ONE_PARTITION = """
SELECT position, key, id FROM records
WHERE stream_id = :stream AND partition IS :partition AND (position, key) {since} (:position, :key)
AND deleted <= :deleted ORDER BY position, key LIMIT :limit
"""


class Place(NamedTuple):
    """A record in the order; keys are distinct within a stream, so ids never decide."""

    position: str
    key: str
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a page is to hold: see `Store.records`."""

    partition: str | None
    since: str | None
    limit: int
    after: str | None
    deleted: bool

    def start(self) -> tuple[str, str, str]:
        """From where: a comparison, a position and a key. The later of `since` and `after`."""
        if self.after is not None:
            position, key = _cursor.decoded(self.after)
            if self.since is None or position >= self.since:
                return ">", position, key
        return ">=", self.since or "", ""


def in_order(db: sqlite3.Connection, stream_id: int, wanted: Wanted) -> Sequence[Place]:
    """The page's records and one more, if there is one."""
    since, position, key = wanted.start()
    count = wanted.limit + 1
    values = {"stream": stream_id, "position": position, "key": key, "deleted": wanted.deleted, "limit": count}
    if wanted.partition is not None:
        statement = _ONE_PARTITION.format(since=since)
        return [Place(*row) for row in db.execute(statement, values | {"partition": wanted.partition})]
    firsts = db.execute(_FIRSTS.format(first=_FIRST.format(since=since)), values)
    partitions = [
        _from_first(db, Place(*place), values | {"partition": partition})
        for *place, partition in firsts
        if place[-1] is not None
    ]
    return list(islice(heapq.merge(*partitions), count))


def _from_first(db: sqlite3.Connection, first: Place, values: dict[str, Any]) -> Iterator[Place]:
    """One partition's records. The rest is not looked up before its first was taken: of a thousand partitions most have
    no part in a page."""
    yield first
    rest: Iterable[tuple[Any, ...]] = db.execute(
        _ONE_PARTITION.format(since=">"), values | {"position": first.position, "key": first.key}
    )
    for row in rest:
        yield Place(*row)
