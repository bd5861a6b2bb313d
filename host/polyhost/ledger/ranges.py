"""Closed ranges of positions: adding, clipping, what is missing between them.

Owns: the arithmetic of `Range` under a cursor order. Must not know: partitions, windows, why a range is asked for.

Positions are dense: between any two another may turn up later. So two ranges become one only where they overlap or
share an endpoint; "neighbouring" positions do not exist. `since` None is below every position. Results are sorted and
disjoint; functions that take a tuple of ranges expect it so.
"""

from __future__ import annotations

from polyhost.ledger.cursor import sort_key
from polyhost.ledger.state import CursorOrder, Range

__all__ = [
    "Ranges",
    "add",
    "clip",
    "contains",
    "contains_position",
    "floor_key",
    "holes",
    "intersects",
    "met_edges",
    "ordered",
    "without",
]

Ranges = tuple[Range, ...]

_BEGINNING = ""
"""The sort key of "from the beginning": before every other, for no cursor is empty."""


def floor_key(since: str | None, order: CursorOrder) -> str:
    """A sort key for a lower bound, None included."""
    return _BEGINNING if since is None else sort_key(since, order)


def ordered(piece: Range, order: CursorOrder) -> bool:
    """Whether it begins no later than it ends."""
    return floor_key(piece.since, order) <= sort_key(piece.until, order)


def intersects(left: Range, right: Range, order: CursorOrder) -> bool:
    """Whether they share a position; one endpoint is enough."""
    return floor_key(left.since, order) <= sort_key(right.until, order) and floor_key(right.since, order) <= sort_key(
        left.until, order
    )


def add(ranges: Ranges, new: Range, order: CursorOrder) -> Ranges:
    """The ranges with `new` in them, merged where they touch. ValueError where `new` begins after it ends."""
    if not ordered(new, order):
        raise ValueError("a range begins no later than it ends")
    below = [piece for piece in ranges if sort_key(piece.until, order) < floor_key(new.since, order)]
    above = [piece for piece in ranges if floor_key(piece.since, order) > sort_key(new.until, order)]
    merged = new
    for piece in ranges[len(below) : len(ranges) - len(above)]:
        since = min(merged.since, piece.since, key=lambda value: floor_key(value, order))
        until = max(merged.until, piece.until, key=lambda value: sort_key(value, order))
        merged = Range(since, until)
    return (*below, merged, *above)


def holes(ranges: Ranges, order: CursorOrder, *, floor: str | None = None) -> Ranges:
    """What lies between the ranges and below the first, down to `floor` (None: the beginning), oldest first.

    A hole is closed too and shares its endpoints with its neighbours, so that reading it joins them.
    """
    found: list[Range] = []
    bound, edge = floor_key(floor, order), floor
    for piece in ranges:
        start = floor_key(piece.since, order)
        if piece.since is not None and bound < start:
            found.append(Range(edge, piece.since))
        end = sort_key(piece.until, order)
        if end > bound:
            bound, edge = end, piece.until
    return tuple(found)


def without(piece: Range, ranges: Ranges, order: CursorOrder) -> Ranges:
    """What of the piece lies in none of the ranges, oldest first. Closed: it shares endpoints with its neighbours."""
    found: list[Range] = []
    edge, top = piece.since, sort_key(piece.until, order)
    for other in ranges:
        low, high = floor_key(other.since, order), sort_key(other.until, order)
        if high <= floor_key(edge, order):
            continue
        if low >= top:
            break
        if other.since is not None and low > floor_key(edge, order):
            found.append(Range(edge, other.since))
        if high >= top:
            return tuple(found)
        edge = other.until
    return (*found, Range(edge, piece.until))


def clip(ranges: Ranges, since: str | None, until: str | None, order: CursorOrder) -> Ranges:
    """The part of the ranges inside [since, until]; None is unbounded on either side."""
    low = floor_key(since, order)
    high = None if until is None else sort_key(until, order)
    found: list[Range] = []
    for piece in ranges:
        start = piece.since if floor_key(piece.since, order) >= low else since
        end = piece.until if high is None or sort_key(piece.until, order) <= high else until
        if end is not None and floor_key(start, order) <= sort_key(end, order):
            found.append(Range(start, end))
    return tuple(found)


def contains(ranges: Ranges, wanted: Range, order: CursorOrder) -> bool:
    """Whether one of the ranges holds all of `wanted`."""
    low, high = floor_key(wanted.since, order), sort_key(wanted.until, order)
    return any(floor_key(piece.since, order) <= low and high <= sort_key(piece.until, order) for piece in ranges)


def met_edges(
    ranges: Ranges, since: str | None, until: str | None, order: CursorOrder, *, downwards: bool = True
) -> frozenset[str]:
    """Sort keys of the positions at which a range from `since` to `until` (None: to the end) goes on from one of these:
    upwards from where it ends, and `downwards` from where it begins. One that it holds whole is walked again."""
    low, high = floor_key(since, order), None if until is None else sort_key(until, order)
    found: set[str] = set()
    for piece in ranges:
        first, last = floor_key(piece.since, order), sort_key(piece.until, order)
        if last == low and (high is None or high > last):
            found.add(last)
        if downwards and first == high and low < first:
            found.add(first)
    return frozenset(found)


def contains_position(ranges: Ranges, position: str, order: CursorOrder) -> bool:
    """Whether a position lies in one of the ranges."""
    return contains(ranges, Range(position, position), order)
