"""What a complete walk did not see: the records that become tombstones.

Owns: the choice, as a pure function over what is stored, and its query. Must not know: what a walk is proven by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from polyhost.store import _records
from polyhost.store._context import WriteContext
from polyhost.store.base import TombstoneAbsent

__all__ = ["Candidate", "absent", "tombstone_absent"]

_IN_RANGE = """
SELECT id, key, position, is_head, deleted FROM records
WHERE stream_id = ? AND partition = ? AND position BETWEEN ? AND ? ORDER BY position, key
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
    rows = write.db.execute(_IN_RANGE, (tally.id, walk.partition, walk.since or "", walk.until))
    stored = [Candidate(*row) for row in rows]
    gone = absent(stored, seen=frozenset(walk.seen), groups=frozenset(walk.groups))
    _records.tombstone(write, tally, [record.id for record in gone], at=walk.at)
