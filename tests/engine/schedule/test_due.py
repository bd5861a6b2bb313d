"""When a run starts by itself: line by line, and what holds whatever happened before."""

from dataclasses import replace
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyhost.engine.schedule.due import (
    FIRST_RETRY,
    JITTER_SHARE,
    LONGEST_JITTER,
    LONGEST_RETRY,
    SHORTEST_INTERVAL,
    AttemptOutcome,
    Decision,
    Past,
    Plan,
    Trial,
    Waiting,
    back_off,
    decide,
)
from polyhost.engine.settings.quiet_hours import QuietHours

NOW = 1_795_000_000.0
HOUR = 3600.0
HOURLY = Plan(key="work", automatic=True, interval=HOUR, minimum=300)
BERLIN = ZoneInfo("Europe/Berlin")


def tried(
    ago: float, outcome: AttemptOutcome = AttemptOutcome.FINISHED, *, lasted: float | None = 60, whole: bool = True
) -> Trial:
    began = NOW - ago
    return Trial(started_at=began, ended_at=None if lasted is None else began + lasted, outcome=outcome, whole=whole)


def past(*trials: Trial, **over: object) -> Past:
    return Past(trials=trials, **over)  # type: ignore[arg-type]


def waiting(*trials: Trial, plan: Plan = HOURLY, **over: object) -> Waiting:
    return decide(plan, past(*trials, **over), NOW).waiting


def test_what_was_never_tried_is_due_at_once():
    assert decide(HOURLY, Past(), NOW) == Decision(Waiting.DUE, NOW, since=0)


def test_the_next_run_comes_an_interval_after_the_last_began():
    decision = decide(HOURLY, past(tried(600)), NOW)
    assert decision.waiting is Waiting.INTERVAL
    assert decision.at is not None
    assert 0 <= decision.at - (NOW - 600 + HOUR) <= HOUR * JITTER_SHARE
    assert waiting(tried(2 * HOUR)) is Waiting.DUE


def test_a_long_sleep_is_caught_up_with_by_one_run():
    """A week of hourly runs was missed: one is due, and once it has begun none is."""
    assert waiting(tried(7 * 24 * HOUR)) is Waiting.DUE
    assert waiting(tried(0, lasted=0), tried(7 * 24 * HOUR)) is Waiting.INTERVAL


def test_a_run_the_owner_started_counts():
    assert waiting(tried(60), tried(5 * HOUR)) is Waiting.INTERVAL


def test_a_run_over_a_part_brings_nothing_up_to_date_but_keeps_the_least_distance():
    assert waiting(tried(600, whole=False), tried(5 * HOUR)) is Waiting.DUE
    assert waiting(tried(100, whole=False), tried(5 * HOUR)) is Waiting.INTERVAL


def test_who_only_wants_manual_runs_is_never_started():
    assert decide(replace(HOURLY, automatic=False), past(tried(9 * HOUR)), NOW) == Decision(Waiting.MANUAL, None)


def test_a_run_that_goes_on_is_waited_for():
    assert waiting(tried(9 * HOUR, AttemptOutcome.RUNNING, lasted=None)) is Waiting.RUNNING


def test_failures_are_retried_ever_later_and_a_success_forgets_them():
    waits = [back_off(count) for count in range(1, 12)]
    assert waits[:3] == [FIRST_RETRY, 2 * FIRST_RETRY, 4 * FIRST_RETRY]
    assert waits == sorted(waits)
    assert waits[-1] == back_off(10_000) == LONGEST_RETRY
    failed = [tried(700 + 10 * number, AttemptOutcome.FAILED) for number in range(3)]
    assert waiting(*failed) is Waiting.BACKING_OFF
    assert decide(HOURLY, past(*failed), NOW).failures == 3
    assert waiting(failed[0], tried(9 * HOUR)) is Waiting.DUE
    assert decide(HOURLY, past(tried(HOUR), *failed), NOW).failures == 0


def test_a_cancelled_run_neither_counts_as_a_failure_nor_forgets_any():
    trials = [tried(700 + 10 * number, AttemptOutcome.FAILED) for number in range(3)]
    assert decide(HOURLY, past(tried(650, AttemptOutcome.CANCELLED), *trials), NOW).failures == 3


