"""What the owner and the manifest want of a connection's schedule, as it is kept, and what it comes to at a moment.

Owns: the owner's choice and the scheduler's note of its last start (two memos of the connection), and turning manifest,
choice, runs and session into what `due` decides from and what `coverage` shows. Must not know: who starts runs.

They are memos and no table of their own: they are small, belong to one connection, go with it, and nothing ever asks
for them across connections. What was tried is not kept a second time: runs are in the store already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from polyhost.boot_clock import Moment
from polyhost.coverage.evidence import Attempt, Hold, Policy, Schedule
from polyhost.engine.health.connection_history import ConnectionHistory
from polyhost.engine.health.evidence import attempt_of
from polyhost.engine.hosting.server_lock import is_on_duty
from polyhost.engine.schedule.due import SHORTEST_INTERVAL, AttemptOutcome, Decision, Past, Plan, Trial, Waiting, decide
from polyhost.engine.schedule.mode import Mode
from polyhost.engine.settings.config import ScheduleConfig, load_config
from polyhost.engine.settings.quiet_hours import QuietHours, read_quiet_hours
from polyhost.engine.settings.time_zone import owner_zone
from polyhost.engine.sources.lookup import Loaded
from polyhost.instants import iso_from_seconds, utc
from polyhost.protocol.manifest import Manifest
from polyhost.store import memos
from polyhost.store.base import BatchRow, ConnectionRow, RunRow, Store

__all__ = [
    "NO_QUIET_HOURS",
    "Choice",
    "Outlook",
    "Recommended",
    "Started",
    "current_outlook",
    "load_choice",
    "load_started",
    "outlook",
    "recommended",
    "save_choice",
    "save_started",
]

NO_QUIET_HOURS = "none"
_TRIALS = 50
"""Runs to look back at first; further, while none of everything is among them."""
_OPENING_SECONDS = 120.0
"""Seconds a start may take until its run is in the store: a browser and a page, on a machine that is busy."""
_SAME_SECONDS = 60.0
"""Clocks that are kept right are moved by less: a pause ends when it was said to."""
_DAY = 86_400
"""Seconds between runs where a manifest recommends that they start by themselves and does not say how often."""
_BY_ITSELF = frozenset({"scheduled", "automatic", "background"})
"""Modes of a manifest's refresh policy that mean runs without the owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the owner chose for one connection. `quiet_hours` None: as in the settings; `none`: none. Moments are ISO
    8601, so that the memo can be read by a person."""

    mode: Mode = Mode.DEFAULT
    every_seconds: int | None = None
    quiet_hours: str | None = None
    paused: bool = False
    paused_until: str | None = None
    changed_at: str | None = None
    paused_for: float | None = None
    """Seconds, where the owner said how long and not until when: that is measured by the clock of the boot."""
    boot: str | None = None
    changed_up: float | None = None
    """When that was, by the clock of this boot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The last start by itself, noted before it was tried: when, by both clocks, and its place in the order of all that
    happened (None: by an earlier version). `refused`: the code of what stood in its way, `in_a_row`
    how often since a run came about. `over`: it came back to the scheduler, which it does not
    where the server was stopped first."""

    at: str
    boot: str | None = None
    up: float | None = None
    number: int | None = None
    refused: str | None = None
    needs_owner: bool = False
    in_a_row: int = 0
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """What the manifest says of it. `possible`: there is something to run at all."""

    possible: bool = False
    automatic: bool = False
    every_seconds: int = _DAY
    least_seconds: int = int(SHORTEST_INTERVAL)
    background_safe: bool = True
    interaction: str | None = None
    """What help a run may need of the owner, in the manifest's word: `none`, `otp_likely`, `manual_action_likely`…"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One connection's schedule as of a moment."""

    plan: Plan
    decision: Decision
    choice: Choice
    recommended: Recommended
    served: bool
    refusals: int = 0
    """Starts in a row that came to no run, up to now."""

    @property
    def paused_until(self) -> str | None:
        """As the owner said it, where the clock has not been moved since."""
        ends, said = self.plan.paused_until, self.choice.paused_until
        return said if ends is None or ends == _seconds(said) else iso_from_seconds(ends)

    def as_evidence(self) -> Schedule:
        """What health is projected from."""
        paused = self.decision.waiting is Waiting.PAUSED
        at = self.decision.at
        return Schedule(
            policy=Policy.AUTOMATIC if self.plan.automatic else Policy.MANUAL,
            paused=paused,
            paused_until=self.paused_until if paused else None,
            next_due=None if at is None or not self.served else iso_from_seconds(at),
            since=self.choice.changed_at,
            every_seconds=int(self.plan.every) if self.plan.automatic else None,
            hold=self._hold(),
            failures=self.decision.failures,
        )

    def _hold(self) -> Hold | None:
        if not self.plan.automatic:
            return None
        if self.decision.waiting is Waiting.NEEDS_OWNER:
            return Hold.NEEDS_OWNER
        if not self.served:
            return Hold.NOT_SERVED
        holds = {Waiting.BACKING_OFF: Hold.BACKING_OFF, Waiting.QUIET_HOURS: Hold.QUIET_HOURS}
        return holds.get(self.decision.waiting)


# what is kept


async def load_choice(store: Store, connection: ConnectionRow) -> Choice:
    """The owner's choice; the default where they made none."""
    kept: dict[str, Any] = dict(await store.connections.memo(connection.id, memos.SCHEDULE))
    return Choice(mode=Mode(kept.pop("mode", Mode.DEFAULT)), **kept)


