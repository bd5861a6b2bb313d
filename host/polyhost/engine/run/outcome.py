"""From how a run went to its status, facts, receipt and result: one place, for every kind of run.

Owns: the run's verdict and the shape of `run --json`. Must not know: how records were moved, or who asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from polyhost.bounds import BOUND_CODES
from polyhost.connectors.base import Traffic
from polyhost.coverage.facts import ArtifactFacts, BatchFacts, Claim, Completeness, Counts, Gap, Method
from polyhost.coverage.file_totals import FilesTaken
from polyhost.coverage.picture import stream_picture, stream_summary
from polyhost.coverage.receipt import receipt
from polyhost.engine.run._tally import Tally
from polyhost.engine.run.ledger import RunLedger
from polyhost.engine.run.result_json import RunCoverage, RunLooks, RunResult, WrittenCounts
from polyhost.engine.run.result_json import Traffic as TrafficShown
from polyhost.errors import ErrorCode, Failure, NeedsOwnerError, PolyhostError, StoppedError
from polyhost.ledger.exceptions import NAMED, StandingException, exception_diagnostics
from polyhost.ledger.settle import Settlement
from polyhost.protocol.commands import RunOutcome
from polyhost.protocol.diagnostics import (
    FINISHED,
    Diagnostic,
    DiagnosticCode,
    RunStatus,
    Severity,
    bound_diagnostics,
)
from polyhost.protocol.reach import in_short
from polyhost.protocol.recovery import advice
from polyhost.protocol.scope import Scope
from polyhost.store.base import WriteCounts, WriteOp

__all__ = ["Ended", "Identity", "opening_facts", "run_facts", "run_result", "run_status"]

OWNER_CODES = frozenset({"signed_out", "interaction_unanswered", "interaction_timeout"})
"""Ways for a connector to fail that only the owner can mend."""


_SIGNED_OUT = Diagnostic(
    code=DiagnosticCode.SIGNED_OUT,
    severity=Severity.GAP,
    message="The site had signed the owner out when the run was cancelled.",
    recovery_hint="refresh_credentials",
)
"""A cancel is not a failure, and undoes nothing that was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who ran what, for facts and result."""

    run_id: str
    batch_id: str
    connection: str
    source: str
    method: str
    trigger: str
    started_at: str
    recorded: bool


@dataclass(slots=True, kw_only=True)
class Ended:
    """Everything known once the traffic has stopped. `outcome` is None where the connector never got to run."""

    scope: Scope
    ledger: RunLedger
    tally: Tally
    outcome: RunOutcome | None
    error: PolyhostError | None
    rejected: Mapping[str, int]
    invalid: Mapping[str, int] = field(default_factory=dict[str, int])
    unparsable: Mapping[str, int] = field(default_factory=dict[str, int])
    mended: Mapping[str, int] = field(default_factory=dict[str, int])
    unnamed: Mapping[str, int] = field(default_factory=dict[str, int])
    artifact: ArtifactFacts | None = None
    blocking: frozenset[str] = frozenset()
    actions: Mapping[str, str] = field(default_factory=dict[str, str])
    traffic: Traffic = field(default_factory=Traffic)
    removals: Sequence[WriteOp] = ()
    """What follows from streams without partitions that were read from end to end; to be written with the settling."""
    settled: Mapping[str, Settlement] = field(default_factory=dict[str, Settlement])
    stopped: StoppedError | None = None
    """Why it was ended as cancelled, where its owner did not just say so."""
    files: FilesTaken | None = None
    """What became of its files, where they were asked for."""
    finished_at: str = ""
    seconds: float = 0.0

    @property
    def exceptions(self) -> Sequence[StandingException]:
        """What stands out of the ranges of this run's scope, set aside or not; of a file nothing does."""
        return () if self.artifact is not None else self.ledger.standing_exceptions()

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """The run's own, then what settling found, then what the traffic says. Errors first, then gaps."""
        found = [*self.tally.diagnostics]
        for settlement in self.settled.values():
            found += settlement.diagnostics
        found += exception_diagnostics(self.exceptions)
        found += _of_traffic(self.traffic)
        if self.traffic.signed_out and self.outcome is not None and self.outcome.status == "cancelled":
            found.append(_SIGNED_OUT)
        if self.error is not None:  # it ended the connector, which did not end by itself
            found = [one for one in found if one.code is not DiagnosticCode.CONNECTOR_CRASHED]
            found.append(_of_error(self.error))
        elif not any(diagnostic.severity is Severity.ERROR for diagnostic in found):
            found += _of_failure(self.outcome)
        actions = self.actions
        advised = (replace(one, recovery_hint=actions[one.code]) if one.code in actions else one for one in found)
        return list(bound_diagnostics(advised))


