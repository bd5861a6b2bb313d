"""When partitions were last looked at again, and what a reader of stored records has to know of it.

Owns: `Looks`, counted from ledger entries. Must not know: surfaces, the clock (the time comes in), which run looked.

A record is read once and then looked at again, now and then: an edit or a deletion made since the last look is not
known yet. What was not looked for is said, and is not a gap: the next looks find it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from polyhost.humanize import plural, rough_duration, short_time
from polyhost.ledger.looks_json import LooksJson, UnsweptJson
from polyhost.ledger.plan import SWEEP_INTERVALS, Unswept, is_overdue, is_readable, unswept
from polyhost.ledger.state import PartitionRule, PartitionState

__all__ = ["Looks", "looks"]


@dataclass(frozen=True, slots=True)
class Looks:
    """Of the partitions that are there and were read: how many, of how many the last look at their newest records is
    longer ago than the manifest wants, and when the one that waits longest was looked at (None: never since it was
    read). `unswept`: the same of their older records. `explain`: what follows, for a reader; None where nothing is.
    """

    partitions: int
    overdue: int
    oldest: str | None
    unswept: Unswept
    explain: str | None

    def as_json(self) -> LooksJson:
        return LooksJson(
            partitions=self.partitions,
            overdue=self.overdue,
            oldest=self.oldest,
            unswept=UnsweptJson(partitions=self.unswept.partitions, oldest=self.unswept.oldest),
            explain=self.explain,
        )


def looks(states: Iterable[PartitionState], rule: PartitionRule, *, now_iso: str) -> Looks:
    """Missing and retired partitions are not looked at, and do not count."""
    readable = [state for state in states if is_readable(state)]
    overdue = [state for state in readable if is_overdue(state.refreshed_at, rule.refresh, now_iso)]
    oldest = min((state.refreshed_at or "" for state in readable), default="") or None
    older = unswept(readable, rule, now_iso=now_iso)
    return Looks(len(readable), len(overdue), oldest, older, _explain(len(readable), len(overdue), oldest, older, rule))


def _explain(partitions: int, overdue: int, oldest: str | None, older: Unswept, rule: PartitionRule) -> str | None:
    if not partitions:
        return None
    if not rule.refresh.lookback_records or not rule.refresh.requests_per_run:
        untold = " that the source does not tell of" if rule.arrival == "any_order" else ""
        return f"Nothing is looked at again: edits and deletions{untold} are found by a full run only."
    since = f"since {short_time(oldest)}" if oldest else "since they were read"
    if overdue:
        whose = f"Edits and deletions {since} may be unseen in {plural(overdue, 'partition')}: overdue."
    else:
        whose = f"Edits and deletions {since} are found when a partition's turn comes."
    how = f"Each run looks again within its budget, the longest waiting first; a full run looks at all {partitions:,}."
    if not older.partitions:
        return f"{whose} {how}"
    every = rough_duration(rule.refresh.interval_seconds * SWEEP_INTERVALS)
    return f"{whose} {how} Beyond the newest {rule.refresh.lookback_records:,} records it takes about {every}."