async def save_choice(store: Store, connection: ConnectionRow, choice: Choice) -> None:
    await store.connections.save_memo(connection.id, memos.SCHEDULE, asdict(choice))


async def load_started(store: Store, connection: ConnectionRow) -> Started | None:
    """The scheduler's last start of this connection."""
    kept = await store.connections.memo(connection.id, memos.LAST_START)
    return Started(**kept) if kept else None


async def save_started(store: Store, connection: ConnectionRow, started: Started | None) -> None:
    await store.connections.save_memo(connection.id, memos.LAST_START, None if started is None else asdict(started))


# what it comes to


async def outlook(history: ConnectionHistory, settings: ScheduleConfig, *, now: Moment, served: bool) -> Outlook:
    """A connection's schedule at this moment. `served`: whether somebody is there to start runs. RefusedError where the
    settings name no time zone or no quiet hours."""
    store, connection, source = history.store, history.connection, history.source
    choice = await load_choice(store, connection)
    advice = recommended(source, connection)
    plan = _plan(connection, choice, advice, settings, now)
    trials = await _trials(history, now)
    last = await load_started(store, connection)
    trials = _with_interrupted(trials, last)
    started = _in_force(last, trials)
    session = await history.session()
    past = Past(
        trials=trials if started is None else [*_as_trials(started, now), *trials],
        session_saved_at=None if session is None else _seconds(session.saved_at),
        signed_in_number=None if session is None else session.number,
        session_missing=session is not None and session.saved_at is None,
    )
    return Outlook(
        plan=plan,
        decision=decide(plan, past, now.wall),
        choice=choice,
        recommended=advice,
        served=served,
        refusals=0 if started is None else started.in_a_row,
    )


async def current_outlook(history: ConnectionHistory, now: Moment) -> Outlook:
    """The same, by the home's settings, and by whether a server is running in it."""
    settings = load_config(history.home).schedule
    return await outlook(history, settings, now=now, served=is_on_duty(history.home))


def recommended(source: Loaded | None, connection: ConnectionRow) -> Recommended:
    """What the manifest recommends. A test's or a recording's connection never runs by itself unless told to, and a
    recording's cannot: it has no site. Of one that was disconnected, nothing more is wanted."""
    if connection.disconnected_at is not None:
        return Recommended()
    if source is None or source.manifest.runner is None or connection.nature in {"demo", "replay"}:
        return Recommended()
    policy = source.manifest.capabilities.refresh_policy
    if policy is None:
        return Recommended(possible=True)
    safe = policy.background_safe is not False
    return Recommended(
        possible=True,
        automatic=connection.nature == "live" and safe and policy.recommended_mode in _BY_ITSELF,
        every_seconds=policy.recommended_interval_seconds or _DAY,
        least_seconds=max(policy.minimum_interval_seconds or 0, int(SHORTEST_INTERVAL)),
        background_safe=safe,
        interaction=policy.interaction_posture,
    )


def _plan(
    connection: ConnectionRow, choice: Choice, advice: Recommended, settings: ScheduleConfig, now: Moment
) -> Plan:
    automatic = {Mode.DEFAULT: advice.automatic, Mode.MANUAL: False, Mode.AUTOMATIC: advice.possible}
    return Plan(
        key=connection.name,
        automatic=automatic[choice.mode],
        interval=choice.every_seconds or advice.every_seconds,
        minimum=advice.least_seconds,
        quiet=_quiet(choice.quiet_hours or settings.quiet_hours),
        zone=owner_zone(settings.time_zone),
        paused=choice.paused,
        paused_until=_pause_ends(choice, now),
    )


def _pause_ends(choice: Choice, now: Moment) -> float | None:
    """When a pause is over, by the wall clock of now. One that was to last so long lasts so long, wherever that clock
    stood; where that cannot be measured and the pause was begun ahead of now, it is over."""
    until = _seconds(choice.paused_until)
    if until is None or choice.paused_for is None:
        return until
    gone = now.since(choice.boot, choice.changed_up)
    if gone is None:
        return until if until - choice.paused_for <= now.wall else now.wall
    ends = now.wall - gone + choice.paused_for
    return until if abs(ends - until) < _SAME_SECONDS else ends


