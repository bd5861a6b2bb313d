"""RS-4.2: where items arrive in any order, what was read stays whole only while all that arrives is followed."""

import pytest

from polyhost.ledger.arrivals import arrivals_name, extended, is_as_of_then, is_settled_above, unfollowed
from polyhost.ledger.observe import InventoryResult, observe_coverage, observe_inventory
from polyhost.ledger.plan import has_unread, windows
from polyhost.ledger.settle import settle
from polyhost.ledger.state import (
    CursorOrder,
    HiddenStretch,
    PartitionRule,
    PartitionState,
    PartitionStatus,
    Range,
    ResumeToken,
)
from polyhost.protocol.commands import CommitInventory, InventoryEntry
from polyhost.protocol.diagnostics import DiagnosticCode, Severity

pytestmark = pytest.mark.requirement("RS-4.2")

AT = "2026-01-01T00:00:00Z"
RULE = PartitionRule(stream="m", field="c", cursor_field="n", order=CursorOrder.NUMERIC, arrival="any_order")
IN_ORDER = PartitionRule(stream="m", field="c", cursor_field="n", order=CursorOrder.NUMERIC)


def state(*covered: Range, to_end: bool = False, followed: bool = True, **over) -> PartitionState:
    told = {"stream": "m", "key": "c", "last_seen": AT, **over}
    return PartitionState(covered=covered, to_end=to_end, followed=followed, **told)


def test_no_stream_is_called_as_its_token():
    assert "\n" in arrivals_name("m"), "the name of a stream is one line"


def test_what_arrived_takes_what_was_read_to_its_end_up_to_its_newest():
    read = state(
        Range(None, "10"), to_end=True, tokens=(ResumeToken("10", "newer", "t"), ResumeToken("4", "older", "u"))
    )
    further = extended(read, "15", RULE)
    assert (further.covered, further.tokens) == ((Range(None, "15"),), (ResumeToken("4", "older", "u"),))
    assert extended(read, "7", RULE) == read, "a late one lies within"
    assert extended(read, None, RULE) == read, "nothing came"
    assert extended(state(Range(None, "10")), "15", RULE) == state(Range(None, "10")), "somewhere above was never read"


def test_what_arrived_above_a_hidden_stretch_does_not_cover_it():
    read = state(Range(None, "10"), to_end=True, hidden=(HiddenStretch("10", "13", AT, "away"),))
    further = extended(read, "15", RULE)
    assert further.covered == (Range(None, "10"), Range("13", "15"))
    assert windows(further, RULE) == []
    assert not has_unread(further, RULE)
    assert further.high_water == "15", "it reaches across what is hidden"


def test_what_arrives_where_there_was_nothing_is_all_there_is():
    assert extended(state(to_end=True), "15", RULE).covered == (Range(None, "15"),)
    assert extended(state(to_end=True, limited_before="3"), "15", RULE).covered == (Range("3", "15"),)
    assert extended(state(to_end=True, limited_before="20"), "15", RULE).covered == (), "it lies in what is hidden"


def test_without_the_token_all_is_asked_for_again():
    read = state(
        Range(None, "10"), to_end=True, arrivals="t", tokens=(ResumeToken("10", "newer", "t"),), sweep_until="3"
    )
    lost = unfollowed(read)
    assert (lost.covered, lost.tokens, lost.arrivals, lost.to_end, lost.followed) == ((), (), None, False, False)
    assert [(w.since, w.until, w.purpose) for w in windows(lost, RULE)] == [(None, None, "backfill")]


def test_nothing_above_is_asked_for_while_it_is_followed():
    read = state(Range("3", "10"), to_end=True)
    unfollowed_one = state(Range("3", "10"), to_end=True, followed=False)
    assert [(w.since, w.until) for w in windows(read, RULE)] == [(None, "3")]
    assert [(w.since, w.until) for w in windows(unfollowed_one, RULE)] == [("10", None), (None, "3")]
    assert windows(state(to_end=True), RULE) == [], "an empty one was read whole"
    assert [(w.since, w.until) for w in windows(state(Range(None, "10")), RULE)] == [("10", None)]
    assert is_settled_above(read, RULE)
    assert not is_settled_above(read, IN_ORDER)


def test_a_followed_one_that_was_not_read_to_its_end_has_something_unread():
    assert has_unread(state(Range(None, "10")), RULE)
    assert not has_unread(state(Range(None, "10"), to_end=True), RULE)
    assert not has_unread(state(Range(None, "10")), IN_ORDER)
    assert has_unread(state(), IN_ORDER)
    assert not has_unread(state(to_end=True), IN_ORDER), "it is empty, and was read"
    assert not has_unread(state(limited_before="3"), IN_ORDER)
    assert has_unread(state(Range("3", "10")), IN_ORDER)


def test_reading_below_the_top_does_not_undo_that_the_end_was_reached():
    def read(before: PartitionState, since, until, *, to_end: bool = False) -> PartitionState:
        return observe_coverage(before, since=since, until=until, limited_before=None, rule=RULE, at=AT, to_end=to_end)

    whole = read(state(), "5", "10", to_end=True)
    assert whole.to_end
    assert read(whole, None, "5").to_end
    assert not read(whole, "10", "12").to_end
    empty = read(state(), None, None, to_end=True)
    assert (empty.covered, empty.to_end) == ((), True)


def told(read: PartitionState, rule: PartitionRule = RULE):
    inventory = InventoryResult(frozenset({"c"}), complete=True)
    settled = settle(states={"c": read}, inventory=inventory, rule=rule, at=AT)
    return [(found.code, found.severity) for found in settled.diagnostics]


def test_what_is_not_followed_is_said_to_be_whole_as_of_when_it_was_read():
    followed = state(Range(None, "10"), to_end=True)
    unfollowed_one = state(Range(None, "10"), to_end=True, followed=False)
    assert told(followed) == []
    assert told(unfollowed_one) == [(DiagnosticCode.RANGE_UNPROVEN, Severity.INFO)]
    assert told(unfollowed_one, IN_ORDER) == []
    assert told(state(Range(None, "10"))) == [(DiagnosticCode.RANGE_UNPROVEN, Severity.GAP)]
    assert is_as_of_then(unfollowed_one, RULE)
    assert not is_as_of_then(followed, RULE)


def test_one_that_was_away_is_read_anew_when_it_is_listed_again():
    away = state(Range(None, "10"), to_end=True, status=PartitionStatus.MISSING)
    listed = CommitInventory("m", (InventoryEntry("c"),), complete=True)
    [back] = observe_inventory({"c": away}, listed, AT)
    assert (back.status, back.covered, back.followed) == (PartitionStatus.PRESENT, (), False)
