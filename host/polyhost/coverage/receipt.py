"""A receipt: what the owner is shown about one batch. One function makes it, for a run, an import and a preview alike.

Owns: the receipt's shape and its one-sentence summary. Must not know: sources, stores, surfaces (CH-2.6: nothing here
depends on which source it was).
"""

from __future__ import annotations

from typing_extensions import TypedDict

from polyhost.coverage.facts import ArtifactJson, BatchFacts, Claim, CompletenessJson, Counts, GapJson, Method
from polyhost.coverage.file_totals import FilesTaken
from polyhost.ledger.exceptions_json import StandingExceptionJson
from polyhost.protocol.diagnostics import RunState

__all__ = ["Receipt", "receipt"]

_STANDING = frozenset({"record_exception", "group_exception"})
_MILLISECONDS = len("2026-11-22T03:15:58.000")
"""Characters of a moment to compare: positions are shown to the millisecond, event times are finer."""


class EventTime(TypedDict):
    """The oldest and the newest moment that what was read tells of."""

    first: str
    last: str


class ReceiptCounts(TypedDict):
    """What became of what was read. `duplicate`: known already; `skipped`: refused as out of scope; `failed`: invalid,
    or not to be read as a record; `mended`: stored without a part in an unexpected shape; `unnamed`: of the refused,
    those that no exception names, for they have no key, or more stand out of their stream than are kept by name."""

    parsed: int
    accepted: int
    updated: int
    duplicate: int
    deleted: int
    skipped: int
    failed: int
    mended: int
    unnamed: int


class Advice(TypedDict):
    """What takes a file's coverage further."""

    code: str
    covered_through: str | None
    action: str


class Receipt(TypedDict):
    """What one run or import came to. Counts, times, keys and codes only. `exceptions`: what stands out of the ranges
    of its scope, the first 50. `files`: null where none were asked for. `blocked`: requests to hosts the manifest does
    not declare, by host. `artifact` and `advice` are null of a run. Where its process died before it could count,
    `status` is failed, the evidence `interrupted`, every count 0, and `finished_at` null until the next run."""

    batch_id: str
    connection: str
    source: str
    method: Method
    trigger: str
    recorded: bool
    status: RunState
    started_at: str
    finished_at: str | None
    event_time: EventTime | None
    counts: ReceiptCounts
    gaps: list[GapJson]
    exceptions: list[StandingExceptionJson]
    blocked: dict[str, int]
    files: FilesTaken | None
    artifact: ArtifactJson | None
    advice: Advice | None
    completeness: CompletenessJson
    summary: str


def receipt(facts: BatchFacts) -> Receipt:
    """The receipt of a batch, as JSON (CH-2.3). Counts, times, keys and codes only (CH-2.5)."""
    totals = _totals(facts)
    return Receipt(
        batch_id=facts.batch_id,
        connection=facts.connection,
        source=facts.source,
        method=facts.method,
        trigger=facts.trigger,
        recorded=facts.recorded,
        status=facts.status,
        started_at=facts.started_at,
        finished_at=facts.finished_at,
        event_time=EventTime(first=facts.event_time[0], last=facts.event_time[1]) if facts.event_time else None,
        counts=ReceiptCounts(
            parsed=totals.parsed,
            accepted=totals.new,
            updated=totals.updated,
            duplicate=totals.unchanged,
            deleted=totals.deleted,
            skipped=totals.rejected - totals.invalid,
            failed=totals.failed,
            mended=totals.mended,
            unnamed=totals.unnamed,
        ),
        gaps=[gap.as_json() for gap in facts.gaps],
        exceptions=list(facts.exceptions),
        blocked=dict(facts.blocked),
        files=facts.files,
        artifact=None if facts.artifact is None else facts.artifact.as_json(),
        advice=_advice(facts),
        completeness=facts.completeness.as_json(),
        summary=_summary(facts, totals),
    )


