"""Evidence made short. Every default is what a connection in good order would have; a case says what is different."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from polyhost.coverage.evidence import Attempt, Evidence, Session, StreamEvidence
from polyhost.coverage.facts import ArtifactFacts, BatchFacts, Claim, Completeness, Counts, Gap, Method

__all__ = [
    "CONTACT",
    "EARLIER",
    "LONG_AGO",
    "NOW",
    "commands",
    "evidence",
    "failed",
    "gap",
    "imported",
    "reasons",
    "run",
    "stream",
]

NOW = "2026-11-22T08:00:00.000Z"
LONG_AGO = "2026-11-02T00:00:00.000Z"
EARLIER = "2026-11-22T05:00:00.000Z"
CREATED = "2026-11-01T00:00:00.000Z"
CONTACT = "2026-11-22T07:00:00.000Z"
DAY = 86_400
EXTENTS = ("missing", "untouched", "partial", "imported", "limited", "complete", "became", "deleted", "retired")


def stream(
    name: str = "messages",
    *,
    missing_keys: tuple[str, ...] = (),
    through: str = "2026-11-22T06:30:00.000Z",
    **extents: int,
) -> StreamEvidence:
    """A partitioned stream; nine whole partitions unless it is said otherwise."""
    counts = dict.fromkeys(EXTENTS, 0) | {"complete": 9} | extents
    summary = {"partitions": sum(counts.values()), **counts, "covered_through": through}
    return StreamEvidence(
        name=name,
        records=100,
        summary=summary,
        missing=missing_keys,
        missing_since="2026-11-20T00:00:00.000Z" if missing_keys else None,
    )


def run(at: str = CONTACT, status: str = "complete", **over: Any) -> Attempt:
    """A live run over everything that listed everything. `facts` may be given, None for a process that died."""
    name = f"run_{at}"
    of_attempt = {field: over.pop(field) for field in ("error_code", "hint") if field in over}
    if "facts" in over:
        return Attempt(id=name, status=status, started_at=at, finished_at=at, facts=over["facts"], **of_attempt)
    facts = BatchFacts(
        batch_id=f"bat_{at}",
        connection="work",
        source="slack",
        method=Method.BROWSER_POLYFILL,
        trigger="owner",
        started_at=at,
        finished_at=at,
        status=status,
        streams={"messages": Counts(new=3)},
        event_time=("2026-11-01T00:00:00Z", "2026-11-22T06:00:00Z"),
        completeness=Completeness(Claim.COMPLETE, ("messages:inventory_complete",)),
    )
    return Attempt(id=name, status=status, started_at=at, finished_at=at, facts=replace(facts, **over), **of_attempt)


def imported(at: str = CONTACT, **over: Any) -> Attempt:
    """An owner's file that was read to its end; it reaches to the first of October."""
    facts: dict[str, Any] = {
        "method": Method.OWNER_ARTIFACT,
        "event_time": ("2026-01-01T00:00:00Z", "2026-10-01T00:00:00Z"),
        "completeness": Completeness(Claim.PARTIAL, ("source_not_asked",)),
        "artifact": ArtifactFacts(digest="d", format="f", next_artifact="Ask the site for a new export."),
    }
    return run(at, **facts | over)


def gap(code: str, stream_name: str | None = "messages", **over: Any) -> Gap:
    return Gap(code=code, stream=stream_name, **over)


def evidence(*attempts: Attempt, **over: Any) -> Evidence:
    """A connection with these attempts, newest first; one good run where none is given."""
    values: dict[str, Any] = {
        "connection": "work",
        "source": "slack",
        "nature": "live",
        "created_at": CREATED,
        "attempts": attempts or (run(),),
        "streams": (stream(),),
        "session": Session(saved_at=CREATED),
        "maximum_staleness_seconds": DAY,
    }
    return Evidence(**values | over)


def failed(code: str = "run_failed", hint: str | None = None, at: str = CONTACT):
    return run(at, "failed", error_code=code, hint=hint)


def commands(actions):
    return [action.command for action in actions]


def reasons(health):
    return [condition.rule.reason for condition in health.conditions]
