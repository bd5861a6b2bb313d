"""Health: everything an owner needs to know of one connection, from evidence alone.

Owns: `project`, the one projection that every surface shows as it is, and its shape. Pure: no clock, no I/O; it never
raises. Must not know: stores, surfaces.

Six axes are judged apart, each from its own evidence; none of them looks at another. Their conditions then come to one
verdict and to what the owner has to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from polyhost.coverage import access, reach
from polyhost.coverage.conditions import Condition, Raising
from polyhost.coverage.evidence import Attempt, Evidence
from polyhost.coverage.receipt import receipt
from polyhost.coverage.signals import AXES, GOING_ON, Axis, Command, SignalSeverity
from polyhost.coverage.verdict import Judged, Verdict, judge

__all__ = ["Action", "AxisView", "Health", "project"]

_UNBLOCKS_FIRST = (Axis.RUNTIME, Axis.CREDENTIALS, Axis.COLLECTION, Axis.COVERAGE, Axis.FRESHNESS, Axis.SCHEDULE)
"""Among equally grave ones: without a source and a session, running again mends nothing."""
_LASTING = frozenset({Axis.COLLECTION, Axis.CREDENTIALS, Axis.RUNTIME, Axis.FRESHNESS})
"""Axes whose `since` is when their present state began; that of coverage is when it was last looked at."""


@dataclass(frozen=True, slots=True)
class AxisView:
    """One axis: its status, the facts it was judged by, and since when it is so."""

    status: str
    evidence: Mapping[str, Any]
    since: str | None

    def as_json(self) -> dict[str, Any]:
        return {"status": self.status, "evidence": dict(self.evidence), "since": self.since}


@dataclass(frozen=True, slots=True)
class Action:
    """Something the owner can type, and why. `since`: since when without a break, None where that cannot be told."""

    reason: str
    message: str
    sentence: str
    command: str
    since: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "reason": self.reason,
            "message": self.message,
            "sentence": self.sentence,
            "command": self.command,
            "since": self.since,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`next_actions`: what only the owner can do, each command once; `suggestions`: what would help and can wait.
    `running`: the run that goes on now."""

    connection: str
    source: str
    nature: str
    verdict: Verdict
    summary: str
    covered_through: str | None
    next_actions: Sequence[Action]
    suggestions: Sequence[Action]
    axes: Mapping[Axis, AxisView]
    conditions: Sequence[Condition]
    running: Mapping[str, Any] | None
    streams: Mapping[str, Mapping[str, Any]]

    @property
    def needs_you(self) -> int:
        """How often the owner is needed: the number of actions shown."""
        return len(self.next_actions)

    def as_json(self) -> dict[str, Any]:
        return {
            "connection": self.connection,
            "source": self.source,
            "nature": self.nature,
            "verdict": str(self.verdict),
            "summary": self.summary,
            "covered_through": self.covered_through,
            "needs_you": self.needs_you,
            "next_actions": [action.as_json() for action in self.next_actions],
            "suggestions": [action.as_json() for action in self.suggestions],
            "axes": {str(axis): view.as_json() for axis, view in self.axes.items()},
            "conditions": [condition.as_json() for condition in self.conditions],
            "running": None if self.running is None else dict(self.running),
            "streams": {name: dict(stream) for name, stream in self.streams.items()},
        }


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
    facts = _facts(evidence, known)
    axes = {axis: AxisView(_status(axis, found), facts[axis], since) for axis, (found, since) in judged.items()}
    conditions = [condition for found, _ in judged.values() for condition in found]
    if evidence.running is not None:
        conditions = [_while_running(condition) for condition in conditions]
    whole = Judged(conditions, {axis: view.status for axis, view in axes.items()}, evidence.schedule.starts_itself)
    verdict = judge(whole)
    begun = {axis: view.since for axis, view in axes.items() if axis in _LASTING}
    actions = _by_command(_actions(whole.asked, begun))
    return Health(
        connection=evidence.connection,
        source=evidence.source,
        nature=evidence.nature,
        verdict=verdict.verdict,
        summary=verdict.sentence,
        covered_through=reach.covered_through(evidence),
        next_actions=actions,
        suggestions=_suggestions(conditions, begun, actions),
        axes=axes,
        conditions=conditions,
        running=_running(evidence.running),
        streams={
            stream.name: {
                "records": stream.records,
                "deleted": stream.deleted,
                "partitions": None if stream.summary is None else dict(stream.summary),
                "covered_through": None if stream.summary is None else stream.summary.get("covered_through"),
                "reach": [partition.as_json() for partition in stream.reach],
            }
            for stream in evidence.streams
        },
    )


def _while_running(condition: Condition) -> Condition:
    """Nobody is told to start the run that is going on: it would be refused, and may mend this already."""
    return replace(condition, remediation=None) if condition.rule.command is Command.RUN else condition


def _running(running: Attempt | None) -> dict[str, Any] | None:
    if running is None:
        return None
    return {"run_id": running.id, "paused": running.paused, "asked_since": running.asked_since}


def _status(axis: Axis, found: Iterable[Condition]) -> str:
    """The status that stands first in the axis's list."""
    statuses = {condition.rule.status for condition in found if condition.rule.reason not in GOING_ON} or {"unknown"}
    return min(statuses, key=AXES[axis][1].index)


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


def _facts(evidence: Evidence, known: reach.Freshness) -> Mapping[Axis, Mapping[str, Any]]:
    """What each axis was judged by."""
    last = evidence.ended[0] if evidence.ended else None
    contact = next((attempt for attempt in evidence.ended if attempt.is_contact), None)
    plan = evidence.schedule
    ending = {"id": last.id, "status": last.status, "ended_at": last.ended_at} if last is not None else {"id": None}
    return {
        Axis.COLLECTION: ending | {"receipt": _receipt_line(last)},
        Axis.COVERAGE: _extents(evidence),
        Axis.FRESHNESS: {
            "as_of": known.as_of,
            "stale_at": known.stale_at,
            "from_files": known.from_files,
            "maximum_staleness_seconds": evidence.maximum_staleness_seconds,
        },
        Axis.SCHEDULE: {
            "policy": str(plan.policy),
            "every_seconds": plan.every_seconds,
            "paused": plan.paused,
            "paused_until": plan.paused_until,
            "next_due": plan.next_due,
            "hold": None if plan.hold is None else str(plan.hold),
            "failures": plan.failures,
        },
        Axis.CREDENTIALS: {
            "session_saved_at": evidence.session.saved_at if evidence.session is not None else None,
            "last_contact": contact.ended_at if contact is not None else None,
        },
        Axis.RUNTIME: {"id": ending["id"], "error_code": last.error_code if last is not None else None},
    }


def _receipt_line(last: Attempt | None) -> str | None:
    return receipt(last.facts)["summary"] if last is not None and last.facts is not None else None


def _extents(evidence: Evidence) -> Mapping[str, int]:
    """Partitions of all streams, by how far they are covered."""
    total: dict[str, int] = {}
    for stream in evidence.streams:
        for name, count in (stream.summary or {}).items():
            if isinstance(count, int):
                total[name] = total.get(name, 0) + count
    return total