def test_what_no_run_mends_is_tried_as_seldom_as_anything():
    """An update of the connector may come; nobody is asked to do anything meanwhile."""
    assert waiting(tried(4 * HOUR, AttemptOutcome.FAILED_FOR_GOOD)) is Waiting.BACKING_OFF
    assert waiting(tried(7 * HOUR, AttemptOutcome.FAILED_FOR_GOOD)) is Waiting.DUE


def test_nothing_is_retried_while_only_the_owner_can_mend_it():
    signed_out = tried(1000 * HOUR, AttemptOutcome.NEEDS_OWNER)
    assert decide(HOURLY, past(signed_out), NOW) == Decision(Waiting.NEEDS_OWNER, None)
    assert waiting(signed_out, session_saved_at=NOW - 2000 * HOUR) is Waiting.NEEDS_OWNER
    assert waiting(signed_out, session_saved_at=NOW - 1) is Waiting.DUE
    assert waiting(tried(9 * HOUR), signed_out) is Waiting.DUE
    assert waiting(session_missing=True) is Waiting.NEEDS_OWNER


def test_a_pause_holds_until_its_time():
    assert decide(replace(HOURLY, paused=True), Past(), NOW) == Decision(Waiting.PAUSED, None)
    until = replace(HOURLY, paused=True, paused_until=NOW + 5)
    assert decide(until, Past(), NOW) == Decision(Waiting.PAUSED, NOW + 5, since=0)
    assert decide(until, Past(), NOW + 5).waiting is Waiting.DUE


