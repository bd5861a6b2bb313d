"""One picture of the ledger: extents, holes, worst first."""

from dataclasses import replace

import pytest

from polyhost.coverage.picture import Extent, stream_picture, stream_summary
from polyhost.ledger.state import CursorOrder, PartitionRule, PartitionState, PartitionStatus, Range

RULE = PartitionRule(
    stream="messages", field="channel_id", cursor_field="ts", order=CursorOrder.DECIMAL, cursor_time="unix_seconds"
)
WHOLE = PartitionState(stream="messages", key="C1", covered=(Range(None, "1700000000.000100"),))

STATES = {
    Extent.COMPLETE: WHOLE,
    Extent.PARTIAL: replace(WHOLE, key="C2", covered=(Range("1600000000.0", "1700000000.0"),)),
    Extent.UNTOUCHED: replace(WHOLE, key="C3", covered=()),
    Extent.MISSING: replace(WHOLE, key="C4", status=PartitionStatus.MISSING),
    Extent.BECAME: replace(WHOLE, key="C7", status=PartitionStatus.BECAME, successor="C9"),
    Extent.DELETED: replace(WHOLE, key="C8", status=PartitionStatus.DELETED),
    Extent.RETIRED: replace(WHOLE, key="C5", status=PartitionStatus.RETIRED),
    Extent.IMPORTED: replace(
        WHOLE, key="C7", covered=(), last_seen=None, imported=(Range("1600000000.0", "1650000000.0"),)
    ),
    Extent.LIMITED: replace(
        WHOLE,
        key="C6",
        covered=(Range("1690000000.0", "1700000000.0"),),
        limited_before="1690000000.0",
        limited_since="1690000000.0",
    ),
}


@pytest.mark.parametrize("extent", Extent)
def test_a_partition_is_judged_by_its_status_and_its_ranges(extent: Extent):
    [view] = stream_picture([STATES[extent]], RULE)
    assert view.extent is extent


def test_an_import_leaves_a_hole_only_between_two_files():
    """What lies before the first file nobody has claimed; between two of them something may be missing."""
    two = (Range("1600000000.0", "1610000000.0"), Range("1640000000.0", "1650000000.0"))
    [view] = stream_picture([replace(STATES[Extent.IMPORTED], imported=two)], RULE)
    shown = view.as_json()
    assert shown["holes"] == [("1610000000.0", "1640000000.0")]
    assert shown["covered_through"] == "2022-04-15T05:20:00.000Z"


def test_what_the_last_run_added_is_shown_apart():
    before = {"C1": ((Range(None, "1600000000.0"),), ())}
    grown, fresh = stream_picture([WHOLE, replace(WHOLE, key="C9")], RULE, before)
    assert grown.as_json()["gained"] == [("1600000000.0", "1700000000.000100")]
    assert fresh.as_json()["spans"]["gained"] == [(None, "2023-11-14T22:13:20.000Z")], "all of it is new"


def test_nothing_is_new_where_it_was_covered_or_imported_before_or_nobody_kept_what_was():
    pieces = ((Range("1600000000.0", "1700000000.000100"),), (Range(None, "1600000000.0"),))
    [known] = stream_picture([WHOLE], RULE, {"C1": pieces})
    [untold] = stream_picture([WHOLE], RULE)
    assert (known.gained, untold.gained) == ((), ())


def test_what_the_source_hides_is_shown_as_moments():
    [view] = stream_picture([STATES[Extent.LIMITED]], RULE)
    assert view.as_json()["spans"]["limited"] == [(None, "2023-07-22T04:26:40.000Z")]


def test_a_partition_that_holds_nothing_does_not_stretch_the_picture_to_the_beginning_of_time():
    [view] = stream_picture([replace(WHOLE, covered=(Range(None, "0000000000.000000"),))], RULE)
    shown = view.as_json()
    assert (view.extent, shown["covered_through"], shown["spans"]["covered"]) == (Extent.COMPLETE, None, [])


@pytest.mark.requirement("RS-4.4")
def test_what_became_a_partition_is_shown_with_it():
    became = [
        replace(WHOLE, key=key, status=PartitionStatus.BECAME, successor=to) for key, to in (("A", "B"), ("B", "C"))
    ]
    shown = {view.state.key: view.as_json() for view in stream_picture([*became, replace(WHOLE, key="C")], RULE)}
    assert [(one["successor"], one["predecessors"]) for _, one in sorted(shown.items())] == [
        ("B", []),
        ("C", ["A"]),
        (None, ["B", "A"]),
    ]


def test_the_worst_comes_first():
    views = stream_picture(STATES.values(), RULE)
    assert [view.extent for view in views] == list(Extent)


def test_a_hole_is_shown_as_positions_and_as_moments():
    [view] = stream_picture([STATES[Extent.PARTIAL]], RULE)
    shown = view.as_json()
    assert shown["holes"] == [(None, "1600000000.0")]
    assert shown["spans"]["holes"] == [(None, "2020-09-13T12:26:40.000Z")]
    assert shown["high_water"] is None, "nothing is contiguous from the beginning"


def test_the_summary_counts_every_partition_once():
    views = stream_picture(STATES.values(), RULE)
    summary = stream_summary(views, RULE)
    assert summary["partitions"] == sum(summary[extent] for extent in Extent) == len(STATES)
    assert summary["covered_through"] == "2023-11-14T22:13:20.000Z"


def test_where_positions_are_no_times_ranges_are_shown_as_they_are_and_nothing_is_drawn():
    [view] = stream_picture([STATES[Extent.PARTIAL]], replace(RULE, cursor_time=None))
    shown = view.as_json()
    assert shown["covered"] == [("1600000000.0", "1700000000.0")]
    assert set(map(tuple, shown["spans"].values())) == {()}
    assert shown["covered_through"] is None


@pytest.mark.requirement("RS-4.2")
def test_what_is_not_followed_where_items_arrive_in_any_order_is_not_called_covered_from_its_beginning():
    any_order = replace(RULE, arrival="any_order")
    told = {
        followed: stream_picture([replace(WHOLE, to_end=True, followed=followed)], any_order)[0].as_json()
        for followed in (True, False)
    }
    assert (told[True]["follows_arrivals"], told[False]["follows_arrivals"]) == (True, False)
    assert told[True]["explain"] == "Covered from its beginning."
    assert told[False]["explain"].startswith("Covered as it was when it was last looked at")
    assert stream_picture([replace(WHOLE, followed=True)], any_order)[0].extent is Extent.PARTIAL, "not to its end"


def test_an_empty_one_that_was_read_is_whole():
    [view] = stream_picture([replace(WHOLE, covered=(), to_end=True)], RULE)
    assert (view.extent, view.as_json()["explain"]) == (Extent.COMPLETE, "Read; there is nothing in it.")
