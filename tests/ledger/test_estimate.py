"""`run --dry-run`: what would be asked for (ours)."""

from polyhost.ledger.estimate import Estimate, estimate, total_requests
from polyhost.ledger.plan import LookbackFacts, RefreshPlan, windows

from .builders import RULE, ranges, state


def test_requests_are_estimated_by_partition_and_purpose():
    plans = {"C1": RefreshPlan(lookback=ranges(("7.0", "9.0")), requests=4)}
    planned = {
        "C1": windows(state("C1", ("2.0", "5.0"), ("7.0", "9.0")), RULE, plans["C1"]),
        "C2": windows(state("C2"), RULE),
    }
    found = estimate(planned, plans)
    assert found == [
        Estimate(partition="C1", purpose="new", windows=1, requests=1, open_ended=True),
        Estimate(partition="C1", purpose="backfill", windows=2, requests=2, open_ended=True),
        Estimate(partition="C1", purpose="refresh", windows=1, requests=4, open_ended=False),
        Estimate(partition="C2", purpose="backfill", windows=1, requests=1, open_ended=True),
    ]
    assert total_requests(found) == 8


def test_what_rides_along_with_a_new_window_is_no_line_of_its_own():
    planned = {"C1": windows(state("C1", (None, "9.0")), RULE, lookback=LookbackFacts("5.0", 2))}
    assert [line.purpose for line in estimate(planned, {})] == ["new"]


def test_a_full_run_does_not_know_how_much_it_reads():
    planned = {"C1": windows(state("C1", (None, "9.0")), RULE, full=True)}
    assert estimate(planned, {}) == [
        Estimate(partition="C1", purpose="refresh", windows=2, requests=2, open_ended=True)
    ]