def _quiet(text: str | None) -> QuietHours | None:
    return None if text is None or text == NO_QUIET_HOURS else read_quiet_hours(text)


async def _trials(history: ConnectionHistory, now: Moment) -> Sequence[Trial]:
    """What was tried, newest first, back to the last run over everything however long ago that was."""
    manifest = None if history.source is None else history.source.manifest
    limit = _TRIALS
    while True:
        rows, batches = await history.runs(limit)
        found = [trial for row in rows if (trial := _trial(row, batches.get(row.batch_id), manifest, now))]
        if len(rows) < limit or any(trial.whole for trial in found):
            return found
        limit *= 4


def _trial(row: RunRow, batch: BatchRow | None, manifest: Manifest | None, now: Moment) -> Trial | None:
    """None for an import or a replay: neither asked the source."""
    attempt = attempt_of(row, batch)
    if attempt.facts_are_local or (batch is not None and batch.method == "owner_artifact"):
        return None
    return Trial(
        started_at=_when(row.started_at, row.boot, row.started_up, now) or 0.0,
        ended_at=_when(row.finished_at, row.boot, row.finished_up, now),
        number=row.number,
        finished_number=row.finished_number,
        outcome=_outcome(attempt),
        whole=_is_whole(attempt, manifest),
    )


def _outcome(attempt: Attempt) -> AttemptOutcome:
    if attempt.is_running:
        return AttemptOutcome.RUNNING
    if attempt.found_signed_out or attempt.went_unanswered or attempt.was_refused_at_source:
        return AttemptOutcome.NEEDS_OWNER
    if attempt.is_finished:
        return AttemptOutcome.FINISHED
    if attempt.status == "cancelled":
        return AttemptOutcome.CANCELLED
    return AttemptOutcome.FAILED_FOR_GOOD if attempt.failed_for_good else AttemptOutcome.FAILED


def _is_whole(attempt: Attempt, manifest: Manifest | None) -> bool:
    """Whether it was to read everything. One that died before it could say counts: it may have."""
    if attempt.facts is None or manifest is None:
        return True
    wanted = {stream.name for stream in manifest.streams if stream.collected}
    return not attempt.is_narrowed and wanted <= attempt.facts.streams.keys()


def _with_interrupted(newest_first: Sequence[Trial], started: Started | None) -> Sequence[Trial]:
    """A run that was cancelled because the server was stopped is to be gone on with, as nobody wanted it to end."""
    if started is None or started.over:
        return newest_first
    since = [trial for trial in newest_first if _is_since(trial, started)]
    if not since or since[-1].outcome is not AttemptOutcome.CANCELLED:
        return newest_first
    before = newest_first[len(since) :]
    return [*since[:-1], replace(since[-1], whole=False), *before]


def _in_force(started: Started | None, newest_first: Sequence[Trial]) -> Started | None:
    """The last start, where no run has begun since: it is opening its browser, was refused, or its process died."""
    if started is None or any(_is_since(trial, started) for trial in newest_first):
        return None
    return started


def _is_since(trial: Trial, started: Started) -> bool:
    """Whether this run came after that start; by the clock only where an earlier version noted it."""
    if started.number is not None and trial.number is not None:
        return trial.number > started.number
    return trial.started_at >= (_seconds(started.at) or 0.0)


def _as_trials(started: Started, now: Moment) -> Sequence[Trial]:
    at = _when(started.at, started.boot, started.up, now) or 0.0
    if started.refused is None and 0 <= now.wall - at < _OPENING_SECONDS:
        return [Trial(started_at=at, outcome=AttemptOutcome.RUNNING)]
    outcome = AttemptOutcome.NEEDS_OWNER if started.needs_owner else AttemptOutcome.FAILED
    number = started.number
    one = Trial(started_at=at, ended_at=at, outcome=outcome, number=number, finished_number=number)
    return [one] * max(started.in_a_row, 1)


def _when(text: str | None, boot: str | None, up: float | None, now: Moment) -> float | None:
    """When something was, on the wall clock as it stands now: by the clock of the boot where that is still this one;
    else as it was written down, but never later than this boot began."""
    written = _seconds(text)
    if written is None:
        return None
    ago = now.since(boot, up)
    if ago is not None:
        return now.wall - ago
    if boot is not None and now.boot is not None and boot != now.boot:
        return min(written, now.wall - now.up)
    return written


def _seconds(text: str | None) -> float | None:
    read = utc(text)
    return None if read is None else read.timestamp()
