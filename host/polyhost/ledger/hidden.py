"""Stretches of a partition that the source hides, wherever they lie: stated, kept, asked again, and lifted.

Owns: their transitions, and what of a range they leave. Must not know: the store, who stated one, when to ask again.

A stretch lies between two positions that the source shows, as a hole does; its ends are not hidden themselves. So what
is read above and below it may be called covered, ends included, and what lies between is neither covered nor a hole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from polyhost.ledger.ranges import Ranges, add, contains, floor_key, intersects, without
from polyhost.ledger.state import CursorOrder, HiddenStretch, PartitionState, Range

__all__ = ["MAX_HIDDEN", "hidden_ranges", "known", "lift", "state_hidden", "visible", "with_contiguous"]

MAX_HIDDEN = 1_000
"""Stretches kept of one partition. What is stated beyond that is spared in its run, and asked for again in the next."""


def hidden_ranges(state: PartitionState) -> Ranges:
    """The stretches, oldest first."""
    return tuple(Range(one.since, one.until) for one in state.hidden)


def known(state: PartitionState, order: CursorOrder) -> Ranges:
    """What need not be asked for again as long as nothing changes: it was read, or the source hides it."""
    found = state.covered
    for piece in hidden_ranges(state):
        found = add(found, piece, order)
    return found


def visible(pieces: Ranges, hidden: Ranges, order: CursorOrder) -> Ranges:
    """What the stretches leave of these ranges, oldest first."""
    return tuple(rest for piece in pieces for rest in without(piece, hidden, order))


def state_hidden(state: PartitionState, new: HiddenStretch, order: CursorOrder) -> PartitionState:
    """The entry once it was stated. What was known of the same stretch before is told anew; with what it touches it is
    one, as old as the older of them, where both are hidden for the same reason."""
    piece = Range(new.since, new.until)
    rest = [part for one in state.hidden for part in _left_of(one, (piece,), order)]
    touching = [
        one for one in rest if one.reason == new.reason and intersects(Range(one.since, one.until), piece, order)
    ]
    for one in touching:
        (piece,) = add((piece,), Range(one.since, one.until), order)
        rest.remove(one)
    told_at = min([new.told_at, *(one.told_at for one in touching)])
    stretch = HiddenStretch(piece.since, piece.until, told_at, new.reason)
    kept = sorted([*rest, stretch], key=lambda one: floor_key(one.since, order))
    return with_contiguous(replace(state, hidden=tuple(kept[:MAX_HIDDEN])), order)


def lift(state: PartitionState, read: Ranges, order: CursorOrder) -> PartitionState:
    """The entry once these ranges were read with nothing in them stated to be hidden."""
    if not state.hidden:
        return state
    return replace(state, hidden=tuple(part for one in state.hidden for part in _left_of(one, read, order)))


def _left_of(one: HiddenStretch, ranges: Ranges, order: CursorOrder) -> Sequence[HiddenStretch]:
    return [
        replace(one, since=rest.since, until=rest.until) for rest in without(Range(one.since, one.until), ranges, order)
    ]


def with_contiguous(state: PartitionState, order: CursorOrder) -> PartitionState:
    """The entry with the starts of those covered ranges that reach down to the beginning, or to the horizon, by way of
    what is hidden, so that high-water needs no comparison."""
    starts = _contiguous(state, order) if state.hidden else ()
    return state if starts == state.contiguous else replace(state, contiguous=starts)


def _contiguous(state: PartitionState, order: CursorOrder) -> tuple[str, ...]:
    limit = state.limited_before
    found: list[str] = []
    for piece in known(state, order):
        at_horizon = limit is not None and contains((piece,), Range(limit, limit), order)
        if piece.since is None or at_horizon:
            found += [one.since for one in state.covered if one.since is not None and contains((piece,), one, order)]
    return tuple(found)