def _totals(facts: BatchFacts) -> Counts:
    every = facts.streams.values()
    return Counts(**{name: sum(getattr(counts, name) for counts in every) for name in Counts.__slots__})


def _summary(facts: BatchFacts, totals: Counts) -> str:
    if facts.was_interrupted:
        mend = "the next run goes on from there" if facts.artifact is None else "import the file again"
        return f"Interrupted: its process died before it could count what it stored, which is kept; {mend}."
    parts = [_changes(facts, totals), *_reach(facts)]
    if totals.rejected:
        parts.append(f"{totals.rejected:,} refused as out of scope or invalid")
    if totals.unparsable:
        parts.append(f"{totals.unparsable:,} could not be read")
    if totals.mended:
        parts.append(f"{totals.mended:,} kept without a part in an unexpected shape")
    if standing := sum(gap.count or 0 for gap in facts.gaps if gap.code in _STANDING):
        parts.append("1 stands out as an exception" if standing == 1 else f"{standing:,} stand out as exceptions")
    if totals.unnamed:
        parts.append(f"{totals.unnamed:,} refused without a name")
    if facts.files is not None:
        files = "1 file" if facts.files["taken"] == 1 else f"{facts.files['taken']:,} files"
        parts.append(f"{files} would be taken" if facts.files.get("preview") else f"{files} taken")
    if facts.gaps:
        parts.append(f"{len(facts.gaps)} {'gap' if len(facts.gaps) == 1 else 'gaps'}")
    elif facts.completeness.claim is Claim.COMPLETE:
        parts.append("everything asked for is covered")
    sentence = "; ".join(parts)
    return sentence[0].upper() + sentence[1:] + "."


def _changes(facts: BatchFacts, totals: Counts) -> str:
    imported = facts.artifact is not None
    brought = facts.files is not None and facts.files["taken"] > 0
    nothing = "no new records" if brought else "nothing new"
    if facts.artifact is not None and facts.artifact.same_as is not None:
        return f"{nothing}: this very file was imported before, all {totals.unchanged:,} records in it are known"
    gone = "known to be deleted at the source" if imported else "deleted"
    changed = [
        f"{count:,} {word}"
        for count, word in ((totals.new, "new"), (totals.updated, "updated"), (totals.deleted, gone))
        if count
    ]
    if changed and imported and totals.unchanged:
        changed.append(f"{totals.unchanged:,} known already")
    if changed:
        return ", ".join(changed)
    if totals.unchanged:
        return f"{nothing}: all {totals.unchanged:,} records read were known already"
    return nothing


def _reach(facts: BatchFacts) -> list[str]:
    """How far a file reaches beside what was covered before."""
    artifact = facts.artifact
    if artifact is None or artifact.same_as is not None:
        return []
    parts: list[str] = []
    if artifact.truncated:
        parts.append("the file ends early or is damaged, and what could be read of it is kept")
    reaches = None if facts.event_time is None else facts.event_time[1][:_MILLISECONDS]
    before, through = artifact.covered_before, artifact.covered_through
    if reaches is not None and before is not None and reaches < before[:_MILLISECONDS]:
        parts.append(f"it reaches to {_day(reaches)}, and {_day(before)} was covered before")
    elif through is not None and (before is None or through > before):
        parts.append(f"covered through {_day(through)}" + (f", before {_day(before)}" if before else ""))
    return parts


def _day(moment: str) -> str:
    return moment[: len("2026-11-22")]


def _advice(facts: BatchFacts) -> Advice | None:
    """What takes a file's coverage further: only its owner can make a newer one; having none is not a failure."""
    artifact = facts.artifact
    if artifact is None:
        return None
    if facts.was_interrupted:
        again = "Import the same file again; what of it is stored already is not stored twice."
        return Advice(code="import_again", covered_through=None, action=again)
    return Advice(
        code="add_newer_artifact",
        covered_through=artifact.covered_through,
        action=artifact.next_artifact or "Export again at the source, and import that file too.",
    )
