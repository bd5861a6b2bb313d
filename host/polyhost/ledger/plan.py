"""What is wanted of a partition now: what is new, what was never read, what is due to be read again.

Owns: windows, the refresh plan and its budget, the rotating sweep. Must not know: the clock (time comes in), the store
(its facts come in), how a connector walks a window.

Re-reading is planned in two steps, so that a connection with 10,000 partitions asks the store about a few only:
`probes` names the partitions whose turn it may be, `plan_refresh` spends the budget on them, longest unread first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from polyhost.ledger.arrivals import is_settled_above
from polyhost.ledger.hidden import hidden_ranges, known
from polyhost.ledger.hidden import visible as shown
from polyhost.ledger.ranges import Ranges, add, clip, contains, floor_key, holes
from polyhost.ledger.state import (
    CursorOrder,
    PartitionRule,
    PartitionState,
    PartitionStatus,
    Purpose,
    Range,
    RefreshPolicy,
    Window,
)
from polyhost.ledger.tokens import token_at

__all__ = [
    "SWEEP_INTERVALS",
    "LookbackFacts",
    "Probes",
    "RefreshPlan",
    "Unswept",
    "has_unread",
    "is_overdue",
    "is_readable",
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
    """Partitions to ask the store about, `lookback_records` heads each. `sweep` maps a key to the position (as the
    source writes it) below which to count; None: from the newest."""

    lookback: tuple[str, ...] = ()
    sweep: Mapping[str, str | None] = field(default_factory=dict[str, str | None])


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPlan:
    """What a run re-reads of one partition, as ranges that are covered already, oldest first.

    Both are read deep. `whole`: the look-back holds all there is. `sweep_until`: how far down the sweep has come once
    `sweep` is walked; None: it has reached the bottom. `hidden`: stretches that the source hid when it was asked last,
    and is asked for again. `requests`: what all of it is expected to cost.
    """

    lookback: Ranges = ()
    whole: bool = False
    sweep: Ranges = ()
    sweep_until: str | None = None
    hidden: Ranges = ()
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
    walked: Ranges = (),
    full: bool = False,
    newest: str | None = None,
) -> list[Window]:
    """The windows of one partition: new, then backfill from the newest hole down, then refresh from the newest down.

    `lookback`, where no refresh is due: the look-back that rides along with a new window. `walked`: what this run has
    proven of it already; a connector that was restarted need not read that again. `full`: everything, deep. `newest`:
    the cursor of the newest head that is stored, None where there is none. A missing or retired partition is asked for
    nothing (PR-1.8).
    """
    if state.status is not PartitionStatus.PRESENT:
        return []
    if full:
        return _everything(state, walked, newest, rule.order)
    settled = is_settled_above(state, rule)
    unread = [] if settled and not state.covered else _unread(state, newest, rule.order, above=not settled)
    return [*_with_tokens(unread, state, rule.order), *_again(state, rule, refresh, lookback, walked)]


def _with_tokens(wanted: list[Window], state: PartitionState, order: CursorOrder) -> list[Window]:
    """Each with the tokens by which the source goes on where it was left."""
    if not state.tokens:
        return wanted
    return [
        replace(
            window,
            older=token_at(state.tokens, "older", window.until, order),
            newer=token_at(state.tokens, "newer", window.since, order),
        )
        for window in wanted
    ]


def _everything(state: PartitionState, walked: Ranges, newest: str | None, order: CursorOrder) -> list[Window]:
    """Split where the last run ended, as it is above (see `_upwards`)."""
    purpose: Purpose = "refresh" if state.covered else "backfill"
    if not walked and state.covered:
        top = known(state, order)[-1].until
        return [*_upwards(top, newest, purpose, order), Window(None, top, purpose)]
    if not walked:
        return _upwards(None, newest, purpose, order)
    at_horizon = state.limited_before is not None and walked[0].since == state.limited_before
    rest = holes(walked, order, floor=state.limited_before if at_horizon else None)
    return [
        *_upwards(walked[-1].until, newest, purpose, order),
        *(Window(hole.since, hole.until, purpose) for hole in reversed(rest)),
    ]


def _unread(state: PartitionState, newest: str | None, order: CursorOrder, *, above: bool) -> list[Window]:
    if reached := known(state, order):
        top = reached[-1].until
        reads_on = token_at(state.tokens, "newer", top, order) is not None  # from there only: not to be split above it
        new = _upwards(top, None if reads_on else newest, "new", order) if above else []
        return [*new, *(Window(hole.since, hole.until, "backfill") for hole in reversed(unproven(state, order)))]
    if state.limited_before is not None:  # all there was is hidden
        return _upwards(state.limited_before, newest, "new", order)
    if state.legacy_floor is not None:
        return [*_upwards(state.legacy_floor, newest, "new", order), Window(None, state.legacy_floor, "backfill")]
    return _upwards(None, newest, "backfill", order)


def _upwards(since: str | None, newest: str | None, purpose: Purpose, order: CursorOrder) -> list[Window]:
    """From here up. A run that was cut off leaves records above what it proved, and a source whose newest records were
    deleted counts less than is stored: only a window that ends at the newest of them proves them absent."""
    if newest is None or (since is not None and floor_key(newest, order) <= floor_key(since, order)):
        return [Window(since, None, purpose)]
    return [Window(newest, None, purpose), Window(since, newest, "backfill" if purpose == "new" else purpose)]


def unproven(state: PartitionState, order: CursorOrder) -> Ranges:
    """The holes of a partition that was read at all, oldest first; not what the source hides."""
    return holes(known(state, order), order, floor=state.limited_before)


def has_unread(state: PartitionState, rule: PartitionRule) -> bool:
    """Whether some of a partition was never read. What is new since the last look does not count, but where it is only
    looked for by following what arrives: there what lies above the last range was never followed either."""
    if not (state.covered or state.hidden):
        return state.limited_before is None and not state.to_end
    if unproven(state, rule.order):
        return True
    return rule.arrival == "any_order" and state.followed and not state.to_end


def _again(
    state: PartitionState,
    rule: PartitionRule,
    refresh: RefreshPlan | None,
    facts: LookbackFacts | None,
    walked: Ranges,
) -> list[Window]:
    due = () if refresh is None else _join(refresh.lookback, refresh.sweep)
    unwalked = [piece for piece in reversed(due) if not contains(walked, piece, rule.order)]
    found = [Window(piece.since, piece.until, "refresh") for piece in unwalked]
    hidden = () if refresh is None else reversed(refresh.hidden)
    found += [Window(one.since, one.until, "refresh") for one in hidden if not contains(walked, one, rule.order)]
    if due or facts is None or rule.refresh.lookback_records == 0:
        return found
    along, _ = _downwards(state, facts.since, None, rule.order)
    return [Window(piece.since, piece.until, "refresh", deep=False, when="with_new") for piece in reversed(along)]


def _join(lookback: Ranges, sweep: Ranges) -> Ranges:
    """Oldest first. The first slice of a sweep is the look-back itself; later ones lie below it."""
    return lookback if sweep == lookback else (*sweep, *lookback)


def _downwards(state: PartitionState, since: str | None, until: str | None, order: CursorOrder) -> tuple[Ranges, bool]:
    """What is covered and still shown by the source in [since, until], and whether that reaches the bottom.

    At the bottom a source that hides older records is asked for them too: it costs nothing, and there is no other way
    to learn that it hides them no longer.
    """
    visible = shown(clip(state.covered, state.limited_before, None, order), hidden_ranges(state), order)
    if not visible and state.limited_before is not None:
        return (Range(None, state.limited_before),), True
    pieces = clip(visible, since, until, order)
    if not pieces or floor_key(pieces[0].since, order) > floor_key(visible[0].since, order):
        return pieces, False
    if state.limited_before is not None:
        pieces = (Range(None, pieces[0].until), *pieces[1:])
    return pieces, True


def probes(states: Iterable[PartitionState], rule: PartitionRule, *, now_iso: str) -> Probes:
    """The partitions whose re-reading may be due, longest unread first, never more than the budget could pay for."""
    budget = rule.refresh.requests_per_run
    if budget == 0 or rule.refresh.lookback_records == 0:
        return Probes()
    readable = [state for state in states if is_readable(state)]
    now = datetime.fromisoformat(now_iso)
    due = (state for state in readable if _sweep_due(state, rule.refresh, now))
    sweep = sorted(due, key=lambda state: _unswept_since(state, now))
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
    readable = [state for state in states.values() if is_readable(state)]
    purse = _Budget(rule.refresh.requests_per_run)
    plans: dict[str, RefreshPlan] = {}
    for state in _lookback_candidates(readable, rule, now, facts):
        known = facts.get(state.key)
        if known is None:
            continue
        pieces, whole = _downwards(state, known.since, None, rule.order)
        if pieces and purse.spend(1 + known.groups):
            plans[state.key] = RefreshPlan(lookback=pieces, whole=whole, requests=1 + known.groups)
    due = (state for state in readable if _sweep_due(state, rule.refresh, now))
    for state in sorted(due, key=lambda state: _unswept_since(state, now)):
        plan = _sweep(state, plans.get(state.key), (sweep_facts or {}).get(state.key), purse, rule.order)
        if plan is not None:
            plans[state.key] = plan
    for _, key, stretch in sorted(_hidden_due(readable, rule.refresh, now), key=lambda due: due[:2]):
        if not purse.spend(1):
            break
        plan = plans.get(key) or RefreshPlan()
        again = add(plan.hidden, stretch, rule.order)
        plans[key] = replace(plan, hidden=again, requests=plan.requests + 1)
    return plans


def _hidden_due(
    readable: Iterable[PartitionState], policy: RefreshPolicy, now: datetime
) -> Iterator[tuple[str, str, Range]]:
    """Stretches that the source may show by now, each with when it was told, and of which partition."""
    for state in readable:
        for one in state.hidden:
            if _older_than(one.told_at, now, policy.interval_seconds):
                yield one.told_at, state.key, Range(one.since, one.until)


def _sweep(
    state: PartitionState,
    plan: RefreshPlan | None,
    facts: LookbackFacts | None,
    purse: _Budget,
    order: CursorOrder,
) -> RefreshPlan | None:
    """The plan with the next slice of the sweep, or as it was. The first slice is the look-back, where one is due."""
    if plan is not None and plan.whole:
        return plan
    if plan is not None and state.sweep_until is None:
        return replace(plan, sweep=plan.lookback, sweep_until=plan.since)
    if facts is None:
        return plan
    pieces, at_bottom = _downwards(state, facts.since, state.sweep_until, order)
    cost = 1 + facts.groups
    if not pieces or not purse.spend(cost):
        return plan
    plan = plan or RefreshPlan()
    sweep_until = None if at_bottom else pieces[0].since
    return replace(plan, sweep=pieces, sweep_until=sweep_until, requests=plan.requests + cost)


class _Budget:
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
    return sorted(readable, key=lambda state: (_believed(state.refreshed_at, now) or "", state.key))


def is_readable(state: PartitionState) -> bool:
    """Whether there is anything to look at again: it is there, and something of it was read."""
    was_asked = bool(state.covered or state.hidden) or state.limited_before is not None
    return state.status is PartitionStatus.PRESENT and was_asked


def _sweep_due(state: PartitionState, policy: RefreshPolicy, now: datetime) -> bool:
    running = state.sweep_until is not None
    return running or _older_than(state.swept_at or state.first_seen, now, policy.interval_seconds * SWEEP_INTERVALS)


def _unswept_since(state: PartitionState, now: datetime) -> tuple[str, str]:
    return (_believed(state.swept_at or state.first_seen, now) or "", state.key)


def is_overdue(moment: str | None, policy: RefreshPolicy, now_iso: str) -> bool:
    """Whether a look at this moment is longer ago than the policy wants."""
    return _older_than(moment, datetime.fromisoformat(now_iso), policy.interval_seconds)


def _older_than(moment: str | None, now: datetime, seconds: int) -> bool:
    believed = _believed(moment, now)
    return believed is None or (now - datetime.fromisoformat(believed)).total_seconds() >= seconds


def _believed(moment: str | None, now: datetime) -> str | None:
    """A moment that lies ahead was told by a clock that was wrong, then or now: when it was is not known, and nothing
    is put off for it."""
    return None if moment is None or datetime.fromisoformat(moment) > now else moment


def unswept(states: Iterable[PartitionState], rule: PartitionRule, *, now_iso: str) -> Unswept:
    """What re-reading has not reached lately; missing and retired partitions are not read at all and do not count."""
    now = datetime.fromisoformat(now_iso)
    seconds = rule.refresh.interval_seconds
    waiting = [
        state
        for state in states
        if is_readable(state) and _older_than(state.swept_at or state.first_seen, now, seconds)
    ]
    return Unswept(len(waiting), min((_unswept_since(state, now)[0] for state in waiting), default=None) or None)