def run_status(ended: Ended) -> RunStatus:
    """The one verdict. An error outranks what the connector said; a gap makes a success a success with gaps."""
    if ended.outcome is not None and ended.outcome.status == "cancelled":
        return RunStatus.CANCELLED
    if isinstance(ended.error, NeedsOwnerError):
        return RunStatus.NEEDS_OWNER
    if ended.error is not None or ended.outcome is None:
        return RunStatus.FAILED
    if ended.outcome.status == "failed":
        return RunStatus.NEEDS_OWNER if ended.outcome.code in OWNER_CODES else RunStatus.FAILED
    if any(gap.blocking for gap in _gaps(ended)):
        return RunStatus.FAILED
    if any(diagnostic.severity is not Severity.INFO for diagnostic in ended.diagnostics):
        return RunStatus.COMPLETE_WITH_GAPS
    return RunStatus.COMPLETE


def opening_facts(who: Identity, artifact: ArtifactFacts | None) -> BatchFacts:
    """What a batch is, before anything has come of it: all that is known of it where its process dies."""
    return BatchFacts(
        batch_id=who.batch_id,
        connection=who.connection,
        source=who.source,
        method=Method(who.method),
        trigger=who.trigger,
        started_at=who.started_at,
        finished_at=None,
        status=RunStatus.RUNNING.value,
        artifact=artifact,
        recorded=who.recorded,
    )


def run_facts(who: Identity, ended: Ended, status: RunStatus) -> BatchFacts:
    """The batch's facts: what a receipt, now or later, is made of."""
    return replace(
        opening_facts(who, ended.artifact),
        finished_at=ended.finished_at,
        status=status.value,
        streams=_counts(ended),
        event_time=ended.tally.event_time,
        gaps=_gaps(ended),
        completeness=_completeness(ended, status),
        blocked=dict(ended.traffic.blocked),
        exceptions=tuple(one.as_json() for one in ended.exceptions[:NAMED]),
        files=ended.files,
    )


def run_result(who: Identity, ended: Ended, status: RunStatus, facts: BatchFacts) -> RunResult:
    """What `run --json` prints and the store keeps."""
    result = RunResult(
        run_id=who.run_id,
        connection=who.connection,
        source=who.source,
        status=status.value,
        started_at=who.started_at,
        finished_at=ended.finished_at,
        seconds=round(ended.seconds, 3),
        streams={name: _written(counts) for name, counts in facts.streams.items()},
        diagnostics=[diagnostic.as_json() for diagnostic in ended.diagnostics],
        requests=ended.traffic.requests,
        traffic=_traffic_json(ended.traffic),
        coverage=_coverage(ended),
        exceptions=list(facts.exceptions),
        receipt=receipt(facts),
    )
    if ended.outcome is not None and ended.outcome.withheld:
        result["withheld"] = dict(ended.outcome.withheld)
    if (problem := _problem(ended)) is not None:
        result["error"] = problem
    return result


