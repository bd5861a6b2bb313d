"""Which records a run has seen in each partition and not yet accounted for: what absence is judged against.

Owns: the seen keys, bounded. Must not know: the store, the cursor order; positions are sort keys here.
"""

from __future__ import annotations

from collections import defaultdict

__all__ = ["MAX_SEEN", "Walks"]

MAX_SEEN = 200_000
"""Keys remembered of one partition (about 20 MB). A connector that says what it covered once a page stays below a
thousand; beyond the bound nothing more is called deleted in that partition in this run, rather than guessed."""


class Walks:
    """Seen keys by (stream, partition), each with its position's sort key."""

    def __init__(self) -> None:
        self._seen: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        self._overflowed: set[tuple[str, str]] = set()
        self._deleted: defaultdict[str, set[str]] = defaultdict(set)
        self._lost: set[str] = set()

    def saw(self, stream: str, partition: str, key: str, position: str) -> None:
        """A record came by."""
        walk = (stream, partition)
        if walk in self._overflowed:
            return
        seen = self._seen[walk]
        seen[key] = position
        if len(seen) > MAX_SEEN:
            self._overflowed.add(walk)
            del self._seen[walk]

    def deleted(self, stream: str, key: str) -> None:
        """The connector called it deleted. A delete names no place, so it counts in every partition: its own absence
        is told by it, and says nothing of its group's members."""
        if stream in self._lost:
            return
        self._deleted[stream].add(key)
        if len(self._deleted[stream]) > MAX_SEEN:
            self._lost.add(stream)
            del self._deleted[stream]

    def seen(self, stream: str, partition: str) -> frozenset[str] | None:
        """The keys that are not accounted for; None where they were too many to remember."""
        walk = (stream, partition)
        if walk in self._overflowed or stream in self._lost:
            return None
        return frozenset(self._deleted.get(stream, ())).union(self._seen.get(walk, ()))

    def account(self, stream: str, partition: str, low: str, high: str) -> None:
        """Everything between these positions is accounted for. What lies on either end belongs to the neighbouring
        stretch as well, and what lies beyond has yet to be claimed: pages may come in any order."""
        walk = (stream, partition)
        rest = {key: position for key, position in self._seen.pop(walk, {}).items() if not low < position < high}
        if rest:
            self._seen[walk] = rest
