"""How far the data reaches: what is covered, and how up to date that is.

Owns: the axes coverage and freshness. Must not know: why a run failed, who is signed in, who starts runs (but for whose
duty it is to bring it up to date), verdicts. The clock comes in as `now`, and only freshness looks at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from polyhost.coverage.conditions import Condition, Raising
from polyhost.coverage.evidence import Attempt, Evidence, OpenGap, StreamEvidence, open_gaps
from polyhost.coverage.extent import Extent
from polyhost.humanize import short_time
from polyhost.instants import is_past, later, latest, utc
from polyhost.protocol.diagnostics import DiagnosticCode
from polyhost.protocol.recovery import advice

__all__ = ["Freshness", "coverage", "covered_through", "freshness"]

AHEAD_SECONDS = 60
"""Clocks that are kept right are moved by less: a contact that lies further ahead was dated by a wrong one."""
_LEDGER = "ledger"
_NEXT_ARTIFACT = "Export again at the source, and import that file too."


# coverage


def coverage(evidence: Evidence, tell: Raising) -> tuple[list[Condition], str | None]:
    """What is covered, by the ledger as it is now and by gaps that stand."""
    if not any(attempt.facts is not None for attempt in evidence.ended) and not _is_begun(evidence):
        nothing = tell("nothing_collected", origin="store", observed_at=evidence.created_at)
        return [nothing], evidence.created_at
    found = [condition for stream in evidence.streams for condition in _of_stream(stream, evidence, tell)]
    found += [_of_gap(gap, evidence, tell) for gap in open_gaps(evidence)]
    whole = (attempt for attempt in evidence.ended if evidence.is_whole(attempt))
    last = next(whole, next(iter(evidence.ended), None))
    if all(stream.summary is None for stream in evidence.streams):
        found.append(tell("no_denominator", origin="manifest"))
    if not found:
        found.append(tell("covered", origin=last.id if last else _LEDGER, observed_at=last.ended_at if last else None))
    return found, latest([found[0].observed_at]) or (last.ended_at if last else evidence.created_at)


def _is_begun(evidence: Evidence) -> bool:
    """Whether the ledger knows of something covered: also where the run that read it was killed, or still goes on."""
    known = (Extent.COMPLETE, Extent.LIMITED, Extent.PARTIAL, Extent.IMPORTED)
    return any(stream.count(*known) for stream in evidence.streams)


def _of_stream(stream: StreamEvidence, evidence: Evidence, tell: Raising) -> Iterator[Condition]:
    yield from _exceptions(stream, evidence, tell)
    if stream.summary is None:
        return
    yield from _missing(stream, evidence, tell)
    holes = stream.count(Extent.PARTIAL, Extent.UNTOUCHED)
    if holes:
        yield _blockable(DiagnosticCode.RANGE_UNPROVEN, "holes", stream, evidence, tell, holes)
    yield from _enumeration(stream, evidence, tell)
    for extent, reason in ((Extent.IMPORTED, "imported_only"), (Extent.LIMITED, "source_limited")):
        if count := stream.count(extent):
            yield tell(reason, origin=_LEDGER, stream=stream.name, count=count)


def _exceptions(stream: StreamEvidence, evidence: Evidence, tell: Raising) -> Iterator[Condition]:
    """What stands out of what is covered, and is not set aside."""
    since, counts = stream.exceptions_since, stream.exceptions
    for code in sorted(counts.keys() & evidence.blocking):
        yield _blocked(code, stream.name, counts[code], _LEDGER, since, "retry_by_runtime", tell)
    count = sum(counted for code, counted in counts.items() if code not in evidence.blocking)
    if count:
        yield tell("exceptions", origin=_LEDGER, observed_at=since, stream=stream.name, count=count)


def _missing(stream: StreamEvidence, evidence: Evidence, tell: Raising) -> Iterator[Condition]:
    count = stream.count(Extent.MISSING)
    if not count:
        return
    if DiagnosticCode.PARTITION_MISSING in evidence.blocking:
        yield _blocked(DiagnosticCode.PARTITION_MISSING, stream.name, count, _LEDGER, stream.missing_since, None, tell)
    one = count == 1 and len(stream.missing) == 1
    yield tell(
        "partition_missing" if one else "partitions_missing",
        origin=_LEDGER,
        observed_at=stream.missing_since,
        stream=stream.name,
        count=count,
        partition=stream.missing[0] if one else "",
    )


def _enumeration(stream: StreamEvidence, evidence: Evidence, tell: Raising) -> Iterator[Condition]:
    """Whether the newest run over the whole stream could list everything in it. A file never can."""
    whole = next((attempt for attempt in evidence.ended if _looked_at_all_of(attempt, stream.name)), None)
    if whole is None or whole.facts is None:
        yield tell("not_enumerated", origin="store", stream=stream.name)
    elif f"{stream.name}:inventory_complete" not in whole.facts.completeness.evidence:
        yield _blockable(DiagnosticCode.INVENTORY_UNPROVEN, "inventory_unproven", stream, evidence, tell, None, whole)


def _looked_at_all_of(attempt: Attempt, stream: str) -> bool:
    if attempt.facts is None or attempt.is_import or attempt.is_narrowed:
        return False
    return attempt.is_finished and stream in attempt.facts.streams


def _blockable(
    code: DiagnosticCode,
    reason: str,
    stream: StreamEvidence,
    evidence: Evidence,
    tell: Raising,
    count: int | None,
    seen: Attempt | None = None,
) -> Condition:
    origin, at = (_LEDGER, None) if seen is None else (seen.id, seen.ended_at)
    if code in evidence.blocking:
        return _blocked(code, stream.name, count, origin, at, "retry_by_runtime", tell)
    return tell(reason, origin=origin, observed_at=at, stream=stream.name, count=count, code=code)


def _of_gap(found: OpenGap, evidence: Evidence, tell: Raising) -> Condition:
    gap = found.gap
    action = advice(gap.action or "unknown")
    if gap.blocking or gap.code in evidence.blocking:
        return _blocked(gap.code, gap.stream, gap.count, found.batch_id, found.observed_at, gap.action, tell)
    reason = "gap_open"
    if gap.code == DiagnosticCode.MEDIA_MISSING:
        reason = "media_missing_in_file" if found.in_file else "media_missing"
    return tell(
        reason,
        origin=found.batch_id,
        observed_at=found.observed_at,
        stream=gap.stream,
        count=gap.count,
        code=gap.code,
        action=action,
    )


def _blocked(
    code: str, stream: str | None, count: int | None, origin: str, at: str | None, action: str | None, tell: Raising
) -> Condition:
    sentence = advice(action or "unknown")
    return tell("blocking_gap", origin=origin, observed_at=at, stream=stream, count=count, code=code, action=sentence)


# freshness


@dataclass(frozen=True, slots=True)
class Freshness:
    """`as_of`: up to when the source's own word, or the newest file, goes. `stale_at`: when that is too long ago."""

    as_of: str | None
    stale_at: str | None
    from_files: bool