def _written(counts: Counts) -> WrittenCounts:
    shown = WrittenCounts(
        new=counts.new,
        updated=counts.updated,
        unchanged=counts.unchanged,
        deleted=counts.deleted,
        rejected=counts.rejected,
    )
    if counts.mended:
        shown["mended"] = counts.mended
    if counts.unnamed:
        shown["unnamed"] = counts.unnamed
    return shown


def _counts(ended: Ended) -> dict[str, Counts]:
    counted: dict[str, Counts] = {}
    for stream in ended.scope.streams:
        written = ended.tally.streams.get(stream.name)
        written = WriteCounts() if written is None else written
        counted[stream.name] = Counts(
            new=written.new,
            updated=written.updated,
            unchanged=written.unchanged,
            deleted=written.deleted,
            rejected=ended.rejected.get(stream.name, 0),
            invalid=ended.invalid.get(stream.name, 0),
            unparsable=ended.unparsable.get(stream.name, 0),
            mended=ended.mended.get(stream.name, 0),
            unnamed=ended.unnamed.get(stream.name, 0),
        )
    return counted


def _coverage(ended: Ended) -> dict[str, RunCoverage]:
    found: dict[str, RunCoverage] = {}
    for name, stream in ended.ledger.streams().items():
        mine = (state for key, state in stream.states.items() if stream.in_scope(key))
        reached = RunCoverage(**stream_summary(stream_picture(mine, stream.rule), stream.rule))
        if name in ended.settled:
            settlement = ended.settled[name]
            looks = settlement.looks.as_json()
            reached["looks"] = RunLooks(**looks, unlooked=settlement.unlooked)
            reached["unswept"] = looks["unswept"]
        found[name] = reached
    return found


def _completeness(ended: Ended, status: RunStatus) -> Completeness:
    """Complete only where every part of the claim was proven in this run (CH-2.4)."""
    if status not in FINISHED:
        return Completeness(Claim.UNPROVEN, ("run_did_not_finish",))
    if ended.artifact is not None:
        return _artifact_completeness(ended.artifact, status)
    evidence: list[str] = []
    doubts: list[str] = []
    summaries = _coverage(ended)
    for name, stream in ended.ledger.streams().items():
        enumerated = stream.inventory is not None and stream.inventory.complete
        (evidence if enumerated else doubts).append(f"{name}:inventory_{'complete' if enumerated else 'unproven'}")
        summary = summaries[name]
        past = summary["retired"] + summary["deleted"] + summary["became"]
        whole = summary["complete"] + summary["imported"] + past == summary["partitions"]
        (evidence if whole else doubts).append(f"{name}:{'every_partition_whole' if whole else 'partitions_open'}")
    if any(stream.is_narrowed for stream in ended.scope.streams):
        doubts.append("scope_narrowed")
    if status is RunStatus.COMPLETE_WITH_GAPS:
        doubts.append("gaps_reported")
    if doubts:
        return Completeness(Claim.PARTIAL, (*doubts, *evidence))
    return Completeness(Claim.COMPLETE if evidence else Claim.UNPROVEN, tuple(evidence))


def _artifact_completeness(artifact: ArtifactFacts, status: RunStatus) -> Completeness:
    """A file proves what it holds, as of when it was made; of the source as a whole it never proves anything."""
    evidence = ["artifact_truncated" if artifact.truncated else "artifact_read_to_its_end"]
    if status is RunStatus.COMPLETE_WITH_GAPS:
        evidence.append("gaps_reported")
    return Completeness(Claim.UNPROVEN if artifact.truncated else Claim.PARTIAL, ("source_not_asked", *evidence))


def _gaps(ended: Ended) -> tuple[Gap, ...]:
    found = (diagnostic for diagnostic in ended.diagnostics if diagnostic.severity is not Severity.INFO)
    return tuple(_gap(diagnostic, ended.blocking) for diagnostic in found)


