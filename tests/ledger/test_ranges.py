"""Range arithmetic against a naive model: a dense line is points and the open gaps between them (ours)."""

import itertools
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyhost.ledger.cursor import sort_key
from polyhost.ledger.ranges import (
    Ranges,
    add,
    clip,
    contains,
    contains_position,
    holes,
    intersects,
    met_edges,
    without,
)
from polyhost.ledger.state import CursorOrder, Range

ORDER = CursorOrder.NUMERIC
key = partial(sort_key, order=ORDER)
END = 12
points = st.integers(min_value=0, max_value=END)
sinces = st.none() | points


def _range(since: int | None, until: int) -> Range:
    low = None if since is None else str(min(since, until))
    return Range(low, str(until if since is None else max(since, until)))


pieces = st.builds(_range, sinces, points)
lists = st.lists(pieces, max_size=6)


def _cells(piece: Range) -> set[int]:
    """Even cells are points, odd ones the gaps between them; -1 and below is before every point."""
    low = -2 if piece.since is None else 2 * int(piece.since)
    return set(range(low, 2 * int(piece.until) + 1))


def _all(ranges: Ranges) -> set[int]:
    return set().union(*(_cells(piece) for piece in ranges))


def _built(items: list[Range]) -> Ranges:
    ranges: Ranges = ()
    for piece in items:
        ranges = add(ranges, piece, ORDER)
    return ranges


@given(lists)
def test_added_ranges_hold_exactly_what_was_added_sorted_and_disjoint(items: list[Range]):
    ranges = _built(items)
    assert _all(ranges) == _all(tuple(items))
    for left, right in itertools.pairwise(ranges):
        assert max(_cells(left)) + 1 < min(_cells(right))


@given(lists, st.randoms())
def test_the_order_of_adding_means_nothing(items: list[Range], random):
    shuffled = list(items)
    random.shuffle(shuffled)
    assert _built(shuffled) == _built(items)


@given(lists, sinces)
def test_holes_and_ranges_are_everything_from_the_floor_to_the_end(items: list[Range], floor: int | None):
    ranges = _built(items)
    found = holes(ranges, ORDER, floor=None if floor is None else str(floor))
    low = -2 if floor is None else 2 * floor
    inside = set(range(low, max(_all(ranges), default=low - 1) + 1))
    assert inside - _all(ranges) == {cell for cell in _all(found) - _all(ranges) if cell >= low}
    assert all(cell >= low for cell in _all(found))


@given(lists)
def test_reading_every_hole_leaves_one_range(items: list[Range]):
    ranges = _built(items)
    for hole in holes(ranges, ORDER):
        ranges = add(ranges, hole, ORDER)
    assert len(ranges) == bool(items)
    assert not holes(ranges, ORDER)


@given(lists, sinces, sinces)
def test_clipping_keeps_what_is_inside_and_nothing_else(items: list[Range], since: int | None, until: int | None):
    ranges = _built(items)
    low, high = (None if bound is None else str(bound) for bound in (since, until))
    window = set(range(-2 if since is None else 2 * since, 2 * (END if until is None else until) + 1))
    assert _all(clip(ranges, low, high, ORDER)) == _all(ranges) & window


@given(lists, pieces)
def test_containing_is_being_a_subset(items: list[Range], piece: Range):
    assert contains(_built(items), piece, ORDER) == (_cells(piece) <= _all(tuple(items)))


@given(lists, points)
def test_containing_a_position(items: list[Range], point: int):
    assert contains_position(_built(items), str(point), ORDER) == (2 * point in _all(tuple(items)))


@given(pieces, pieces)
def test_intersecting_is_sharing_a_point(left: Range, right: Range):
    assert intersects(left, right, ORDER) == bool(_cells(left) & _cells(right))


@example(
    [Range("0", "1"), Range("3", "4"), Range("9", "10")], Range("2", "6")
)  # one before it, one in it, one after it
@given(lists, pieces)
def test_what_is_without_a_range_is_the_gaps_in_it_with_their_ends(items: list[Range], piece: Range):
    """Every cell of the piece is in a range or in what is left; of the ranges' cells only shared ends are."""
    ranges = _built(items)
    left = without(piece, ranges, ORDER)
    rest, covered = _all(left), _all(ranges)
    assert _cells(piece) <= rest | covered
    assert rest <= _cells(piece)
    inner = {cell for cell in rest & covered if cell % 2}
    assert inner == set()
    if contains(ranges, piece, ORDER) and piece.since != piece.until:
        assert left == ()


def test_neighbours_are_not_merged_but_a_shared_endpoint_is():
    """Between 1 and 2 of a dense order something may turn up later."""
    assert _built([_range(0, 1), _range(2, 3)]) == (_range(0, 1), _range(2, 3))
    assert _built([_range(0, 1), _range(1, 3)]) == (_range(0, 3),)


def test_a_range_that_begins_after_its_end_is_refused():
    with pytest.raises(ValueError, match="begins"):
        add((), Range("3", "2"), ORDER)


def test_ranges_meet_where_one_ends_and_the_other_begins_however_that_is_written():
    known = (Range(None, "3"), Range("5", "7"))
    assert met_edges(known, "03", "5", ORDER) == {key("3"), key("5")}
    assert met_edges(known, "7", None, ORDER) == {key("7")}
    assert met_edges(known, None, "3", ORDER) == frozenset(), "they end together: all of it is walked again"
    assert met_edges(known, "5", "7", ORDER) == frozenset()
    assert met_edges((), "3", "5", ORDER) == frozenset()
    assert met_edges(known, "03", "5", ORDER, downwards=False) == {key("3")}
    assert met_edges((Range("4", "4"),), "4", "4", ORDER) == frozenset(), "the same position, walked again"
    assert met_edges((Range("4", "4"),), "4", None, ORDER) == {key("4")}
