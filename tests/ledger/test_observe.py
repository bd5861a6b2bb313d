"""What inventory and coverage do to the ledger (ours; PROTOCOL's partition extension)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.ledger.observe import (
    InventoryResult,
    gather_inventory,
    observe_coverage,
    observe_inventory,
    proven,
)
from polyhost.ledger.plan import RefreshPlan
from polyhost.ledger.ranges import add, contains
from polyhost.ledger.state import CursorOrder, PartitionState, PartitionStatus
from polyhost.protocol.commands import CommitInventory, InventoryEntry

from .builders import AT, EARLIER, RULE, missing, ranges, retired, state

LATER = "2026-11-22T23:00:00+00:00"
TOMORROW = "2026-11-23T01:00:00+00:00"


def _inventory(*keys: str, complete: bool = True) -> CommitInventory:
    return CommitInventory("messages", tuple(InventoryEntry(key, f"#{key}", "open") for key in keys), complete)


def _covered(before: PartitionState, since: str | None, until: str, limit: str | None = None, **more) -> PartitionState:
    return observe_coverage(before, since=since, until=until, limited_before=limit, rule=RULE, at=AT, **more)


@pytest.mark.requirement("PR-2.4", "PR-2.5")
def test_a_partition_first_seen_gets_state_of_its_own_with_nothing_covered():
    late = state("C1", (None, "900.0"))
    [new] = observe_inventory({"C1": replace(late, label="#C1", source_status="open")}, _inventory("C1", "C2"), AT)
    assert (new.key, new.label, new.source_status, new.covered, new.legacy_floor) == ("C2", "#C2", "open", (), None)
    assert (new.first_seen, new.last_seen) == (AT, AT)


@pytest.mark.requirement("PR-1.7")
def test_a_missing_partition_that_is_listed_again_goes_on_from_its_own_ranges():
    gone = missing("C1", (None, "5.0"), ("7.0", "9.0"))
    [back] = observe_inventory({"C1": gone}, _inventory("C1", complete=False), AT)
    assert (back.status, back.missing_since, back.covered) == (PartitionStatus.PRESENT, None, gone.covered)


def test_what_a_source_says_of_a_partition_counts_only_as_long_as_it_says_it():
    known = replace(state("C1"), label="#C1", source_status="archived")
    [now] = observe_inventory({"C1": known}, CommitInventory("messages", (InventoryEntry("C1"),), True), AT)
    assert (now.label, now.source_status) == ("#C1", None)


def test_a_retired_partition_that_is_listed_stays_retired():
    [seen] = observe_inventory({"C1": retired()}, _inventory("C1"), AT)
    assert (seen.status, seen.missing_since) == (PartitionStatus.RETIRED, None)


OVER = (InventoryEntry("C1", deleted=True), InventoryEntry("C2", "#new", became="C3"))


@pytest.mark.requirement("RS-4.4")
def test_what_the_source_calls_over_is_so_at_once_with_all_that_was_read_of_it():
    known = {"C1": state("C1", (None, "5.0")), "C2": missing("C2", (None, "9.0"))}
    deleted, became = observe_inventory(known, CommitInventory("messages", OVER, False), AT)
    assert (deleted.status, deleted.ended_since, deleted.successor) == (PartitionStatus.DELETED, AT, None)
    assert (became.status, became.successor, became.missing_since) == (PartitionStatus.BECAME, "C3", None)
    assert (deleted.covered, became.covered, became.label) == (ranges((None, "5.0")), ranges((None, "9.0")), "#new")
    again = {"C1": deleted, "C2": became}
    assert observe_inventory(again, CommitInventory("messages", OVER, True), LATER) == [], "since when is kept"


@pytest.mark.requirement("RS-4.4")
def test_listed_again_it_is_there_again_and_nothing_else():
    over = observe_inventory({"C2": state("C2", (None, "9.0"))}, CommitInventory("messages", OVER, True), AT)
    [back] = observe_inventory({one.key: one for one in over}, _inventory("C2"), AT)
    assert (back.status, back.successor, back.ended_since) == (PartitionStatus.PRESENT, None, None)
    assert back.covered == ranges((None, "9.0"))


def test_of_what_was_over_before_anybody_knew_it_only_what_it_became_is_kept():
    [kept] = observe_inventory({}, CommitInventory("messages", OVER, True), AT)
    assert (kept.key, kept.successor) == ("C2", "C3")


def test_a_retired_partition_that_is_over_stays_retired():
    known = {"C1": retired("C1"), "C2": retired("C2")}
    for seen in observe_inventory(known, CommitInventory("messages", OVER, True), AT):
        assert (seen.status, seen.ended_since) == (PartitionStatus.RETIRED, AT)


def test_what_is_over_is_not_among_what_there_is():
    listed = gather_inventory(None, CommitInventory("messages", (*OVER, InventoryEntry("C3")), True))
    assert listed == InventoryResult(frozenset({"C3"}), True)


@pytest.mark.requirement("PR-2.7")
def test_a_scoped_run_touches_no_partition_outside_its_scope():
    states = {"C1": missing("C1"), "C2": missing("C2")}
    changed = observe_inventory(states, _inventory("C1", "C2", "C3"), AT, scope_keys={"C2"})
    assert [entry.key for entry in changed] == ["C2"]


def test_seeing_a_partition_again_on_the_same_day_changes_nothing():
    """Otherwise an idle run over 10,000 partitions would write 10,000 rows."""
    [first] = observe_inventory({}, _inventory("C1"), AT)
    assert not observe_inventory({"C1": first}, _inventory("C1"), LATER)
    [again] = observe_inventory({"C1": first}, _inventory("C1"), TOMORROW)
    assert again.last_seen == TOMORROW


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([_inventory("A"), _inventory("B")], InventoryResult(frozenset("B"), complete=True)),
        ([_inventory("A", complete=False), _inventory("B")], InventoryResult(frozenset("AB"), complete=True)),
        ([_inventory("A"), _inventory("B", complete=False)], InventoryResult(frozenset("B"), complete=False)),
        ([_inventory(complete=False), _inventory()], InventoryResult(frozenset(), complete=True)),
    ],
)
@pytest.mark.requirement("PR-1.5")
def test_only_the_last_message_makes_an_inventory_complete(messages: list[CommitInventory], expected: InventoryResult):
    result = None
    for message in messages:
        result = gather_inventory(result, message)
    assert result == expected


@pytest.mark.requirement("PR-2.3")
def test_a_global_cursor_is_a_floor_for_partitions_without_state_only():
    known = state("C1", (None, "5.0"))
    changed = observe_inventory({"C1": known}, _inventory("C1", "C2"), AT, legacy_high_water="700.0")
    assert {entry.key: entry.legacy_floor for entry in changed} == {"C1": None, "C2": "700.0"}


@pytest.mark.requirement("PR-2.6")
def test_a_cut_walk_newest_first_leaves_a_hole_and_no_false_high_water():
    now = _covered(_covered(state("C1", (None, "5.0")), "8.0", "9.0"), "7.0", "8.0")
    assert now.covered == ranges((None, "5.0"), ("7.0", "9.0"))
    assert now.high_water == "5.0"
    assert _covered(now, "5.0", "7.0").high_water == "9.0"


def test_nothing_is_proven_below_the_sources_horizon():
    now = _covered(state(), None, "9.0", "4.0")
    assert (now.covered, now.high_water, now.limited_before) == (ranges(("4.0", "9.0")), "9.0", "4.0")


def test_high_water_survives_a_horizon_that_moves_on():
    now = _covered(_covered(state(), None, "9.0", "4.0"), "9.0", "12.0", "7.0")
    assert (now.covered, now.high_water) == (ranges(("4.0", "12.0")), "12.0")
    now = _covered(now, "12.0", "30.0", "20.0")
    assert (now.covered, now.high_water) == (ranges(("4.0", "12.0"), ("20.0", "30.0")), "30.0")


def test_a_horizon_above_the_whole_range_proves_nothing():
    now = _covered(state(), None, "3.0", "4.0")
    assert (now.covered, now.high_water, now.limited_before, now.refreshed_at) == ((), None, "4.0", None)


def test_a_horizon_that_is_gone_is_forgotten_once_the_source_was_read_below_it():
    limited = _covered(state(), None, "9.0", "4.0")
    assert _covered(limited, "9.0", "10.0").limited_before == "4.0"
    lifted = _covered(limited, None, "10.0")
    assert (lifted.limited_before, lifted.limited_since, lifted.high_water) == (None, None, "10.0")


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="begins"):
        proven("5.0", "4.0", None, CursorOrder.DECIMAL)
    with pytest.raises(ValueError, match="cursor"):
        _covered(state(), None, "soon")


def test_reading_a_partition_for_the_first_time_counts_as_refreshing_it():
    assert _covered(state(), "8.0", "9.0").refreshed_at == AT


def test_a_refresh_counts_once_all_of_it_was_walked():
    before = state("C1", (None, "9.0"), refreshed_at=EARLIER)
    plan = RefreshPlan(lookback=ranges(("3.0", "9.0")))
    half = _covered(before, "6.0", "9.0", walked=ranges(("6.0", "9.0")), refresh=plan)
    assert half.refreshed_at == EARLIER
    whole = _covered(half, "3.0", "6.0", walked=ranges(("6.0", "9.0")), refresh=plan)
    assert (whole.refreshed_at, whole.swept_at) == (AT, None)


def test_a_refresh_of_all_there_is_is_a_sweep_too():
    before = state("C1", (None, "9.0"), refreshed_at=EARLIER, sweep_until="4.0")
    plan = RefreshPlan(lookback=ranges((None, "9.0")), whole=True)
    now = _covered(before, None, "9.0", refresh=plan)
    assert (now.refreshed_at, now.swept_at, now.sweep_until) == (AT, AT, None)


def test_walking_again_what_was_not_due_counts_for_nothing():
    """A look-back that rides along with a new window is shallow; it does not put off the deep one."""
    before = state("C1", (None, "9.0"), refreshed_at=EARLIER)
    now = _covered(before, None, "9.0")
    assert (now.refreshed_at, now.swept_at) == (EARLIER, None)


def test_a_full_run_refreshes_and_sweeps_once_everything_was_walked():
    before = state("C1", (None, "9.0"), refreshed_at=EARLIER, sweep_until="4.0")
    half = _covered(before, "5.0", "12.0", full=True)
    assert (half.refreshed_at, half.sweep_until) == (EARLIER, "4.0")
    whole = _covered(half, None, "5.0", walked=ranges(("5.0", "12.0")), full=True)
    assert (whole.refreshed_at, whole.swept_at, whole.sweep_until) == (AT, AT, None)


def test_a_sweep_moves_down_slice_by_slice_and_ends_at_the_bottom():
    before = state("C1", (None, "9.0"), refreshed_at=AT)
    down = _covered(before, "5.0", "9.0", refresh=RefreshPlan(sweep=ranges(("5.0", "9.0")), sweep_until="5.0"))
    assert (down.sweep_until, down.swept_at) == ("5.0", None)
    done = _covered(down, None, "5.0", refresh=RefreshPlan(sweep=ranges((None, "5.0"))))
    assert (done.sweep_until, done.swept_at) == (None, AT)


def test_a_sweep_that_reaches_a_horizon_is_done_there():
    before = state("C1", ("4.0", "9.0"), limited_before="4.0", limited_since="4.0")
    done = _covered(before, None, "9.0", "5.0", refresh=RefreshPlan(sweep=ranges((None, "9.0"))))
    assert done.swept_at == AT


pieces = st.tuples(st.none() | st.integers(0, 9), st.integers(9, 12), st.none() | st.integers(0, 12))


@given(st.lists(pieces, max_size=5))
def test_applying_the_same_coverage_twice_changes_nothing(messages: list[tuple[int | None, int, int | None]]):
    now, walked = state(), ()
    for since, until, limit in messages:
        low, high, hidden = (None if value is None else f"{value}.0" for value in (since, until, limit))
        assert high is not None
        now = _covered(now, low, high, hidden, walked=walked, full=True)
        piece = proven(low, high, hidden, RULE.order)
        walked = walked if piece is None else add(walked, piece, RULE.order)
        assert _covered(now, low, high, hidden, walked=walked, full=True) == now
        assert piece is None or contains(now.covered, piece, RULE.order)
