"""When a connection is collected by itself: decided from its plan, what was tried, and the moment. Pure.

Owns: intervals, back-off, jitter, quiet hours, pauses, waiting for the owner. Must not know: stores, runs that go on,
where plans are kept, the clock: the moment is an argument, in seconds since the epoch.

There is no queue of missed runs. What is due follows from the last start alone, so after a night's sleep, a crash or a
clock that jumped there is one run to catch up with, never several; and whoever asks twice gets the same answer.

Which try was later is told by its number, never by its time. When it was is believed as far as it can have been: what
lies ahead of the moment was told by a clock that was wrong, and puts nothing off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from enum import StrEnum
from hashlib import blake2b

from polyhost.engine.settings.quiet_hours import QuietHours

__all__ = ["SHORTEST_INTERVAL", "AttemptOutcome", "Decision", "Past", "Plan", "Trial", "Waiting", "back_off", "decide"]

SHORTEST_INTERVAL = 60.0
"""Seconds between two starts that no manifest and no owner can go below: whatever is wrong, it is wrong gently."""
FIRST_RETRY = 300.0
"""Seconds to wait after one failure; twice as long after each further one. Most trouble (no network, a site that is
down) is over in some minutes or in some hours."""
LONGEST_RETRY = 6 * 3600.0
"""Seconds that is never longer than: a machine that was offline for days is up to date the same day."""
JITTER_SHARE = 0.1
LONGEST_JITTER = 600.0
"""Jitter is a tenth of the wait and at most this many seconds: enough that hourly connections drift apart."""


class AttemptOutcome(StrEnum):
    """How a try ended, as far as trying again goes."""

    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"
    FAILED_FOR_GOOD = "failed_for_good"
    NEEDS_OWNER = "needs_owner"


class Waiting(StrEnum):
    """Why no run starts now; `due` where one does."""

    MANUAL = "manual"
    PAUSED = "paused"
    RUNNING = "running"
    NEEDS_OWNER = "needs_owner"
    BACKING_OFF = "backing_off"
    INTERVAL = "interval"
    QUIET_HOURS = "quiet_hours"
    DUE = "due"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One try to collect from the source, whoever started it. `whole`: it was to read everything. `number` and
    `finished_number`: its start and end in the order of all that happened; None where that is not known."""

    started_at: float
    number: int | None = None
    finished_number: int | None = None
    ended_at: float | None = None
    outcome: AttemptOutcome = AttemptOutcome.FINISHED
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What manifest and owner together want. `key` sets one connection's jitter apart from another's. `interval` and
    `minimum` in seconds; `paused_until` None: until it is taken back."""

    key: str
    automatic: bool
    interval: float
    minimum: float = SHORTEST_INTERVAL
    quiet: QuietHours | None = None
    zone: tzinfo = UTC
    paused: bool = False
    paused_until: float | None = None

    @property
    def least(self) -> float:
        """Seconds between any two starts."""
        return max(self.minimum, SHORTEST_INTERVAL)

    @property
    def every(self) -> float:
        """Seconds between two starts where all goes well."""
        return max(self.interval, self.least)

    def is_paused(self, now: float) -> bool:
        return self.paused and (self.paused_until is None or now < self.paused_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was tried, newest first; and when the saved session is from, where the source needs one: by the clock, and
    in the order of tries where that is known."""

    trials: Sequence[Trial] = ()
    session_saved_at: float | None = None
    signed_in_number: int | None = None
    session_missing: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """`waiting` is `due` where a run is to start now. `at`: when the next one starts as far as can be told; None where
    that is not for time to decide. `failures`: how many in a row, up to now. `since`: from when on it was due or will
    be, by interval and back-off alone: who has waited longest goes first."""

    waiting: Waiting
    at: float | None
    failures: int = 0
    since: float | None = None


def decide(plan: Plan, past: Past, now: float) -> Decision:
    """Whether a run starts now; and if not, why, and when."""
    trials = _believed(past.trials, now + plan.every)
    failures = _failures(trials)
    held = _held(plan, past, trials)
    if held is not None:
        return Decision(held, None, failures)
    if plan.is_paused(now) and plan.paused_until is None:
        return Decision(Waiting.PAUSED, None, failures)
    earliest = _earliest(plan, trials, failures, now)
    begins = max(earliest, now, plan.paused_until or now if plan.paused else now)
    at = begins if plan.quiet is None else plan.quiet.over(begins, plan.zone)
    return Decision(_why(plan, earliest, at, failures, now), at, failures, earliest)


