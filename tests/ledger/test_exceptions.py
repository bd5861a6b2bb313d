"""Which exceptions arise, heal and are tried again (RS-1.1, RS-1.3; ours: docs/ledger.md)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.errors import RefusedError
from polyhost.ledger import exceptions
from polyhost.ledger.exceptions import ExceptionId, StandingException
from polyhost.ledger.partition_rule import partition_rule
from polyhost.ledger.state import CursorOrder, PartitionState, PartitionStatus, Range, Window
from polyhost.protocol.diagnostics import MAX_RUN_BYTES, bound_diagnostics
from polyhost.protocol.exceptions import ExceptionFact, ExceptionKind, ExceptionReason

pytestmark = pytest.mark.requirement("RS-1.1")

RULE = partition_rule(
    "messages", {"field": "channel", "cursor_field": "ts", "order": "decimal", "group_field": "thread"}
)
AT, LATER = "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"
READ = PartitionState(stream="messages", key="C1", covered=(Range(None, "10.0"), Range("20.0", "30.0")))


def fact(key: str = "a", position: str | None = "5.0", **over: Any) -> ExceptionFact:
    told: dict[str, Any] = {"stream": "messages", "kind": ExceptionKind.RECORD, "reason": ExceptionReason.INVALID}
    return ExceptionFact(**{**told, "key": key, "partition": "C1", "position": position, **over})


def one(
    key: str = "a", position: str | None = "5.0", *, turn: int = 1, tries: int = 1, **over: Any
) -> StandingException:
    made = exceptions.met(None, fact(key, position, **over), at=AT, turn=turn)
    return replace(made, tries=tries)


def group(at: str, **over: Any) -> StandingException:
    return one(at, kind=ExceptionKind.GROUP, reason=ExceptionReason.NOT_FOUND, **over)


def healed(*standing: StandingException, since: str | None = None, until: str = "9.0", **over: Any) -> list[str]:
    given_facts: dict[str, Any] = {"groups": set(), "heads": set(), "met_now": set()}
    found = exceptions.healed_by_claim(
        standing, Range(since, until), order=CursorOrder.DECIMAL, **{**given_facts, **over}
    )
    return [of.key for of in found]


def key_of(position: str) -> str:
    return exceptions.sort_key(position, CursorOrder.DECIMAL)


def test_one_that_is_met_again_counts_once_in_a_run_and_keeps_since_when_it_stands() -> None:
    first = exceptions.met(None, fact(), at=AT, turn=4)
    again = exceptions.met(first, fact(reason=ExceptionReason.UNMAPPABLE), at=LATER, turn=4)
    assert (again.since, again.last_tried, again.tries, again.reason) == (AT, LATER, 1, "unmappable")
    assert exceptions.met(again, fact(), at=LATER, turn=5).tries == 2


def test_one_that_was_met_in_this_run_is_not_proven_away_unless_it_is_a_group_that_was_read_after_that() -> None:
    record, thread = one(), group("6.0")
    met_now = {record.id, thread.id}
    assert healed(record, thread, met_now=met_now) == []
    assert healed(record, thread, met_now=met_now, groups={key_of("5.0"), key_of("6.0")}) == ["6.0"]


def test_a_group_stands_at_its_own_position() -> None:
    assert group("7.0", position=None).position == "7.0"


@pytest.mark.parametrize(
    ("position", "gone"), [("1.0", False), ("2.0", True), ("9.0", True), ("9.1", False), (None, False)]
)
def test_a_record_heals_where_its_place_is_proven_without_it_ends_included(position: str | None, gone: bool) -> None:
    assert healed(one("a", position), since="2.0") == (["a"] if gone else [])


def test_one_that_was_met_in_the_run_does_not_heal() -> None:
    assert healed(one(), met_now={one().id}) == []


@pytest.mark.requirement("RS-1.3")
@pytest.mark.parametrize("hanging", [group("5.0"), one("m", "5.0", member=True)])
@pytest.mark.parametrize(
    ("groups", "heads", "gone"),
    [((), ("5.0",), False), (("5.0",), ("5.0",), True), ((), (), True), (("6.0",), ("5.0",), False)],
)
def test_what_hangs_on_a_head_heals_where_its_group_was_read_or_its_head_is_gone(
    hanging: StandingException, groups: tuple[str, ...], heads: tuple[str, ...], gone: bool
) -> None:
    found = healed(hanging, groups={key_of(at) for at in groups}, heads={key_of(at) for at in heads})
    assert found == ([hanging.key] if gone else [])


@pytest.mark.parametrize(
    ("case", "state", "able"),
    [
        (one(), READ, True),
        (one("a", "15.0"), READ, False),
        (one("a", None), READ, False),
        (one(), None, False),
        (one(), replace(READ, status=PartitionStatus.MISSING), False),
        (one(), replace(READ, status=PartitionStatus.RETIRED), False),
        (one(), replace(READ, limited_before="6.0"), False),
        (one("a", "7.0"), replace(READ, limited_before="6.0"), True),
        (exceptions.set_aside(one(), reason="", at=LATER), READ, False),
    ],
)
def test_it_is_tried_where_it_can_be_read_and_nothing_else_asks_for_it(
    case: StandingException, state: PartitionState | None, able: bool
) -> None:
    assert exceptions.can_be_tried(case, state, RULE) is able


def test_records_of_one_page_are_tried_in_one_window_and_what_hangs_on_a_head_at_its_head() -> None:
    first, near, far, above = one("a", "9.0"), one("b", "5.0"), one("c", "1.0"), one("d", "9.5")
    retry = exceptions.next_retry(first, [near, far, above, group("6.0")], "2.0", RULE)
    assert (retry.window, retry.requests) == (Window("5.0", "9.0", "retry", deep=False), 1)
    assert {of.key for of in retry.tried} == {"a", "b"}
    deep = exceptions.next_retry(group("6.0"), [one("m", "6.0", member=True), near], None, RULE)
    assert (deep.window, {of.key for of in deep.tried}) == (Window("6.0", "6.0", "retry"), {"6.0", "m"})


def test_so_many_on_one_page_cost_as_many_requests_as_they_take() -> None:
    many = [one(str(at), f"{at}.0") for at in range(250, 0, -1)]
    assert exceptions.next_retry(many[0], many[1:], None, RULE).requests == 3


def test_those_that_were_tried_longest_ago_and_least_often_come_first() -> None:
    order = [one("often", tries=20, turn=9), one("lately", turn=9), one("long ago", turn=3), one("never", turn=1)]
    assert [found.key for found in exceptions.in_turn(order)] == ["never", "long ago", "lately", "often"]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=30), st.integers(1, 10))
def test_every_one_gets_its_turn(tries: list[int], fit: int) -> None:
    """However few fit into a run, and however often each was tried: none waits for ever."""
    standing = {str(number): one(str(number), tries=count) for number, count in enumerate(tries)}
    tried: set[str] = set()
    for turn in range(2, 2 + 70 * (len(tries) // fit + 1)):
        for found in exceptions.in_turn(standing.values())[:fit]:
            standing[found.key] = replace(found, turn=turn, tries=found.tries + 1)
            tried.add(found.key)
    assert tried == set(standing)


@pytest.mark.parametrize(
    ("window", "along"),
    [
        (Window(None, None, "backfill"), True),
        (Window("1.0", "9.0", "refresh"), True),
        (Window("1.0", "9.0", "refresh", deep=False), False),
        (Window("1.0", "9.0", "refresh", when="with_new"), False),
        (Window("5.5", "9.0", "refresh"), False),
        (Window("1.0", "4.0", "refresh"), False),
    ],
)
def test_a_window_that_reads_it_anyway_tries_it_along(window: Window, along: bool) -> None:
    assert exceptions.covers_retry(window, Window("5.0", "5.0", "retry"), CursorOrder.DECIMAL) is along


def test_a_shallow_window_tries_a_shallow_one_along() -> None:
    wide, narrow = Window("1.0", "9.0", "refresh", deep=False), Window("5.0", "5.0", "retry", deep=False)
    assert exceptions.covers_retry(wide, narrow, CursorOrder.DECIMAL)


def test_the_owner_lets_one_be_and_takes_that_back() -> None:
    aside = exceptions.set_aside(one(), reason=" A bot wrote it ", at=LATER)
    assert (aside.set_aside_at, aside.set_aside_reason, aside.is_set_aside) == (LATER, "A bot wrote it", True)
    assert exceptions.take_back(aside) == one()
    with pytest.raises(RefusedError):
        exceptions.set_aside(aside, reason="", at=LATER)
    with pytest.raises(RefusedError):
        exceptions.take_back(one())
    with pytest.raises(RefusedError):
        exceptions.set_aside(one(), reason="x" * 201, at=LATER)


def test_those_set_aside_are_told_of_no_more() -> None:
    assert exceptions.exception_diagnostics([exceptions.set_aside(one(), reason="", at=LATER)]) == []


def test_each_kind_of_a_stream_is_told_once_with_keys_in_order_and_a_bound() -> None:
    many = [one(f"k{number:03}", partition=f"C{number % 3}") for number in range(60)]
    told = exceptions.exception_diagnostics([*reversed(many), group("7.0")])
    assert [(str(found.code), found.total, found.truncated) for found in told] == [
        ("group_exception", 1, False),
        ("record_exception", 60, True),
    ]
    assert told[1].keys == tuple(f"k{number:03}" for number in range(50))
    assert told[1].partitions == ("C0", "C1", "C2")


def test_long_keys_are_cut_to_the_bound_of_a_run() -> None:
    told = exceptions.exception_diagnostics([one(f"{number}" + "k" * 900) for number in range(50)])
    [kept] = bound_diagnostics(told)
    assert (kept.total, kept.truncated, len(kept.keys or ()) < 10) == (50, True, True)
    assert len(str(kept.as_json())) < MAX_RUN_BYTES


def test_what_is_shown_holds_no_more_than_is_known() -> None:
    shown = one(detail="type at /text").as_json()
    assert (shown["kind"], shown["reason"], shown["explain"]) == (
        "record",
        "invalid",
        "it breaks the stream's schema or a rule of the protocol",
    )
    assert ExceptionId("messages", ExceptionKind.RECORD, "C1", "a") == one().id


@pytest.mark.parametrize("placeless", [one("a", None), one("a", "5.0", partition=None)])
def test_one_without_a_place_has_no_window_to_be_tried_in(placeless: StandingException) -> None:
    assert not exceptions.can_be_tried(placeless, None if placeless.partition is None else READ, RULE)
    with pytest.raises(ValueError, match="without a place"):
        exceptions.next_retry(placeless, [], None, RULE)


def test_each_kind_has_the_code_that_runs_name_it_by() -> None:
    told = {
        kind: [str(found.code) for found in exceptions.exception_diagnostics([one(kind=kind)])]
        for kind in ExceptionKind
    }
    assert told == {kind: [str(exceptions.exception_code(kind))] for kind in ExceptionKind}
    assert len({code for [code] in told.values()}) == len(ExceptionKind)


def test_a_record_without_a_position_is_without_a_place_and_a_group_never_is() -> None:
    found = [exceptions.is_placeless(of) for of in (one("a", None), one("a"), group("5.0"))]
    assert found == [True, False, False]


def test_where_more_came_than_are_kept_the_one_that_tells_of_them_says_so() -> None:
    kept = [one(f"k{number}") for number in range(exceptions.MAX_STANDING)]
    assert "There are more" in exceptions.exception_diagnostics(kept)[0].message
    assert "There are more" not in exceptions.exception_diagnostics(kept[1:])[0].message
