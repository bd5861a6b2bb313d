"""What is wanted of a partition now: what is new, what was never read, what is due to be read again.

Owns: windows, the refresh plan and its budget, the rotating sweep. Must not know: the clock (time comes in), the store
(its facts come in), how a connector walks a window.

Re-reading is planned in two steps, so that a connection with 10,000 partitions asks the store about a few only:
`probes` names the partitions whose turn it may be, `plan_refresh` spends the budget on them, longest unread first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from polyhost.ledger.ranges import Ranges, clip, floor_key, holes
from polyhost.ledger.state import (
    CursorOrder,
    PartitionRule,
    PartitionState,
    PartitionStatus,
    Purpose,
    Range,
    RefreshPolicy,
    When,
    Window,
)

__all__ = [
    "SWEEP_INTERVALS",
    "LookbackFacts",
    "Probes",
    "RefreshPlan",
    "Unswept",
    "plan_refresh",
    "probes",
    "unproven",
    "unswept",
    "windows",
]

SWEEP_INTERVALS = 30
"""Refresh intervals between two sweeps of one partition (a month at one a day): old history rarely changes, and a
source that is asked for all of it over and over has reason to complain."""


@dataclass(frozen=True, slots=True)
class LookbackFacts:
    """What the store says of a partition's newest heads (or the newest below a position): the cursor of the n-th of
    them (None: there are fewer), and how many groups with members lie from there on."""

    since: str | None
    groups: int


@dataclass(frozen=True, slots=True)
class Probes:
    """Partitions to ask the store about. `sweep` maps a key to the position to count down from (None: the newest)."""

    lookback: tuple[str, ...] = ()
    sweep: Mapping[str, str | None] = field(default_factory=dict[str, str | None])


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPlan:
    """What a run re-reads of one partition, as ranges that are covered already, oldest first.

    `sweep_until`: how far down the sweep has come once `sweep` is walked; None: it has reached the bottom.
    `requests`: what both are expected to cost.
    """

    lookback: Ranges = ()
    deep: bool = True
    sweep: Ranges = ()
    sweep_until: str | None = None
    requests: int = 0

    @property
    def since(self) -> str | None:
        """Where the look-back begins."""
        return self.lookback[0].since if self.lookback else None

    @property
    def until(self) -> str | None:
        """Where the look-back ends."""
        return self.lookback[-1].until if self.lookback else None


@dataclass(frozen=True, slots=True)
class Unswept:
    """Partitions whose older covered ranges were not read again for longer than the refresh interval: edits, deletions
    and late replies there may be unseen since `oldest`."""

    partitions: int
    oldest: str | None


def windows(
    state: PartitionState,
    rule: PartitionRule,
    refresh: RefreshPlan | None = None,
    *,
    lookback: LookbackFacts | None = None,
    full: bool = False,
) -> list[Window]:
    """The windows of one partition: new, then backfill from the newest hole down, then refresh from the newest down.

    `lookback`, where no refresh is due: the look-back that rides along with a new window. A missing or retired
    partition is asked for nothing (PR-1.8).
    """
    if state.status is not PartitionStatus.PRESENT:
        return []
    if full:
        return [Window(None, None, "refresh" if state.covered else "backfill")]
    return [*_unread(state, rule.order), *_again(state, rule, refresh, lookback)]


def _unread(state: PartitionState, order: CursorOrder) -> list[Window]:
    if state.covered:
        newest = Window(state.covered[-1].until, None, "new")
        return [newest, *(Window(hole.since, hole.until, "backfill") for hole in reversed(unproven(state, order)))]
    if state.legacy_floor is not None:
        return [Window(state.legacy_floor, None, "new"), Window(None, state.legacy_floor, "backfill")]
    return [Window(None, None, "backfill")]


def unproven(state: PartitionState, order: CursorOrder) -> Ranges:
    """The holes of a partition that was read at all, oldest first; not what the source hides."""
    return holes(state.covered, order, floor=state.limited_before)


def _again(
    state: PartitionState, rule: PartitionRule, refresh: RefreshPlan | None, lookback: LookbackFacts | None
) -> list[Window]:
    found: list[Window] = []
    if refresh is not None and refresh.lookback:
        found += _windows_over(refresh.lookback, deep=refresh.deep)
    elif lookback is not None and rule.refresh.lookback_records > 0 and state.covered:
        along = _lookback_ranges(state, lookback, rule.order)
        found += _windows_over(along, deep=False, when="with_new")
    if refresh is not None:
        found += _windows_over(refresh.sweep, deep=True)
    return found


def _windows_over(ranges: Ranges, *, deep: bool, when: When = "due", purpose: Purpose = "refresh") -> list[Window]:
    return [Window(piece.since, piece.until, purpose, deep, when) for piece in reversed(ranges)]


def _lookback_ranges(state: PartitionState, facts: LookbackFacts, order: CursorOrder) -> Ranges:
    return clip(clip(state.covered, state.limited_before, None, order), facts.since, None, order)


def probes(states: Iterable[PartitionState], rule: PartitionRule, *, now_iso: str) -> Probes:
    """The partitions whose re-reading may be due, longest unread first, never more than the budget could pay for."""
    budget = rule.refresh.requests_per_run
    if budget == 0:
        return Probes()
    readable = [state for state in states if _readable(state)]
    now = datetime.fromisoformat(now_iso)
    sweep = sorted((state for state in readable if _sweep_due(state, rule.refresh, now)), key=_unswept_since)
    return Probes(
        lookback=tuple(state.key for state in _lookback_candidates(readable, rule, now)[:budget]),
        sweep={state.key: state.sweep_until for state in sweep[:budget]},
    )


def plan_refresh(
    states: Mapping[str, PartitionState],
    facts: Mapping[str, LookbackFacts],
    rule: PartitionRule,
    *,
    now_iso: str,
    sweep_facts: Mapping[str, LookbackFacts] | None = None,
) -> dict[str, RefreshPlan]:
    """What a run re-reads, by partition, within `requests_per_run`.

    A partition costs one request and one for each of its groups. While all of them fit, all are read on every run;
    beyond that those whose interval is over, longest ago first. What is left goes to the sweep. One partition that
    alone costs more than the whole budget still gets its turn, and is then the only one. Without facts: not planned.
    """
    now = datetime.fromisoformat(now_iso)
    readable = [state for state in states.values() if _readable(state)]
    purse = _Purse(rule.refresh.requests_per_run)
    plans: dict[str, RefreshPlan] = {}
    for state in _lookback_candidates(readable, rule, now, facts):
        known = facts.get(state.key)
        if known is None or not purse.spend(1 + known.groups):
            continue
        pieces = _lookback_ranges(state, known, rule.order)
        if pieces:
            plans[state.key] = RefreshPlan(lookback=pieces, requests=1 + known.groups)
    swept = sweep_facts or {}
    due = [state for state in readable if state.key in swept and _sweep_due(state, rule.refresh, now)]
    for state in sorted(due, key=_unswept_since):
        known = swept[state.key]
        slice_, bottom = _sweep_slice(state, known, rule.order)
        if slice_ and purse.spend(1 + known.groups):
            plans[state.key] = _with_sweep(plans.get(state.key), slice_, bottom, 1 + known.groups)
    return plans


class _Purse:
    """A run's budget of requests for re-reading. The first purchase always passes, so that no partition starves."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._left = budget

    def spend(self, cost: int) -> bool:
        untouched = self._budget > 0 and self._left == self._budget
        if cost > self._left and not untouched:
            return False
        self._left -= cost
        return True