def _believed(newest_first: Sequence[Trial], latest: float) -> list[Trial]:
    """The same tries, none of them later than it can have been. One that lies further ahead was told by a clock that
    was wrong, and waiting for it could take years: all that is known is that it began after the one before it."""
    believed: list[Trial] = []
    before = 0.0
    for trial in reversed(newest_first):
        told = trial if trial.started_at <= latest else replace(trial, started_at=before, ended_at=None)
        before = told.started_at
        believed.append(told)
    return believed[::-1]


def _held(plan: Plan, past: Past, newest_first: Sequence[Trial]) -> Waiting | None:
    """What no passing of time changes."""
    if not plan.automatic:
        return Waiting.MANUAL
    if newest_first and newest_first[0].outcome is AttemptOutcome.RUNNING:
        return Waiting.RUNNING
    if past.session_missing or (newest_first and _waits_for_owner(newest_first[0], past)):
        return Waiting.NEEDS_OWNER
    return None


def _waits_for_owner(newest: Trial, past: Past) -> bool:
    """Nothing but a new session, or a run the owner starts (then that is the newest), goes on from here."""
    if newest.outcome is not AttemptOutcome.NEEDS_OWNER:
        return False
    if past.signed_in_number is not None and newest.finished_number is not None:
        return past.signed_in_number < newest.finished_number
    ended = newest.started_at if newest.ended_at is None else newest.ended_at
    return past.session_saved_at is None or past.session_saved_at <= ended


def _why(plan: Plan, earliest: float, at: float, failures: int, now: float) -> Waiting:
    if plan.is_paused(now):
        return Waiting.PAUSED
    if earliest > now:
        return Waiting.BACKING_OFF if failures else Waiting.INTERVAL
    return Waiting.QUIET_HOURS if at > now else Waiting.DUE


def _failures(newest_first: Sequence[Trial]) -> int:
    """Failures since the last success; what was cancelled says nothing either way."""
    count = 0
    for trial in newest_first:
        if trial.outcome in {AttemptOutcome.FAILED, AttemptOutcome.FAILED_FOR_GOOD}:
            count += 1
        elif trial.outcome is not AttemptOutcome.CANCELLED:
            break
    return count


def _earliest(plan: Plan, newest_first: Sequence[Trial], failures: int, now: float) -> float:
    """From when on interval and back-off let the next run start; what was never tried has waited longest."""
    if not newest_first:
        return 0.0
    newest = newest_first[0]
    soonest = newest.started_at + plan.least
    if failures:
        failed = next(trial for trial in newest_first if trial.outcome is not AttemptOutcome.CANCELLED)
        wait = LONGEST_RETRY if failed.outcome is AttemptOutcome.FAILED_FOR_GOOD else back_off(failures)
        return max(soonest, _spread(plan, failed, _ended(failed, now + plan.every), wait))
    if newest.outcome is AttemptOutcome.NEEDS_OWNER:
        return soonest
    whole = next((trial for trial in newest_first if trial.whole), None)
    return soonest if whole is None else max(soonest, _spread(plan, whole, whole.started_at, plan.every))


def _ended(trial: Trial, latest: float) -> float:
    """When it ended; when it began, where its end is of a clock that was wrong."""
    if trial.ended_at is None or trial.ended_at > latest:
        return trial.started_at
    return trial.ended_at


def back_off(failures: int) -> float:
    """Seconds to wait after so many failures in a row."""
    doublings = min(failures - 1, 30)  # 2 ** 30 is beyond any bound already
    return min(FIRST_RETRY * 2**doublings, LONGEST_RETRY)


def _spread(plan: Plan, trial: Trial, since: float, wait: float) -> float:
    """So long after `since`, and a little later: always the same for one connection and try."""
    which = f"{since:.3f}" if trial.number is None else str(trial.number)
    digest = blake2b(f"{plan.key}:{which}:{wait:.3f}".encode(), digest_size=4).digest()
    share = int.from_bytes(digest) / 2**32
    return since + wait + share * min(wait * JITTER_SHARE, LONGEST_JITTER)
