"""Which records a run has seen in each partition since the last range it proved: what absence is judged against.

Owns: the seen keys, bounded. Must not know: the store, ranges beyond the two ends it is given.
"""

from __future__ import annotations

from collections import defaultdict

__all__ = ["MAX_SEEN", "Walks"]

MAX_SEEN = 200_000
"""Keys remembered of one partition between two coverage messages (about 20 MB). A connector that says what it covered
once a page stays below a thousand; beyond the bound nothing is called deleted in that stretch, rather than guessed."""


class Walks:
    """Seen keys by (stream, partition), each with its position's sort key."""

    def __init__(self) -> None:
        self._seen: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        self._overflowed: set[tuple[str, str]] = set()

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

    def close(self, stream: str, partition: str, since: str | None) -> frozenset[str] | None:
        """The keys seen up to here; None where they were too many to remember. `since` is the sort key of the proven
        range's lower end: what lies on it belongs to the next range below, too, and is carried over."""
        walk = (stream, partition)
        if walk in self._overflowed:
            self._overflowed.discard(walk)
            return None
        seen = self._seen.pop(walk, {})
        edge = {key: position for key, position in seen.items() if position == since}
        if edge:
            self._seen[walk] = edge
        return frozenset(seen)
