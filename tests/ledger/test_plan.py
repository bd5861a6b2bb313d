"""What is wanted of a partition (docs/ledger.md)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.ledger.plan import LookbackFacts, RefreshPlan, Unswept, plan_refresh, probes, unswept, windows
from polyhost.ledger.state import PartitionState, Window

from .builders import AT, EARLIER, RULE, missing, ranges, retired, rule, state

MONTHS_AGO = "2026-06-01T10:00:00+00:00"
IN_TWO_YEARS = "2028-11-22T10:00:00+00:00"


def _states(count: int, **facts: str | None) -> dict[str, PartitionState]:
    return {f"C{number}": state(f"C{number}", (None, "9.0"), **facts) for number in range(count)}


def _facts(states: dict[str, PartitionState], groups: int = 0) -> dict[str, LookbackFacts]:
    return {key: LookbackFacts("5.0", groups) for key in states}


@pytest.mark.requirement("PR-2.5")
def test_a_partition_with_nothing_covered_is_wanted_whole():
    assert windows(state(), RULE) == [Window(None, None, "backfill")]


@pytest.mark.requirement("PR-2.1", "PR-2.6")
def test_what_is_new_comes_first_then_every_hole_from_the_newest_down():
    holed = state("C1", ("2.0", "3.0"), ("5.0", "6.0"), ("8.0", "9.0"))
    assert windows(holed, RULE) == [
        Window("9.0", None, "new"),
        Window("6.0", "8.0", "backfill"),
        Window("3.0", "5.0", "backfill"),
        Window(None, "2.0", "backfill"),
    ]


@pytest.mark.requirement("PR-2.3")
def test_a_legacy_floor_splits_the_first_reading_and_hides_nothing():
    assert windows(state(legacy_floor="7.0"), RULE) == [Window("7.0", None, "new"), Window(None, "7.0", "backfill")]
    once_read = state("C1", ("7.0", "9.0"), legacy_floor="7.0")
    assert windows(once_read, RULE) == [Window("9.0", None, "new"), Window(None, "7.0", "backfill")]


def test_what_the_source_hides_is_not_asked_for():
    limited = state("C1", ("4.0", "5.0"), ("7.0", "9.0"), limited_before="6.0")
    assert windows(limited, RULE) == [Window("9.0", None, "new"), Window("6.0", "7.0", "backfill")]


def test_where_the_source_hides_all_there_is_only_newer_records_are_asked_for():
    assert windows(state(limited_before="6.0"), RULE) == [Window("6.0", None, "new")]


def test_where_all_that_was_read_is_hidden_now_a_due_refresh_asks_whether_it_still_is():
    hidden = state("C1", ("2.0", "5.0"), limited_before="6.0")
    plan = plan_refresh({"C1": hidden}, {"C1": LookbackFacts(None, 0)}, RULE, now_iso=AT)["C1"]
    assert plan.lookback == ranges((None, "6.0"))


@pytest.mark.requirement("PR-1.8")
@pytest.mark.parametrize("gone", [missing("C1", (None, "3.0")), retired("C1", (None, "3.0"))])
@pytest.mark.parametrize("full", [False, True])
def test_a_missing_or_retired_partition_is_asked_for_nothing(gone: PartitionState, full: bool):
    plan = RefreshPlan(lookback=ranges((None, "3.0")))
    assert windows(gone, RULE, plan, lookback=LookbackFacts(None, 0), full=full) == []
    assert not probes([gone], RULE, now_iso=AT).lookback
    assert not plan_refresh({"C1": gone}, {"C1": LookbackFacts(None, 0)}, RULE, now_iso=AT)


def test_a_full_run_wants_everything_deep_and_goes_on_where_it_was_restarted():
    """Split where the last run ended: what was newest then may be gone, and only a window that ends there proves it."""
    parted = [Window("9.0", None, "refresh"), Window(None, "9.0", "refresh")]
    assert windows(state("C1", (None, "9.0")), RULE, full=True) == parted
    assert windows(state(), RULE, full=True) == [Window(None, None, "backfill")]
    resumed = windows(state("C1", (None, "9.0")), RULE, full=True, walked=ranges(("5.0", "9.0")))
    assert resumed == [Window("9.0", None, "refresh"), Window(None, "5.0", "refresh")]
    at_horizon = state("C1", ("2.0", "9.0"), limited_before="5.0")
    assert windows(at_horizon, RULE, full=True, walked=ranges(("5.0", "9.0"))) == [Window("9.0", None, "refresh")]


@pytest.mark.parametrize("full", [False, True])
def test_what_is_stored_above_all_that_was_read_is_asked_for_to_its_end(full: bool):
    """A run that was cut off left it there; that it is still at the source, no run has proven."""
    purpose = "refresh" if full else "new"
    above = [Window("9.5", None, purpose), Window("9.0", "9.5", "refresh" if full else "backfill")]
    assert windows(state("C1", (None, "9.0")), RULE, full=full, newest="9.5")[:2] == above
    assert windows(state("C1", (None, "9.0")), RULE, full=full, newest="9.0")[0] == Window("9.0", None, purpose)
    parted = [Window("9.5", None, "backfill"), Window(None, "9.5", "backfill")]
    assert windows(state(), RULE, full=full, newest="9.5") == parted


def test_a_full_run_that_was_restarted_asks_for_what_it_left_above_too():
    resumed = windows(state("C1", (None, "9.0")), RULE, full=True, walked=ranges((None, "9.0")), newest="9.5")
    assert resumed == [Window("9.5", None, "refresh"), Window("9.0", "9.5", "refresh")]


@pytest.mark.parametrize("known", [{"limited_before": "6.0"}, {"legacy_floor": "6.0"}])
def test_what_is_stored_above_a_floor_is_asked_for_to_its_end_too(known: dict[str, str]):
    assert windows(state(**known), RULE, newest="9.5")[:2] == [
        Window("9.5", None, "new"),
        Window("6.0", "9.5", "backfill"),
    ]


def test_a_look_back_that_rides_along_ends_where_the_new_window_begins():
    found = windows(state("C1", (None, "9.0")), RULE, lookback=LookbackFacts("5.0", 3))
    assert found == [Window("9.0", None, "new"), Window("5.0", "9.0", "refresh", deep=False, when="with_new")]


def test_a_look_back_over_a_hole_rereads_only_what_is_covered():
    found = windows(
        state("C1", (None, "4.0"), ("8.0", "9.0")), RULE, RefreshPlan(lookback=ranges(("2.0", "4.0"), ("8.0", "9.0")))
    )
    assert found == [
        Window("9.0", None, "new"),
        Window("4.0", "8.0", "backfill"),
        Window("8.0", "9.0", "refresh"),
        Window("2.0", "4.0", "refresh"),
    ]


def test_a_due_refresh_replaces_the_one_that_rides_along_and_is_not_repeated_after_a_restart():
    before, plan = state("C1", (None, "9.0")), RefreshPlan(lookback=ranges(("5.0", "9.0")))
    facts = LookbackFacts("5.0", 0)
    assert windows(before, RULE, plan, lookback=facts)[1:] == [Window("5.0", "9.0", "refresh")]
    assert windows(before, RULE, plan, lookback=facts, walked=ranges(("5.0", "9.0")))[1:] == []


def test_while_all_fit_the_budget_all_are_refreshed_on_every_run():
    states = _states(3, refreshed_at=AT)
    plans = plan_refresh(states, _facts(states, groups=2), rule(budget=9), now_iso=AT)
    assert {key: (plan.since, plan.until, plan.requests) for key, plan in plans.items()} == dict.fromkeys(
        states, ("5.0", "9.0", 3)
    )


def test_beyond_the_budget_only_those_whose_interval_is_over_longest_ago_first():
    states = _states(4, refreshed_at=EARLIER)
    states["C1"] = replace(states["C1"], refreshed_at=AT)
    states["C3"] = replace(states["C3"], refreshed_at=MONTHS_AGO)
    plans = plan_refresh(states, _facts(states, groups=1), rule(budget=4), now_iso=AT)
    assert list(plans) == ["C3", "C0"]


def test_a_partition_that_alone_exceeds_the_budget_still_gets_its_turn():
    states = _states(2, refreshed_at=EARLIER)
    facts = {"C0": LookbackFacts("5.0", 50), "C1": LookbackFacts("5.0", 0)}
    assert list(plan_refresh(states, facts, rule(budget=4), now_iso=AT)) == ["C0"]


@pytest.mark.parametrize("policy", [rule(budget=0), rule(lookback=0)])
def test_without_budget_or_look_back_nothing_is_read_again(policy):
    states = _states(2, refreshed_at=EARLIER, swept_at=MONTHS_AGO)
    asked = probes(states.values(), policy, now_iso=AT)
    assert not asked.lookback
    assert not asked.sweep
    assert not plan_refresh(states, _facts(states), policy, now_iso=AT)


def test_the_store_is_asked_about_no_more_partitions_than_the_budget_could_pay_for():
    states = _states(50, refreshed_at=EARLIER, swept_at=MONTHS_AGO)
    asked = probes(states.values(), rule(budget=7), now_iso=AT)
    assert len(asked.lookback) == len(asked.sweep) == 7


def test_an_idle_connection_that_was_read_today_asks_for_nothing_again():
    states = _states(50, refreshed_at=AT)
    asked = probes(states.values(), rule(budget=7), now_iso=AT)
    assert (asked.lookback, asked.sweep) == ((), {})


def test_a_sweep_begins_with_the_look_back_and_goes_down_with_what_is_left_of_the_budget():
    old = state("C1", (None, "9.0"), refreshed_at=AT, swept_at=MONTHS_AGO)
    first = plan_refresh({"C1": old}, {"C1": LookbackFacts("5.0", 0)}, RULE, now_iso=AT)["C1"]
    assert (first.sweep, first.sweep_until, first.requests) == (ranges(("5.0", "9.0")), "5.0", 1)
    assert windows(old, RULE, first)[1:] == [Window("5.0", "9.0", "refresh")]
    running = replace(old, sweep_until="5.0", swept_at=AT)
    assert probes([running], RULE, now_iso=AT).sweep == {"C1": "5.0"}
    then = plan_refresh(
        {"C1": running},
        {"C1": LookbackFacts("6.0", 0)},
        RULE,
        now_iso=AT,
        sweep_facts={"C1": LookbackFacts("3.0", 2)},
    )["C1"]
    assert (then.sweep, then.sweep_until, then.requests) == (ranges(("3.0", "5.0")), "3.0", 4)
    assert windows(running, RULE, then)[1:] == [Window("6.0", "9.0", "refresh"), Window("3.0", "5.0", "refresh")]


def test_a_look_back_that_holds_all_there_is_needs_no_sweep():
    old = state("C1", (None, "9.0"), refreshed_at=AT, swept_at=MONTHS_AGO)
    whole = {"C1": LookbackFacts(None, 0)}
    for entry in (old, replace(old, sweep_until="5.0")):
        plan = plan_refresh({"C1": entry}, whole, RULE, now_iso=AT, sweep_facts=whole)["C1"]
        assert (plan.whole, plan.lookback, plan.sweep, plan.requests) == (True, ranges((None, "9.0")), (), 1)


def test_a_sweep_ends_at_the_lowest_range_though_a_hole_lies_below():
    cut = state("C1", ("3.0", "9.0"), swept_at=MONTHS_AGO, sweep_until="6.0")
    plan = plan_refresh({"C1": cut}, {}, RULE, now_iso=AT, sweep_facts={"C1": LookbackFacts(None, 0)})["C1"]
    assert (plan.sweep, plan.sweep_until) == (ranges(("3.0", "6.0")), None)


def test_at_the_bottom_a_source_that_hides_is_asked_whether_it_still_does():
    limited = state("C1", ("4.0", "9.0"), limited_before="4.0", swept_at=MONTHS_AGO, sweep_until="6.0")
    tight = rule(budget=1)
    plan = plan_refresh({"C1": limited}, {}, tight, now_iso=AT, sweep_facts={"C1": LookbackFacts(None, 0)})["C1"]
    assert (plan.sweep, plan.sweep_until) == (ranges((None, "6.0")), None)


@pytest.mark.requirement("RS-3")
def test_what_a_clock_two_years_ahead_has_called_read_is_read_again_at_once_and_before_the_rest():
    states = _states(3, refreshed_at=EARLIER, swept_at=EARLIER)
    states["C2"] = replace(states["C2"], refreshed_at=IN_TWO_YEARS, swept_at=IN_TWO_YEARS)
    assert probes(states.values(), rule(budget=1, interval=30 * 86_400), now_iso=AT).lookback == ("C2",)
    assert unswept(states.values(), rule(interval=30 * 86_400), now_iso=AT).partitions == 1
    assert next(iter(plan_refresh(states, _facts(states), rule(budget=2, interval=60), now_iso=AT))) == "C2"


def test_what_was_not_read_again_for_longer_than_the_interval_is_counted():
    states = [state("C1", (None, "9.0")), state("C2", (None, "9.0"), first_seen=EARLIER), state("C3"), missing("C4")]
    assert unswept(states, RULE, now_iso=AT) == Unswept(1, EARLIER)


costs = st.lists(st.integers(0, 12), min_size=1, max_size=12)


@given(costs, st.integers(1, 20), st.booleans())
def test_re_reading_never_exceeds_the_budget_save_for_one_partition(groups: list[int], budget: int, aged: bool):
    states = _states(len(groups), refreshed_at=EARLIER if aged else AT, swept_at=MONTHS_AGO)
    facts = {f"C{number}": LookbackFacts("5.0", count) for number, count in enumerate(groups)}
    plans = plan_refresh(states, facts, rule(budget=budget), now_iso=AT, sweep_facts=facts)
    spent = [plan.requests for plan in plans.values()]
    assert sum(spent) <= budget or len(spent) == 1


@given(st.lists(st.integers(0, 30), min_size=1, max_size=10), st.integers(1, 12))
def test_every_partition_gets_its_turn_within_a_bounded_number_of_runs(groups: list[int], budget: int):
    """Longest unread first and at least one each run: nobody starves."""
    policy = rule(budget=budget)
    states = _states(len(groups), refreshed_at=EARLIER)
    facts = {f"C{number}": LookbackFacts("5.0", count) for number, count in enumerate(groups)}
    waiting = set(states)
    for _ in groups:
        plans = plan_refresh(states, facts, policy, now_iso=AT)
        waiting -= plans.keys()
        states.update({key: replace(states[key], refreshed_at=AT) for key in plans})
    assert not waiting
