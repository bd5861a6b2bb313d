"""Stretches that the source hides, wherever they lie (RS-4.3; docs/ledger.md)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.ledger import hidden as rules
from polyhost.ledger.hidden import hidden_ranges, known, lift, state_hidden, with_contiguous
from polyhost.ledger.observe import InventoryResult, observe_coverage
from polyhost.ledger.plan import LookbackFacts, has_unread, is_readable, plan_refresh, unproven, windows
from polyhost.ledger.ranges import Ranges, add, contains_position
from polyhost.ledger.settle import settle
from polyhost.ledger.state import CursorOrder, HiddenStretch, PartitionState, Range, Window
from polyhost.protocol.diagnostics import DiagnosticCode, Severity

from .builders import AT, EARLIER, RULE, ranges, rule, state

pytestmark = pytest.mark.requirement("RS-4.3")

NUMBERS = CursorOrder.DECIMAL
LATER = "2026-11-25T10:00:00+00:00"


def hiding(of: PartitionState, *stretches: tuple[str | None, str], at: str = AT, reason: str | None = None):
    for since, until in stretches:
        of = state_hidden(of, HiddenStretch(since, until, at, reason), NUMBERS)
    return of


def covered(of: PartitionState, since: str | None, until: str, *, stated: tuple[tuple[str | None, str], ...] = ()):
    told = ranges(*stated)
    return observe_coverage(of, since=since, until=until, limited_before=None, rule=RULE, at=AT, hidden=told)


def test_what_was_stated_is_neither_covered_by_the_claim_that_holds_it_nor_a_hole():
    stated = hiding(state(), ("4.0", "6.0"))
    read = covered(stated, None, "9.0", stated=(("4.0", "6.0"),))
    assert read.covered == ranges((None, "4.0"), ("6.0", "9.0"))
    assert (unproven(read, NUMBERS), has_unread(read, RULE)) == ((), False)
    assert read.high_water == "9.0", "it reaches the beginning by way of what is hidden"
    assert windows(read, RULE) == [Window("9.0", None, "new")]


def test_a_stretch_at_the_beginning_is_one_too():
    read = covered(hiding(state(), (None, "4.0")), None, "9.0", stated=((None, "4.0"),))
    assert (read.covered, read.high_water, unproven(read, NUMBERS)) == (ranges(("4.0", "9.0")), "9.0", ())


def test_above_a_horizon_it_joins_what_lies_on_it():
    stated = hiding(replace(state("C1", ("3.0", "4.0")), limited_before="3.0", limited_since="3.0"), ("4.0", "6.0"))
    told = ranges(("4.0", "6.0"))
    read = observe_coverage(stated, since="4.0", until="9.0", limited_before="3.0", rule=RULE, at=AT, hidden=told)
    assert (read.high_water, unproven(read, NUMBERS)) == ("9.0", ())


def test_a_hole_beside_it_is_still_one():
    read = covered(hiding(state(), ("4.0", "6.0")), "7.0", "9.0")
    assert unproven(read, NUMBERS) == ranges((None, "4.0"), ("6.0", "7.0"))
    assert read.high_water is None


def test_where_all_is_hidden_only_what_is_new_and_what_lies_below_is_asked_for():
    all_hidden = hiding(state(), ("2.0", "8.0"))
    assert windows(all_hidden, RULE) == [Window("8.0", None, "new"), Window(None, "2.0", "backfill")]
    assert is_readable(all_hidden)
    assert has_unread(all_hidden, RULE)
    assert not has_unread(hiding(state(), (None, "8.0")), RULE)


def test_what_was_covered_before_stays_so_and_is_not_read_again_where_it_is_hidden():
    stated = hiding(state("C1", (None, "9.0")), ("4.0", "6.0"))
    assert stated.covered == ranges((None, "9.0"))
    plan = plan_refresh({"C1": stated}, {"C1": LookbackFacts(None, 0)}, RULE, now_iso=AT)["C1"]
    assert (plan.lookback, plan.hidden) == (ranges((None, "4.0"), ("6.0", "9.0")), ())


def test_it_is_asked_for_again_once_an_interval_within_the_budget_the_longest_waiting_first():
    old, newer = hiding(state("A"), ("4.0", "6.0"), at=EARLIER), hiding(state("B"), ("1.0", "2.0"), at=AT)
    both = {"A": old, "B": newer}
    soon = plan_refresh(both, {}, rule(budget=10), now_iso=AT)
    assert {key: plan.hidden for key, plan in soon.items()} == {"A": ranges(("4.0", "6.0"))}
    later = plan_refresh(both, {}, rule(budget=1), now_iso=LATER)
    assert {key: plan.hidden for key, plan in later.items()} == {"A": ranges(("4.0", "6.0"))}
    assert sum(plan.requests for plan in later.values()) == 1
    assert set(plan_refresh(both, {}, rule(budget=2), now_iso=LATER)) == {"A", "B"}
    assert plan_refresh(both, {}, rule(budget=0), now_iso=LATER) == {}
    asked = windows(old, RULE, soon["A"])
    assert Window("4.0", "6.0", "refresh") in asked
    assert Window("4.0", "6.0", "refresh") not in windows(old, RULE, soon["A"], walked=ranges(("4.0", "6.0")))


def test_a_later_claim_that_states_none_lifts_as_much_as_it_holds():
    stated = hiding(state("C1", (None, "4.0")), ("4.0", "8.0"))
    shown = covered(stated, "4.0", "6.0")
    assert (hidden_ranges(shown), shown.covered) == (ranges(("6.0", "8.0")), ranges((None, "6.0")))
    assert covered(shown, "6.0", "9.0").hidden == ()


def test_stated_again_it_is_as_old_as_it_was_told_last_and_touching_ones_are_one():
    twice = hiding(hiding(state(), ("4.0", "6.0"), at=EARLIER), ("4.0", "6.0"), at=AT)
    assert twice.hidden == (HiddenStretch("4.0", "6.0", AT),)
    grown = hiding(hiding(state(), ("4.0", "6.0"), at=EARLIER), ("5.0", "8.0"), at=AT)
    assert grown.hidden == (HiddenStretch("4.0", "8.0", EARLIER),)
    apart = hiding(hiding(state(), ("4.0", "6.0"), reason="left"), ("6.0", "8.0"), reason="suppressed")
    assert [one.reason for one in apart.hidden] == ["left", "suppressed"]


def test_no_more_are_kept_than_the_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rules, "MAX_HIDDEN", 2)
    many = hiding(state(), ("7.0", "8.0"), ("4.0", "5.0"), ("1.0", "2.0"))
    assert hidden_ranges(many) == ranges(("1.0", "2.0"), ("4.0", "5.0"))


def test_every_run_names_who_hides_something_and_is_not_incomplete_for_it():
    read = covered(hiding(state(), ("4.0", "6.0")), None, "9.0", stated=(("4.0", "6.0"),))
    found = settle(states={"C1": read}, inventory=InventoryResult(frozenset({"C1"}), True), rule=RULE, at=AT)
    [told] = found.diagnostics
    assert (told.code, told.partitions, told.severity) == (DiagnosticCode.SOURCE_LIMITED, ("C1",), Severity.INFO)


ends = st.tuples(st.integers(0, 9), st.integers(1, 9)).filter(lambda ends: ends[0] < ends[1])
spans = st.lists(ends.map(lambda two: (f"{two[0]}.0" if two[0] else None, f"{two[1]}.0")), max_size=5)


Spans = list[tuple[str | None, str]]


def merged(spans_: Spans) -> Ranges:
    found: Ranges = ()
    for since, until in spans_:
        found = add(found, Range(since, until), NUMBERS)
    return found


def holds(pieces: Ranges, position: str) -> bool:
    return contains_position(pieces, position, NUMBERS)


@given(stated=spans, read=spans, lifted=spans)
def test_a_position_is_covered_hidden_or_unknown_as_the_last_word_had_it(stated: Spans, read: Spans, lifted: Spans):
    """Between the ends: those belong to both sides."""
    told = hiding(state(), *stated)
    for since, until in read:
        told = covered(told, since, until, stated=tuple((one.since, one.until) for one in merged(stated)))
    shown = lift(told, merged(lifted), NUMBERS)
    for position in (f"{whole}.5" for whole in range(10)):
        is_stated, is_read = holds(merged(stated), position), holds(merged(read), position)
        assert holds(hidden_ranges(told), position) == is_stated
        assert holds(told.covered, position) == (is_read and not is_stated)
        assert holds(known(told, NUMBERS), position) == (is_read or is_stated)
        assert holds(hidden_ranges(shown), position) == (is_stated and not holds(merged(lifted), position))
    assert with_contiguous(told, NUMBERS) == told
