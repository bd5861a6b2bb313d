"""What attempts say of collecting, of the owner's access and of this machine; and what the schedule is.

Owns: the axes collection, credentials, runtime and schedule. Must not know: how far the data reaches (reach), verdicts,
the clock: nothing here changes with time alone, so credentials cannot heal by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile

from polyhost.coverage.conditions import Condition, Raising
from polyhost.coverage.evidence import Attempt, Evidence, Policy, Schedule
from polyhost.errors import ErrorCode
from polyhost.humanize import every, short_time
from polyhost.protocol.diagnostics import DiagnosticCode, RunStatus
from polyhost.protocol.reach import in_short

__all__ = ["collection", "credentials", "of_schedule", "runtime", "schedule"]

_HERE = frozenset(
    {
        DiagnosticCode.CONNECTOR_CRASHED,
        ErrorCode.CONNECTOR_STUCK,
        ErrorCode.DISK_FULL,
        ErrorCode.HOME_UNWRITABLE,
        ErrorCode.LEASE_LOST,
        ErrorCode.LINK_IN_HOME,
        ErrorCode.STORE_CORRUPT,
        ErrorCode.STORE_FAILED,
        ErrorCode.STORE_LOCKED,
    }
)
"""Error codes that tell of this machine, not of the source or the owner."""
_UNAGREED = frozenset({ErrorCode.HOSTS_WIDENED})
_GOT_THROUGH = frozenset({RunStatus.COMPLETE, RunStatus.COMPLETE_WITH_GAPS, RunStatus.NEEDS_OWNER, RunStatus.CANCELLED})
_MADE_FROM_RECORDINGS = frozenset({"demo", "replay"})


def collection(evidence: Evidence, tell: Raising) -> tuple[list[Condition], str | None]:
    """Did the last one work; and since when has it been so."""
    found: list[Condition] = []
    running = evidence.running
    if running is not None:
        going = "run_paused" if running.paused else "in_progress"
        found.append(tell(going, origin=running.id, observed_at=running.started_at))
        if running.asked_since is not None:
            found.append(tell("question_open", origin=running.id, observed_at=running.asked_since))
    if (refused := evidence.refused_files) is not None:
        found.append(tell("files_refused", origin="watched_folder", observed_at=refused.at, count=refused.count))
    if not evidence.ended:
        return [*found, tell("never_tried", origin="store", observed_at=evidence.created_at)], evidence.created_at
    last = evidence.ended[0]
    reason, count = _how_it_ended(last, evidence)
    found.append(tell(reason, origin=last.id, observed_at=last.ended_at, count=count, code=last.error_code))
    return found, _streak(evidence.ended, lambda attempt: _way(attempt) == _way(last))


def _way(attempt: Attempt) -> str:
    return "finished" if attempt.is_finished else attempt.status


def _how_it_ended(last: Attempt, evidence: Evidence) -> tuple[str, int | None]:
    if last.is_finished:
        known = _all_known(last)
        return ("nothing_new", known) if known else ("succeeded", None)
    if last.status == RunStatus.CANCELLED:
        return "cancelled", None
    if _is_named_elsewhere(last, evidence):
        return "cause_elsewhere", None
    if last.went_unanswered:
        return "question_unanswered", None
    if last.was_refused_at_source:
        return "failed_at_source", None
    return ("failed_for_good" if last.failed_for_good else "failed"), None


def _all_known(attempt: Attempt) -> int:
    """Records read, where all of them were known; else 0."""
    counts = attempt.facts.streams.values() if attempt.facts is not None else ()
    if any(count.new or count.updated or count.deleted for count in counts):
        return 0
    return sum(count.unchanged for count in counts)


def _is_named_elsewhere(last: Attempt, evidence: Evidence) -> bool:
    """Signed out, and a reach nobody agreed to, belong to credentials, this machine to runtime, a blocking gap to
    coverage."""
    if last.error_code in _UNAGREED or _broke_here(last):
        return True
    if _found_signed_out(last) and evidence.nature not in _MADE_FROM_RECORDINGS:
        return True
    return (
        last.error_code is None
        and last.facts is not None
        and any(gap.blocking or gap.code in evidence.blocking for gap in last.facts.gaps)
    )


def runtime(evidence: Evidence, tell: Raising) -> tuple[list[Condition], str | None]:
    """Does it run here."""
    if evidence.source_problem is not None:
        return [tell("source_unreadable", origin="manifest", code=evidence.source_problem)], None
    if not evidence.ended:
        return [tell("not_told", origin="store", observed_at=evidence.created_at)], evidence.created_at
    last = evidence.ended[0]
    reason = _how_it_ran(last)
    found = tell(reason, origin=last.id, observed_at=last.ended_at, code=last.error_code)
    return [found], _streak(evidence.ended, lambda attempt: _how_it_ran(attempt) == reason)


def _how_it_ran(attempt: Attempt) -> str:
    if attempt.died:
        return "died"
    if _broke_here(attempt):
        return "broke"
    return "ran" if attempt.status in _GOT_THROUGH else "not_told"


def _broke_here(attempt: Attempt) -> bool:
    return attempt.died or (attempt.status == RunStatus.FAILED and attempt.error_code in _HERE)


def credentials(evidence: Evidence, tell: Raising) -> tuple[list[Condition], str | None]:
    """Does the source accept the owner. What says nothing about that (a crash, a file, a cancel) is passed over,
    however much of it there is: only a contact undoes having been found signed out."""
    if evidence.disconnected_at is not None:
        found = tell("disconnected", origin="store", observed_at=evidence.disconnected_at)
        return [found], evidence.disconnected_at
    if evidence.nature in _MADE_FROM_RECORDINGS:
        return [tell("not_used", origin="store")], evidence.created_at
    if evidence.lives_on_files:
        return [tell("not_needed", origin="store")], evidence.created_at
    wider = _widened(evidence, tell)
    if evidence.session is not None and evidence.session.saved_at is None:
        return [*wider, tell("no_session", origin="session")], None
    telling = [attempt for attempt in evidence.ended if attempt.is_contact or _found_signed_out(attempt)]
    if not telling:
        return [*wider, tell("untried", origin="store", observed_at=evidence.created_at)], evidence.created_at
    last = telling[0]
    since = _streak(telling, lambda attempt: attempt.is_contact == last.is_contact)
    reason = "accepted" if last.is_contact else "signed_out"
    if not last.is_contact and evidence.session is not None and evidence.session.is_newer_than(last):
        reason = "session_untried"
    return [*wider, tell(reason, origin=last.id, observed_at=last.ended_at)], since


def _widened(evidence: Evidence, tell: Raising) -> list[Condition]:
    found: list[Condition] = []
    if evidence.unagreed:
        found.append(tell("hosts_widened", origin="manifest", hosts=in_short(evidence.unagreed).rstrip(".")))
    if evidence.unagreed_named:
        found.append(tell("hosts_named", origin="session", hosts=in_short(evidence.unagreed_named).rstrip(".")))
    return found


def _found_signed_out(attempt: Attempt) -> bool:
    return attempt.found_signed_out and not attempt.facts_are_local


def schedule(evidence: Evidence, tell: Raising) -> tuple[list[Condition], str | None]:
    """When runs start. Always info: a policy is a choice and no state of any data."""
    return [of_schedule(evidence.schedule, tell)], evidence.schedule.since or evidence.created_at


def of_schedule(plan: Schedule, tell: Raising) -> Condition:
    """The one condition of a schedule."""
    if plan.policy is Policy.MANUAL:
        reason = "manual"
    elif plan.paused:
        reason = "paused"
    else:
        reason = "automatic" if plan.hold is None else str(plan.hold)
    return tell(
        reason,
        origin="schedule",
        observed_at=plan.since,
        count=plan.failures or None,
        every="" if plan.every_seconds is None else f" {every(plan.every_seconds)}",
        next="" if plan.next_due is None else f" The next is due at {short_time(plan.next_due)} UTC.",
        until="" if plan.paused_until is None else f" until {short_time(plan.paused_until)} UTC",
    )


def _streak(newest_first: Sequence[Attempt], alike: Callable[[Attempt], bool]) -> str | None:
    """When the oldest of the newest attempts that are alike ended."""
    run: Iterable[Attempt] = takewhile(alike, newest_first)
    return next((attempt.ended_at for attempt in reversed(list(run))), None)
