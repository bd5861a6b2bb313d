"""The ledger as a picture: per stream and partition what is covered, what is a hole, and in one line what mends it.

Owns: the one projection of coverage that every surface shows, worst first. Must not know: surfaces, stores, clocks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from polyhost.coverage.extent import Extent
from polyhost.coverage.picture_json import HiddenJson, PartitionJson, Span, Spans, StreamSummary
from polyhost.ledger.arrivals import is_as_of_then
from polyhost.ledger.cursor import maximum
from polyhost.ledger.cursor_time import time_of
from polyhost.ledger.hidden import hidden_ranges
from polyhost.ledger.plan import has_unread, unproven
from polyhost.ledger.ranges import Ranges, add, without
from polyhost.ledger.state import CursorOrder, PartitionRule, PartitionState, PartitionStatus, Range
from polyhost.ledger.succession import predecessors

__all__ = ["Extent", "PartitionView", "stream_picture", "stream_summary"]


_EXPLAIN = {
    Extent.MISSING: "Not in the source's inventory any more; comes back by itself, or retire it.",
    Extent.UNTOUCHED: "Not read yet; the next run reads it from its beginning.",
    Extent.PARTIAL: "Has holes; the next run reads exactly those.",
    Extent.IMPORTED: "Known from imported files only, as of when they were made; a newer file takes it further.",
    Extent.LIMITED: "The source hides what is older; an export may reach further back.",
    Extent.COMPLETE: "Covered from its beginning.",
    Extent.BECAME: "Goes on under another key; kept, and read as one history with it.",
    Extent.DELETED: "Deleted at its source; what was collected is kept.",
    Extent.RETIRED: "Retired by the owner; kept, not collected.",
}
_AS_OF_THEN = "Covered as it was when it was last looked at: items arrive out of order here, and none are announced."
_EMPTY = "Read; there is nothing in it."


_HIDES = "The source hides part of it; asked for again, and an export may hold it."

_OVER = {
    PartitionStatus.RETIRED: Extent.RETIRED,
    PartitionStatus.MISSING: Extent.MISSING,
    PartitionStatus.DELETED: Extent.DELETED,
    PartitionStatus.BECAME: Extent.BECAME,
}
"""Those whose status says more than what was read of them."""


@dataclass(frozen=True, slots=True)
class PartitionView:
    """One partition, judged."""

    state: PartitionState
    extent: Extent
    rule: PartitionRule
    gained: Ranges = ()
    """What the last run or import added to what is covered."""
    predecessors: Sequence[str] = ()
    """Those that became it, the nearest first."""
    exceptions: int = 0
    """How many records and groups of it stand out of what is covered, those set aside left out."""

    @property
    def covered_through(self) -> str | None:
        """The moment of the newest position that was read, or proven by an artifact."""
        return self._moment(_newest(self.state, self.rule.order))

    def as_json(self) -> PartitionJson:
        state, order = self.state, self.rule.order
        return PartitionJson(
            key=state.key,
            label=state.label,
            status=state.status.value,
            source_status=state.source_status,
            extent=self.extent,
            high_water=state.high_water,
            covered=_as_they_are(state.covered),
            imported=_as_they_are(state.imported),
            holes=_as_they_are(_holes(state, order)),
            gained=_as_they_are(self.gained),
            spans=self._spans(),
            exceptions=self.exceptions,
            limited_before=state.limited_before,
            hidden=[
                HiddenJson(since=one.since, until=one.until, told_at=one.told_at, reason=one.reason)
                for one in state.hidden
            ],
            covered_through=self.covered_through,
            first_seen=state.first_seen,
            last_seen=state.last_seen,
            looked_at=state.refreshed_at,
            swept_at=state.swept_at,
            missing_since=state.missing_since,
            ended_since=state.ended_since,
            successor=state.successor,
            predecessors=list(self.predecessors),
            retired_at=state.retired_at,
            retired_reason=state.retired_reason,
            follows_arrivals=state.followed,
            explain=self._explain(),
        )

    def _explain(self) -> str:
        state = self.state
        if self.extent in (Extent.COMPLETE, Extent.LIMITED) and is_as_of_then(state, self.rule):
            return _AS_OF_THEN
        if self.extent is Extent.COMPLETE and not state.covered:
            return _EMPTY
        return _HIDES if self.extent is Extent.LIMITED and state.hidden else _EXPLAIN[self.extent]

    def _spans(self) -> Spans:
        """Covered ranges and holes as moments, where positions are times: what a picture is drawn from."""
        if self.rule.cursor_time is None:
            return Spans(covered=[], imported=[], holes=[], gained=[], limited=[])
        state = self.state
        return Spans(
            covered=self._moments(state.covered),
            imported=self._moments(state.imported),
            holes=self._moments(_holes(state, self.rule.order)),
            gained=self._moments(self.gained),
            limited=self._moments(_out_of_sight(state)),
        )

    def _moments(self, pieces: Iterable[Range]) -> list[Span]:
        return [(self._moment(piece.since), until) for piece in pieces if (until := self._moment(piece.until))]

    def _moment(self, position: str | None) -> str | None:
        return time_of(position, self.rule.cursor_time)


def stream_picture(
    states: Iterable[PartitionState],
    rule: PartitionRule,
    before: Mapping[str, tuple[Ranges, Ranges]] | None = None,
    exceptions: Mapping[str | None, int] | None = None,
) -> list[PartitionView]:
    """Every partition, worst first, then by name.

    `before`: what was covered and imported, by key, when the last run began; None where that is not known.
    `exceptions`: how many stand out of each, by key.
    """
    standing = exceptions or {}
    states = list(states)
    before_them = predecessors(states)
    views = [
        PartitionView(
            state=state,
            extent=_extent(state, rule),
            rule=rule,
            gained=() if before is None else _gained(state, before, rule.order),
            predecessors=before_them.get(state.key, ()),
            exceptions=standing.get(state.key, 0),
        )
        for state in states
    ]
    worst_first = list(Extent)
    return sorted(views, key=lambda view: (worst_first.index(view.extent), view.state.label or "", view.state.key))


def stream_summary(views: Sequence[PartitionView], rule: PartitionRule) -> StreamSummary:
    """How many partitions are in which extent, and the newest position any of them is covered through."""
    counts = Counter(view.extent for view in views)
    newest = maximum((_newest(view.state, rule.order) for view in views), rule.order)
    return StreamSummary(
        partitions=len(views),
        missing=counts[Extent.MISSING],
        untouched=counts[Extent.UNTOUCHED],
        partial=counts[Extent.PARTIAL],
        imported=counts[Extent.IMPORTED],
        limited=counts[Extent.LIMITED],
        complete=counts[Extent.COMPLETE],
        became=counts[Extent.BECAME],
        deleted=counts[Extent.DELETED],
        retired=counts[Extent.RETIRED],
        covered_through=time_of(newest, rule.cursor_time),
    )


def _as_they_are(pieces: Iterable[Range]) -> list[Span]:
    return [(piece.since, piece.until) for piece in pieces]


def _together(pieces: Iterable[Range], order: CursorOrder) -> Ranges:
    merged: Ranges = ()
    for piece in pieces:
        merged = add(merged, piece, order)
    return merged


def _gained(state: PartitionState, before: Mapping[str, tuple[Ranges, Ranges]], order: CursorOrder) -> Ranges:
    """What is covered, or imported, and was not then. What an import had proven before is not new once it is read."""
    covered, imported = before.get(state.key, ((), ()))
    known = _together((*covered, *imported), order)
    now = _together((*state.covered, *state.imported), order)
    return tuple(gap for piece in now for gap in without(piece, known, order) if gap.since != gap.until)


def _newest(state: PartitionState, order: CursorOrder) -> str | None:
    """The newest position that was read, or proven by an artifact."""
    return maximum((pieces[-1].until for pieces in (state.covered, state.imported) if pieces), order)


def _holes(state: PartitionState, order: CursorOrder) -> Ranges:
    """What nothing is known of. Of a partition that only artifacts have shown, the holes between them."""
    if not state.is_known_live:
        between = unproven(replace(state, covered=state.imported), order)
        return tuple(hole for hole in between if hole.since is not None)
    return unproven(state, order)


def _out_of_sight(state: PartitionState) -> Iterator[Range]:
    if state.limited_before is not None:
        yield Range(None, state.limited_before)
    yield from hidden_ranges(state)


def _extent(state: PartitionState, rule: PartitionRule) -> Extent:
    if (over := _OVER.get(state.status)) is not None:
        return over
    if has_unread(state, rule):
        if state.covered or state.hidden:
            return Extent.PARTIAL
        return Extent.IMPORTED if state.imported else Extent.UNTOUCHED
    return Extent.LIMITED if state.limited_before is not None or state.hidden else Extent.COMPLETE
