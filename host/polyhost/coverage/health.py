"""Health: everything an owner needs to know of one connection, from evidence alone.

Owns: `project`, the one projection that every surface shows as it is, and its shape. Pure: no clock, no I/O; it never
raises. Must not know: stores, surfaces.

Six axes are judged apart, each from its own evidence; none of them looks at another. Their conditions then come to one
verdict and to what the owner has to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, get_args

from polyhost.coverage import access, reach
from polyhost.coverage.conditions import Condition, Raising
from polyhost.coverage.evidence import Attempt, Evidence, Nature, Schedule, StreamEvidence
from polyhost.coverage.extent import Extent
from polyhost.coverage.health_json import (
    ActionJson,
    Axes,
    CollectionAxis,
    CollectionEvidence,
    CoverageAxis,
    CoverageEvidence,
    CredentialsAxis,
    CredentialsEvidence,
    FreshnessAxis,
    FreshnessEvidence,
    HealthJson,
    Running,
    RuntimeAxis,
    RuntimeEvidence,
    ScheduleAxis,
    ScheduleEvidence,
    StreamHealth,
)
from polyhost.coverage.receipt import receipt
from polyhost.coverage.signals import (
    GOING_ON,
    Axis,
    CollectionStatus,
    Command,
    CoverageStatus,
    CredentialsStatus,
    FreshnessStatus,
    RuntimeStatus,
    ScheduleStatus,
    SignalSeverity,
)
from polyhost.coverage.verdict import Judged, Verdict, judge

__all__ = ["Action", "Health", "project"]

Status = TypeVar("Status")

_UNBLOCKS_FIRST = (Axis.RUNTIME, Axis.CREDENTIALS, Axis.COLLECTION, Axis.COVERAGE, Axis.FRESHNESS, Axis.SCHEDULE)
"""Among equally grave ones: without a source and a session, running again mends nothing."""
_LASTING = frozenset({Axis.COLLECTION, Axis.CREDENTIALS, Axis.RUNTIME, Axis.FRESHNESS})
"""Axes whose `since` is when their present state began; that of coverage is when it was last looked at."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something the owner can type, and why. `since`: since when without a break, None where that cannot be told."""

    reason: str
    message: str
    sentence: str
    command: str
    since: str | None = None

    def as_json(self) -> ActionJson:
        return ActionJson(
            reason=self.reason,
            message=self.message,
            sentence=self.sentence,
            command=self.command,
            since=self.since,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`next_actions`: what only the owner can do, each command once; `suggestions`: what would help and can wait.
    `running`: the run that goes on now."""

    connection: str
    source: str
    site: str | None
    nature: Nature
    verdict: Verdict
    summary: str
    covered_through: str | None
    next_actions: Sequence[Action]
    suggestions: Sequence[Action]
    axes: Axes
    conditions: Sequence[Condition]
    running: Running | None
    streams: Mapping[str, StreamHealth]

    @property
    def needs_you(self) -> int:
        """How often the owner is needed: the number of actions shown."""
        return len(self.next_actions)

    def as_json(self) -> HealthJson:
        return HealthJson(
            connection=self.connection,
            source=self.source,
            site=self.site,
            nature=self.nature,
            verdict=self.verdict,
            summary=self.summary,
            covered_through=self.covered_through,
            needs_you=self.needs_you,
            next_actions=[action.as_json() for action in self.next_actions],
            suggestions=[action.as_json() for action in self.suggestions],
            axes=self.axes,
            conditions=[condition.as_json() for condition in self.conditions],
            running=self.running,
            streams=dict(self.streams),
        )


def project(evidence: Evidence, now: str) -> Health:
    """Health as of `now` (ISO 8601). The same evidence and moment always come to the same."""
    tell = Raising(evidence.connection, evidence.source, by_files=evidence.lives_on_files)
    fresh, fresh_since, known = reach.freshness(evidence, tell, now)
    judged = {
        Axis.COLLECTION: access.collection(evidence, tell),
        Axis.COVERAGE: reach.coverage(evidence, tell),
        Axis.FRESHNESS: (fresh, fresh_since),
        Axis.SCHEDULE: access.schedule(evidence, tell),
        Axis.CREDENTIALS: access.credentials(evidence, tell),
        Axis.RUNTIME: access.runtime(evidence, tell),
    }
    axes = _axes(evidence, judged, known)
    conditions = [condition for found, _ in judged.values() for condition in found]
    if evidence.running is not None:
        conditions = [_while_running(condition) for condition in conditions]
    whole = Judged(conditions, {axis: axes[axis.value]["status"] for axis in Axis}, evidence.schedule.starts_itself)
    verdict = judge(whole)
    begun = {axis: since for axis, (_, since) in judged.items() if axis in _LASTING}
    actions = _by_command(_actions(whole.asked, begun))
    return Health(
        connection=evidence.connection,
        source=evidence.source,
        site=evidence.site,
        nature=evidence.nature,
        verdict=verdict.verdict,
        summary=verdict.sentence,
        covered_through=reach.covered_through(evidence),
        next_actions=actions,
        suggestions=_suggestions(conditions, begun, actions),
        axes=axes,
        conditions=conditions,
        running=_running(evidence.running),
        streams={stream.name: _stream(stream, evidence.unnamed(stream.name)) for stream in evidence.streams},
    )


def _stream(stream: StreamEvidence, unnamed: int) -> StreamHealth:
    return StreamHealth(
        records=stream.records,
        deleted=stream.deleted,
        partitions=stream.summary,
        covered_through=None if stream.summary is None else stream.summary["covered_through"],
        reach=[partition.as_json() for partition in stream.reach],
        exceptions=sum(stream.exceptions.values()),
        unnamed=unnamed,
        files=stream.files,
    )


def _while_running(condition: Condition) -> Condition:
    """Nobody is told to start the run that is going on: it would be refused, and may mend this already."""
    return replace(condition, remediation=None) if condition.rule.command is Command.RUN else condition


def _running(running: Attempt | None) -> Running | None:
    if running is None:
        return None
    return Running(run_id=running.id, paused=running.paused, asked_since=running.asked_since)


def _actions(conditions: Iterable[Condition], begun: Mapping[Axis, str | None]) -> list[Action]:
    """Each thing to do once, for the most urgent condition that calls for it, most urgent first."""
    found: dict[tuple[str, str], Action] = {}
    for condition in sorted(conditions, key=_urgency):
        mend = condition.remediation
        if mend is not None and mend.command is not None:
            since = begun.get(condition.axis, condition.observed_at if condition.origin == "ledger" else None)
            action = Action(condition.rule.reason, condition.message, mend.sentence, mend.command, since)
            found.setdefault(_what_is_done(action), action)
    return list(found.values())


def _by_command(actions: Sequence[Action]) -> list[Action]:
    """Of what the owner has to do, each command once: the most urgent says why."""
    found: dict[str, Action] = {}
    for action in actions:
        found.setdefault(action.command, action)
    return list(found.values())


def _what_is_done(action: Action) -> tuple[str, str]:
    """The command; two that import may each mean a file of another kind."""
    return action.command, action.sentence if action.command.endswith(" FILE") else ""


def _urgency(condition: Condition) -> tuple[int, int]:
    return -list(SignalSeverity).index(condition.rule.severity), _UNBLOCKS_FIRST.index(condition.axis)


def _suggestions(
    conditions: Iterable[Condition], begun: Mapping[Axis, str | None], taken: Sequence[Action]
) -> list[Action]:
    asked = {_what_is_done(action) for action in taken}
    return [action for action in _actions(conditions, begun) if _what_is_done(action) not in asked]


def _axes(
    evidence: Evidence, judged: Mapping[Axis, tuple[Sequence[Condition], str | None]], known: reach.Freshness
) -> Axes:
    """Each with its status, what it was judged by, and since when it is so."""
    found = {axis: conditions for axis, (conditions, _) in judged.items()}
    since = {axis: begun for axis, (_, begun) in judged.items()}
    last = evidence.ended[0] if evidence.ended else None
    return Axes(
        collection=CollectionAxis(
            status=_first(get_args(CollectionStatus), found[Axis.COLLECTION]),
            evidence=_ending(last),
            since=since[Axis.COLLECTION],
        ),
        coverage=CoverageAxis(
            status=_first(get_args(CoverageStatus), found[Axis.COVERAGE]),
            evidence=_extents(evidence),
            since=since[Axis.COVERAGE],
        ),
        freshness=FreshnessAxis(
            status=_first(get_args(FreshnessStatus), found[Axis.FRESHNESS]),
            evidence=_as_of(known, evidence.maximum_staleness_seconds),
            since=since[Axis.FRESHNESS],
        ),
        schedule=ScheduleAxis(
            status=_first(get_args(ScheduleStatus), found[Axis.SCHEDULE]),
            evidence=_plan(evidence.schedule),
            since=since[Axis.SCHEDULE],
        ),
        credentials=CredentialsAxis(
            status=_first(get_args(CredentialsStatus), found[Axis.CREDENTIALS]),
            evidence=_access(evidence),
            since=since[Axis.CREDENTIALS],
        ),
        runtime=RuntimeAxis(
            status=_first(get_args(RuntimeStatus), found[Axis.RUNTIME]),
            evidence=RuntimeEvidence(
                id=None if last is None else last.id, error_code=None if last is None else last.error_code
            ),
            since=since[Axis.RUNTIME],
        ),
    )


def _first(statuses: tuple[Status, ...], found: Iterable[Condition]) -> Status:
    """The status that stands first in the axis's list. Each axis raises one at least, of its own list: a default would
    call an axis complete of which nothing was judged."""
    raised = {condition.rule.status for condition in found if condition.rule.reason not in GOING_ON}
    return next(status for status in statuses if status in raised)


def _ending(last: Attempt | None) -> CollectionEvidence:
    if last is None:
        return CollectionEvidence(id=None, receipt=None)
    told = None if last.facts is None else receipt(last.facts)["summary"]
    return CollectionEvidence(id=last.id, status=last.status, ended_at=last.ended_at, receipt=told)


def _extents(evidence: Evidence) -> CoverageEvidence:
    streams = [stream for stream in evidence.streams if stream.summary is not None]
    if not streams:
        return CoverageEvidence()

    def count(*extents: Extent) -> int:
        return sum(stream.count(*extents) for stream in streams)

    return CoverageEvidence(
        partitions=count(*Extent),
        missing=count(Extent.MISSING),
        untouched=count(Extent.UNTOUCHED),
        partial=count(Extent.PARTIAL),
        imported=count(Extent.IMPORTED),
        limited=count(Extent.LIMITED),
        complete=count(Extent.COMPLETE),
        became=count(Extent.BECAME),
        deleted=count(Extent.DELETED),
        retired=count(Extent.RETIRED),
    )


def _as_of(known: reach.Freshness, maximum_staleness_seconds: int | None) -> FreshnessEvidence:
    return FreshnessEvidence(
        as_of=known.as_of,
        stale_at=known.stale_at,
        from_files=known.from_files,
        maximum_staleness_seconds=maximum_staleness_seconds,
    )


def _plan(plan: Schedule) -> ScheduleEvidence:
    return ScheduleEvidence(
        policy=plan.policy,
        every_seconds=plan.every_seconds,
        paused=plan.paused,
        paused_until=plan.paused_until,
        next_due=plan.next_due,
        hold=plan.hold,
        failures=plan.failures,
    )


def _access(evidence: Evidence) -> CredentialsEvidence:
    contact = next((attempt for attempt in evidence.ended if attempt.is_contact), None)
    return CredentialsEvidence(
        session_saved_at=evidence.session.saved_at if evidence.session is not None else None,
        last_contact=contact.ended_at if contact is not None else None,
    )