def covered_through(evidence: Evidence) -> str | None:
    """The newest moment that is proven; where nothing is partitioned, that of the newest record."""
    ledger = [stream.summary["covered_through"] for stream in evidence.streams if stream.summary is not None]
    if any(ledger):
        return latest(ledger)
    return latest(a.facts.event_time[1] for a in evidence.ended if a.facts is not None and a.facts.event_time)


def freshness(evidence: Evidence, tell: Raising, now: str) -> tuple[list[Condition], str | None, Freshness]:
    """Contact with the source is what counts, as of when it began; where there never was any, the newest file is."""
    known = _known(evidence)
    if known.as_of is None:
        return [tell("no_contact", origin="store", observed_at=evidence.created_at)], evidence.created_at, known
    since, action = short_time(known.as_of), _next_artifact(evidence.ended)
    if not known.from_files and is_past(later(now, AHEAD_SECONDS), known.as_of):
        ahead = tell("contact_ahead", origin="clock", observed_at=known.as_of, since=since)
        return [ahead], known.as_of, replace(known, stale_at=None)
    reaches: list[Condition] = []
    if known.from_files:
        reaches = [tell("file_reaches", origin="store", observed_at=known.as_of, since=since, action=action)]
    if known.stale_at is None or utc(now) is None:
        return reaches or [tell("no_expectation", origin="manifest")], known.as_of, known
    if not is_past(known.stale_at, now):
        fresh = tell("fresh", origin="clock", observed_at=known.as_of, until=short_time(known.stale_at))
        return [fresh, *reaches], known.as_of, known
    reason = "overdue" if evidence.schedule.starts_itself else "stale"
    if known.from_files:
        reason = "artifact_old"
    aged = tell(reason, origin="clock", observed_at=known.stale_at, since=since, action=action)
    return [aged], known.stale_at, known


def _known(evidence: Evidence) -> Freshness:
    contact = next((a for a in evidence.ended if a.is_contact and evidence.is_whole(a)), None)
    as_of = latest([contact.started_at]) if contact is not None else None
    from_files = as_of is None and any(attempt.is_import for attempt in evidence.ended)
    if from_files:
        as_of = covered_through(evidence)
    allowed = evidence.maximum_staleness_seconds
    return Freshness(as_of, None if allowed is None else later(as_of, allowed), from_files)


def _next_artifact(newest_first: Sequence[Attempt]) -> str:
    """How a newer file is made, as the importer of the last one says."""
    for attempt in newest_first:
        if attempt.facts is not None and attempt.facts.artifact is not None:
            return attempt.facts.artifact.next_artifact or _NEXT_ARTIFACT
    return _NEXT_ARTIFACT