def _with_sweep(plan: RefreshPlan | None, slice_: Ranges, bottom: str | None, cost: int) -> RefreshPlan:
    lookback = plan.lookback if plan is not None else ()
    spent = plan.requests if plan is not None else 0
    return RefreshPlan(lookback=lookback, sweep=slice_, sweep_until=bottom, requests=spent + cost)


def _lookback_candidates(
    readable: list[PartitionState],
    rule: PartitionRule,
    now: datetime,
    facts: Mapping[str, LookbackFacts] | None = None,
) -> list[PartitionState]:
    """Longest unread first: all of them while the whole cost fits the budget, else those whose interval is over.

    Before the facts are known, each counts as one request, the least it can cost.
    """
    policy = rule.refresh
    if policy.lookback_records == 0 or policy.requests_per_run == 0:
        return []
    cost = len(readable)
    if facts is not None:
        cost += sum(facts[state.key].groups for state in readable if state.key in facts)
    if cost > policy.requests_per_run:
        readable = [state for state in readable if _older_than(state.refreshed_at, now, policy.interval_seconds)]
    return sorted(readable, key=lambda state: (state.refreshed_at or "", state.key))


def _sweep_slice(state: PartitionState, facts: LookbackFacts, order: CursorOrder) -> tuple[Ranges, str | None]:
    """The next slice down and where it ends; None: at the bottom, where a source that hides older records is asked
    whether it still does."""
    pieces = clip(clip(state.covered, state.limited_before, None, order), facts.since, state.sweep_until, order)
    if not pieces:
        return (), None
    lowest = clip(state.covered, state.limited_before, None, order)[0].since
    at_bottom = floor_key(pieces[0].since, order) <= floor_key(lowest, order)
    if not at_bottom:
        return pieces, pieces[0].since
    if state.limited_before is not None:
        pieces = (Range(None, pieces[0].until), *pieces[1:])
    return pieces, None


def _readable(state: PartitionState) -> bool:
    return state.status is PartitionStatus.PRESENT and bool(state.covered)


def _sweep_due(state: PartitionState, policy: RefreshPolicy, now: datetime) -> bool:
    running = state.sweep_until is not None
    return running or _older_than(state.swept_at or state.first_seen, now, policy.interval_seconds * SWEEP_INTERVALS)


def _unswept_since(state: PartitionState) -> tuple[str, str]:
    return (state.swept_at or state.first_seen or "", state.key)


def _older_than(moment: str | None, now: datetime, seconds: int) -> bool:
    return moment is None or (now - datetime.fromisoformat(moment)).total_seconds() >= seconds


def unswept(states: Iterable[PartitionState], rule: PartitionRule, *, now_iso: str) -> Unswept:
    """What re-reading has not reached lately; missing and retired partitions are not read at all and do not count."""
    now = datetime.fromisoformat(now_iso)
    seconds = rule.refresh.interval_seconds
    waiting = [
        state for state in states if _readable(state) and _older_than(state.swept_at or state.first_seen, now, seconds)
    ]
    return Unswept(len(waiting), min((_unswept_since(state)[0] for state in waiting), default=None) or None)
