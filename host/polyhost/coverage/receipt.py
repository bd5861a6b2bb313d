"""A receipt: what the owner is shown about one batch. One function makes it, for a run, an import and a preview alike.

Owns: the receipt's shape and its one-sentence summary. Must not know: sources, stores, surfaces (CH-2.6: nothing here
depends on which source it was).
"""

from __future__ import annotations

from typing import Any

from polyhost.coverage.facts import BatchFacts, Claim, Counts

__all__ = ["receipt"]


def receipt(facts: BatchFacts) -> dict[str, Any]:
    """The receipt of a batch, as JSON (CH-2.3). Counts, times, keys and codes only (CH-2.5)."""
    totals = _totals(facts)
    return {
        "batch_id": facts.batch_id,
        "connection": facts.connection,
        "source": facts.source,
        "method": str(facts.method),
        "trigger": facts.trigger,
        "recorded": facts.recorded,
        "status": facts.status,
        "started_at": facts.started_at,
        "finished_at": facts.finished_at,
        "event_time": {"first": facts.event_time[0], "last": facts.event_time[1]} if facts.event_time else None,
        "counts": {
            "parsed": totals.parsed,
            "accepted": totals.new,
            "updated": totals.updated,
            "duplicate": totals.unchanged,
            "deleted": totals.deleted,
            "skipped": totals.rejected,
            "failed": 0,
        },
        "gaps": [
            {"code": gap.code, "stream": gap.stream, "count": gap.count, "blocking": gap.blocking, "action": gap.action}
            for gap in facts.gaps
        ],
        "completeness": {"claim": str(facts.completeness.claim), "evidence": list(facts.completeness.evidence)},
        "summary": _summary(facts, totals),
    }


def _totals(facts: BatchFacts) -> Counts:
    every = facts.streams.values()
    return Counts(
        new=sum(counts.new for counts in every),
        updated=sum(counts.updated for counts in every),
        unchanged=sum(counts.unchanged for counts in every),
        deleted=sum(counts.deleted for counts in every),
        rejected=sum(counts.rejected for counts in every),
    )


def _summary(facts: BatchFacts, totals: Counts) -> str:
    parts = [_changes(totals)]
    if totals.rejected:
        parts.append(f"{totals.rejected:,} refused as out of scope or invalid")
    if facts.gaps:
        parts.append(f"{len(facts.gaps)} {'gap' if len(facts.gaps) == 1 else 'gaps'}")
    elif facts.completeness.claim is Claim.COMPLETE:
        parts.append("everything asked for is covered")
    sentence = "; ".join(parts)
    return sentence[0].upper() + sentence[1:] + "."


def _changes(totals: Counts) -> str:
    changed = [
        f"{count:,} {word}"
        for count, word in ((totals.new, "new"), (totals.updated, "updated"), (totals.deleted, "deleted"))
        if count
    ]
    if changed:
        return ", ".join(changed)
    if totals.unchanged:
        return f"nothing new: all {totals.unchanged:,} records read were known already"
    return "nothing new"
