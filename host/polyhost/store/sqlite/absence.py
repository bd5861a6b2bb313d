"""What a complete walk did not see: the records that become tombstones.

Owns: the choice, as a pure function over what is stored, and its query. Must not know: what a walk is proven by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import orjson

from polyhost.store.base import TombstoneAbsent
from polyhost.store.sqlite import record_writes
from polyhost.store.sqlite.write_context import WriteContext

__all__ = ["Candidate", "absent", "tombstone_absent"]

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


class Candidate(NamedTuple):
    """A stored record in the walked range."""

    id: int
    key: str
    position: str
    is_head: bool
    deleted: bool


def absent(stored: Sequence[Candidate], *, seen: Collection[str], groups: Collection[str]) -> Iterable[Candidate]:
    """Live heads that were not seen; live members that were not seen, of groups that were read or whose stored head was
    not seen either. A group whose head was never stored is left alone: nothing says that it is gone."""
    heads = {record.position for record in stored if record.is_head and record.key in seen}
    headless = {record.position for record in stored if record.is_head} - heads
    for record in stored:
        if record.deleted or record.key in seen:
            continue
        if record.is_head or record.position in groups or record.position in headless:
            yield record


def tombstone_absent(write: WriteContext, walk: TombstoneAbsent) -> None:
    write.attributed_to()
    tally = write.stream(walk.stream)
    span = (tally.id, walk.partition, walk.since or "", walk.until)
    keys = orjson.dumps([*walk.seen]).decode()
    ends_early = "\\u0000" in keys  # SQLite's JSON functions end a text at NUL, and would take it for another key
    if not ends_early and write.db.execute(_ANY_UNSEEN, (*span, keys)).fetchone() is None:
        return
    seen = frozenset(walk.seen)
    rows = write.db.execute(_IN_RANGE, span).fetchall()
    gone = absent([Candidate(*row) for row in rows], seen=seen, groups=frozenset(walk.groups))
    record_writes.tombstone(write, tally, [record.id for record in gone], at=walk.at)
