"""Records that were refused, by where they belong: no range may be called read that one of them lies in, and none of
them is gone from the source.

Owns: the places of refused records in one run. Must not know: why one was refused, what a claim leads to.

A record that is named as an exception costs itself: what holds it may be claimed, and its key is remembered here, so
that what is stored of it is not taken for gone. Where it cannot be named, because what it came from keeps no exceptions
or there are too many, it opens what it lies in: a record whose position can be read spoils every claim of this run that
holds the position. One whose position, or whose partition, cannot be read could belong anywhere: it spoils the next
claim of its partition, or of each partition. More would keep a source with one broken record from ever being called
read. One that has no key, in a stream without partitions, leaves the stream unproven.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from polyhost.protocol.positions import Place, position_key

__all__ = ["Refusals"]

MAX_REFUSED = 10_000
"""Positions remembered of one run (about 1 MB). Beyond that the stream's further claims do not count: a connector that
gets so many records wrong proves nothing."""

_Partition = tuple[str, str | None]
_Why = tuple[str, str]
"""The rule that it broke, and where."""


class Refusals:
    """What was refused so far."""

    __slots__ = ("_answered", "_keys", "_lost", "_placed", "_remembered", "_unplaced", "unnamed", "unproven")

    def __init__(self) -> None:
        self._placed: defaultdict[_Partition, set[Any]] = defaultdict(set)
        self._unplaced: Counter[_Partition] = Counter()
        self._answered: dict[_Partition, int] = {}
        self._keys: defaultdict[str, dict[str, list[_Why]]] = defaultdict(dict)
        self._lost: set[str] = set()
        self._remembered = 0
        self.unnamed: Counter[str] = Counter()
        """Of each stream, how many records that are wrong could not be named: they have no key, or are too many."""
        self.unproven: Counter[str] = Counter()
        """Of each stream, how often it was left unproven: by these, by what is no record, by what nobody asked for."""

    def spare(self, stream: str, key: str, why: _Why) -> bool:
        """One that is named as an exception: nothing stored of it is gone. False where there are too many to name; then
        the stream proves nothing more in this run."""
        if self._remembered >= MAX_REFUSED:
            self.lose(stream)
            return False
        self._remembered += 1
        self._keys[stream].setdefault(key, []).append(why)
        return True

    def came_by(self, stream: str, key: str) -> None:
        """Something that was refused may be this one: nothing stored of it is gone. Beyond the bound the stream proves
        nothing more in this run."""
        if self._remembered >= MAX_REFUSED:
            self.lose(stream, counts=False)
            return
        self._remembered += 1
        self._keys[stream].setdefault(key, [])

    def lose(self, stream: str, *, counts: bool = True) -> None:
        """One of the stream that nothing names, and nothing places: it proves nothing more in this run. `counts`:
        whether it is a record that is wrong, and counted in no other stream."""
        self._leave_unproven(stream, counts)
        self._lost.add(stream)

    def _leave_unproven(self, stream: str, counts: bool) -> None:
        self.unproven[stream] += 1
        if counts:
            self.unnamed[stream] += 1

    def refuse(
        self, stream: str, place: Place, key: str | None, data: Mapping[str, Any], *, counts: bool = True
    ) -> None:
        """A record of a partitioned stream was turned away, though it may lie in a range that is claimed. `counts`: as
        one that is wrong, not as one that nobody asked for."""
        if self._remembered >= MAX_REFUSED:
            self.lose(stream, counts=counts)
            return
        self._remembered += 1
        if key is None:
            self._leave_unproven(stream, counts)
        else:
            self._keys[stream].setdefault(key, [])
        partition, position = place.of(data)
        if partition is None or position is None:
            self._unplaced[stream, partition] += 1
        else:
            self._placed[stream, partition].add(position)

    def spoils(self, stream: str, partition: str, order: str, since: str | None, until: str | None) -> bool:
        """Whether a claim holds, or may hold, a record that was refused. Its cursors were read before."""
        of = (stream, partition)
        unplaced = self._unplaced[of] + self._unplaced[stream, None]
        news = unplaced != self._answered.get(of, 0)
        if news:
            self._answered[of] = unplaced
        if news or stream in self._lost:
            return True
        low = None if since is None else position_key(order, since)
        high = None if until is None else position_key(order, until)
        return any(
            (low is None or low <= position) and (high is None or position <= high)
            for position in self._placed.get(of, ())
        )

    def has_refused(self, stream: str, partition: str | None) -> bool:
        """Whether a record was refused without a name in this partition, or perhaps there; None: in any."""
        refused = (of for of, what in (*self._placed.items(), *self._unplaced.items()) if what)
        return any(of == stream and (where is None or partition is None or where == partition) for of, where in refused)

    def keys(self, stream: str) -> frozenset[str]:
        """What came by and was refused: wherever an earlier version of it is stored, the source still has it."""
        return frozenset(self._keys.get(stream, ()))

    def named(self, stream: str) -> Collection[str]:
        """The same, as it grows."""
        return self._keys[stream]

    def made_good(self, stream: str, key: str) -> list[_Why]:
        """This one is taken now. Why it was named before, each time."""
        of = self._keys.get(stream)
        if of is None or not of.get(key):
            return []
        found, of[key] = of[key], []
        return found