def _gap(diagnostic: Diagnostic, blocking: frozenset[str]) -> Gap:
    return Gap(
        code=str(diagnostic.code),
        stream=diagnostic.stream,
        count=diagnostic.total if diagnostic.total is not None else diagnostic.count,
        blocking=str(diagnostic.code) in blocking,
        action=diagnostic.recovery_hint,
    )


def _traffic_json(traffic: Traffic) -> TrafficShown:
    return TrafficShown(
        by_endpoint=dict(traffic.by_endpoint),
        retries=traffic.retries,
        rate_limited=traffic.rate_limited,
        waited_seconds=round(traffic.waited_seconds, 3),
        blocked=dict(traffic.blocked),
    )


def _of_traffic(traffic: Traffic) -> Sequence[Diagnostic]:
    found: list[Diagnostic] = []
    if traffic.rate_limited:
        found.append(
            Diagnostic(
                code=DiagnosticCode.RATE_LIMITED,
                severity=Severity.INFO,
                count=traffic.rate_limited,
                message=_slow_down_words(traffic),
                recovery_hint="retry_by_runtime",
            )
        )
    if traffic.refused:
        methods = ", ".join(sorted(traffic.refused))
        found.append(
            Diagnostic(
                code=DiagnosticCode.CALL_REFUSED,
                severity=Severity.GAP,
                count=sum(traffic.refused.values()),
                message=f"Wrong calls of the connector's script were refused, nothing else ({methods}).",
                recovery_hint="retry_on_connector_upgrade",
            )
        )
    if traffic.unagreed:
        found.append(
            Diagnostic(
                code=DiagnosticCode.HOST_NOT_AGREED,
                severity=Severity.GAP,
                count=len(traffic.unagreed),
                message=f"The site names hosts of its own that you have not agreed to, and they were not reached: "
                f"{in_short([*traffic.unagreed])}.",
                recovery_hint="Look at what they are: polyhost hosts NAME; if that is right, agree with accept.",
            )
        )
    return found


def _slow_down_words(traffic: Traffic) -> str:
    """Obeyed is only what was told: where a site does not say how long, nobody knows whether we waited long enough."""
    if not traffic.untold_pauses:
        return "The site asked to slow down, and was obeyed."
    if traffic.untold_pauses == traffic.rate_limited:
        return "The site asked to slow down and did not say for how long; polyhost chose the pauses itself."
    return (
        f"The site asked to slow down, and was obeyed; {traffic.untold_pauses:,} of {traffic.rate_limited:,} times it "
        "did not say for how long, and polyhost chose the pause itself."
    )


def _of_error(error: PolyhostError) -> Diagnostic:
    code = DiagnosticCode.BOUND_REACHED if error.code in BOUND_CODES else DiagnosticCode.STREAM_FAILED
    if error.code == ErrorCode.SIGNED_OUT:
        code = DiagnosticCode.SIGNED_OUT
    return Diagnostic(code=code, severity=Severity.ERROR, message=error.reason, recovery_hint=error.instruction or None)


def _of_failure(outcome: RunOutcome | None) -> Sequence[Diagnostic]:
    """A connector that says it has failed is a diagnostic too, where nothing graver was found already."""
    if outcome is None or outcome.status != "failed":
        return ()
    return (
        Diagnostic(
            code=DiagnosticCode.SIGNED_OUT if outcome.code == "signed_out" else DiagnosticCode.STREAM_FAILED,
            severity=Severity.ERROR,
            message=outcome.message or "The connector failed.",
            recovery_hint=outcome.recovery_hint,
        ),
    )


def _problem(ended: Ended) -> Failure | None:
    outcome = ended.outcome
    error = ended.error or (ended.stopped if outcome is not None and outcome.status == "cancelled" else None)
    if error is not None:
        return error.as_json()
    if outcome is None or outcome.status != "failed":
        return None
    return Failure(
        code=outcome.code or "connector_failed",
        reason=outcome.message or "The connector failed.",
        instruction=advice(outcome.recovery_hint or "unknown"),
    )