def test_quiet_hours_put_a_run_off_until_they_are_over():
    minute = int(NOW // 60 % 1440)
    quiet = replace(HOURLY, quiet=QuietHours(minute, (minute + 30) % 1440), zone=UTC)
    decision = decide(quiet, Past(), NOW)
    assert decision.waiting is Waiting.QUIET_HOURS
    assert decision.at is not None
    assert decision.at > NOW


@pytest.mark.parametrize("ahead", [10 * 365 * 24 * HOUR, 2 * HOUR])
def test_a_clock_that_was_far_ahead_does_not_stop_runs_for_years(ahead: float):
    assert waiting(tried(-ahead)) is Waiting.DUE
    assert waiting(tried(-ahead), tried(1)) is Waiting.INTERVAL


@pytest.mark.requirement("RS-3")
def test_a_failure_told_by_a_clock_far_ahead_is_counted_like_any_other():
    ahead = tried(-2 * 365 * 24 * HOUR, AttemptOutcome.FAILED)
    assert decide(HOURLY, past(ahead, tried(9 * HOUR, AttemptOutcome.FAILED)), NOW).failures == 2
    assert waiting(replace(ahead, outcome=AttemptOutcome.NEEDS_OWNER)) is Waiting.NEEDS_OWNER


@pytest.mark.requirement("RS-3")
@pytest.mark.parametrize("saved_at", [NOW - 9 * HOUR, NOW + 9000 * HOUR])
def test_a_session_is_newer_than_a_try_by_number_whatever_the_clock_said(saved_at: float):
    signed_out = replace(tried(HOUR, AttemptOutcome.NEEDS_OWNER), number=4, finished_number=5)
    assert waiting(signed_out, session_saved_at=saved_at, signed_in_number=6) is Waiting.DUE
    assert waiting(signed_out, session_saved_at=saved_at, signed_in_number=3) is Waiting.NEEDS_OWNER


def test_a_clock_that_is_set_back_a_little_delays_and_repeats_nothing():
    assert waiting(tried(-600)) is Waiting.INTERVAL


def test_jitter_is_the_same_each_time_and_sets_connections_apart():
    due = [decide(replace(HOURLY, key=key), past(tried(0)), NOW).at for key in ("a", "b", "c", "d", "a")]
    assert due[0] == due[-1]
    assert len(set(due)) == 4


# whatever happened

_seconds = st.floats(0, 40 * 24 * HOUR).map(round)
_quiet = st.tuples(st.integers(0, 1439), st.integers(0, 1439)).filter(lambda pair: pair[0] != pair[1])
_plans = st.builds(
    Plan,
    key=st.sampled_from(["work", "home"]),
    automatic=st.just(True),
    interval=st.sampled_from([1, 60, 300, HOUR, 24 * HOUR, 7 * 24 * HOUR]),
    minimum=st.sampled_from([0, 60, 300, 2 * HOUR]),
    quiet=st.none() | _quiet.map(lambda pair: QuietHours(*pair)),
    zone=st.sampled_from([UTC, BERLIN, ZoneInfo("Australia/Lord_Howe")]),
    paused=st.booleans(),
    paused_until=st.floats(NOW - 10 * HOUR, NOW + 90 * HOUR),
)
_ended = st.sampled_from([each for each in AttemptOutcome if each is not AttemptOutcome.RUNNING])
_trials = st.lists(
    st.builds(
        lambda ago, outcome, lasted, whole: tried(ago, outcome, lasted=lasted, whole=whole),
        st.floats(-90 * 24 * HOUR, 90 * 24 * HOUR),
        _ended,
        st.none() | st.floats(0, 90 * 24 * HOUR),
        st.booleans(),
    ),
    max_size=6,
).map(lambda trials: tuple(sorted(trials, key=lambda trial: -trial.started_at)))
_pasts = st.builds(Past, trials=_trials, session_saved_at=st.none() | st.floats(NOW - 9 * HOUR, NOW))


def latest(plan: Plan) -> float:
    """Seconds within which anything automatic starts: the longest pause here, two intervals and the longest wait with
    its jitter and a night, and as much again for a start that a wrong clock told."""
    return 90 * HOUR + 2 * (2 * plan.every + LONGEST_RETRY + LONGEST_JITTER + 3 * 24 * HOUR)


@given(_plans, _pasts)
def test_it_is_always_due_at_some_time_unless_only_the_owner_can_go_on(plan: Plan, before: Past):
    """A start told by a wrong clock may come within reach while it is waited for; it is passed like any other."""
    decision, now = decide(plan, before, NOW), NOW
    for _ in range(len(before.trials) + 1):
        if decision.at is None or decision.waiting is Waiting.DUE:
            break
        assert now <= decision.at
        now = decision.at
        decision = decide(plan, before, now)
    assert decision.waiting is (Waiting.NEEDS_OWNER if decision.at is None else Waiting.DUE)
    assert now <= NOW + latest(plan)


@given(_plans, _pasts, st.floats(0, 30 * 24 * HOUR))
def test_a_run_is_never_due_inside_quiet_hours_or_a_pause(plan: Plan, before: Past, later: float):
    now = NOW + later
    if decide(plan, before, now).waiting is Waiting.DUE:
        assert plan.quiet is None or not plan.quiet.covers(now, plan.zone)
        assert not plan.is_paused(now)


@given(_plans, _trials, _seconds, _seconds)
def test_as_time_goes_on_the_next_run_never_moves_back(plan: Plan, trials: tuple[Trial, ...], one: float, other: float):
    """With a clock that never was ahead; what is due stays due but for quiet hours."""
    known = Past(trials=[trial for trial in trials if trial.started_at <= NOW])
    sooner, later = (decide(plan, known, NOW + after) for after in sorted([one, other]))
    if sooner.at is not None and later.at is not None:
        assert sooner.at <= later.at
    assert (sooner.at is None) == (later.at is None)


_steps = st.lists(
    st.tuples(
        st.sampled_from(["wait", "owner"]), st.floats(1, 3 * HOUR), _ended, st.floats(0, 2 * HOUR), st.booleans()
    ),
    min_size=1,
    max_size=40,
)


@settings(deadline=None)
@given(_plans, _steps)
def test_no_two_starts_are_nearer_than_the_least_interval(
    plan: Plan, steps: list[tuple[str, float, AttemptOutcome, float, bool]]
):
    """A clock that goes on, an owner who starts runs of their own, any endings: what starts by itself keeps away from
    every start before it, and from every run that goes on."""
    plan = replace(plan, paused=False)
    now, trials = NOW, list[Trial]()
    for kind, waited, outcome, lasted, whole in steps:
        now += waited
        newest = trials[0] if trials else None
        goes_on = newest is not None and newest.ended_at is not None and newest.ended_at > now
        shown = (
            [replace(newest, ended_at=None, outcome=AttemptOutcome.RUNNING), *trials[1:]]
            if goes_on and newest
            else trials
        )
        by_itself = decide(plan, Past(trials=shown), now).waiting is Waiting.DUE
        if by_itself:
            assert not goes_on
            assert newest is None or now - newest.started_at >= max(plan.minimum, SHORTEST_INTERVAL)
        if by_itself or (kind == "owner" and not goes_on):
            trials.insert(0, Trial(started_at=now, ended_at=now + lasted, outcome=outcome, whole=whole or by_itself))
