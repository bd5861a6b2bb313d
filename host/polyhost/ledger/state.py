"""What the ledger knows of one partition of one stream of one connection.

Owns: the value types (ranges, partition state, windows, the manifest's partition rule). Must not know: stores, runs,
clocks; times come in as ISO 8601 UTC text.

A position is a cursor value as the source writes it (Slack: "1700000000.000100"). Positions are compared only through
`ledger.cursor`, in the order the manifest declares; never as floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = [
    "Arrival",
    "CursorOrder",
    "CursorTime",
    "HiddenStretch",
    "PartitionRule",
    "PartitionState",
    "PartitionStatus",
    "Purpose",
    "Range",
    "RefreshPolicy",
    "ResumeToken",
    "When",
    "Window",
]

Purpose = Literal["new", "backfill", "refresh", "retry"]
CursorTime = Literal["unix_seconds", "unix_milliseconds", "iso8601"]
When = Literal["due", "with_new"]
Arrival = Literal["in_order", "any_order"]


class CursorOrder(StrEnum):
    """How cursor values compare: as text, as one integer, or as two integers around a dot (Slack `ts`)."""

    LEXICAL = "lexical"
    NUMERIC = "numeric"
    DECIMAL = "decimal"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshPolicy:
    """How much of what is already covered a run re-reads to notice edits, deletions and late replies.

    `lookback_records`: newest heads of a partition re-read together with its new ones (one page, usually).
    `requests_per_run`: the budget for partitions that have nothing new. While all of them fit, all are re-read on every
    run; beyond that only those last re-read more than `interval_seconds` ago, longest ago first.
    """

    lookback_records: int = 100
    requests_per_run: int = 40
    interval_seconds: int = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionRule:
    """The manifest's `partition` block of one stream.

    `cursor_time`: what moment a cursor value stands for, if any; for showing, never for comparing.
    `group_field`: records that share its value belong to one head (Slack: `thread_ts`); a record's position is its
    group's where it has one, else its own cursor value, so that a range over positions holds whole groups.
    `arrival`: whether what is new has a later position than all that was there (`in_order`), or may turn up anywhere
    (`any_order`: imports, federation, moderation). Then only what is followed by an arrival token is whole.
    """

    stream: str
    field: str
    cursor_field: str
    order: CursorOrder
    group_field: str | None = None
    inventory_stream: str | None = None
    label_field: str | None = None
    cursor_time: CursorTime | None = None
    arrival: Arrival = "in_order"
    refresh: RefreshPolicy = RefreshPolicy()


@dataclass(frozen=True, slots=True)
class Range:
    """A closed, proven range of positions: all the source holds in it is stored. `since` None: from the beginning."""

    since: str | None
    until: str


@dataclass(frozen=True, slots=True)
class ResumeToken:
    """The source's own word for going on from this position: to what is `older`, or to what is `newer`."""

    at: str
    way: Literal["older", "newer"]
    token: str


@dataclass(frozen=True, slots=True)
class HiddenStretch:
    """What the source hides between two positions that it shows. `since` None: from the beginning. `told_at`: when it
    was stated last; `reason`: a code of the connector's, if it gave one."""

    since: str | None
    until: str
    told_at: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A range wanted now. `since` None = from the beginning, `until` None = up to now.

    `deep`: read the members of every group in it; otherwise only of groups whose head shows a change.
    `when`: `due` = walk it in this run; `with_new` = only if the partition's new window is walked, which then reads
    this one along at next to no cost. `older`: the token that reads on downwards from `until`; `newer`: the one that
    reads on upwards from `since`; None: there is none, and the range is asked for by its positions.
    """

    since: str | None
    until: str | None
    purpose: Purpose
    deep: bool = True
    when: When = "due"
    older: str | None = None
    newer: str | None = None


class PartitionStatus(StrEnum):
    """present: in the last complete inventory; missing: seen before and not in it; retired: the owner let it go.
    deleted: the source says that it deleted it; became: that it goes on under another key. Both are over, not
    missing."""

    PRESENT = "present"
    MISSING = "missing"
    RETIRED = "retired"
    DELETED = "deleted"
    BECAME = "became"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionState:
    """One partition's ledger entry. Ranges are sorted, disjoint and merged under the stream's cursor order.

    `covered`: read from the source itself. `imported`: proven by artifacts, as of when they were made; shown, but never
    taken for read: what happened to these records since, only the source can tell.
    `limited_before`: where the source began to hide what is older, when it was last asked.
    `limited_since`: start of the covered range that reaches that horizon, so that high-water needs no comparison.
    `hidden`: stretches that the source hides, wherever they lie: neither covered nor holes. `contiguous`: starts of the
    covered ranges that reach the beginning, or that horizon, by way of them.
    `legacy_floor`: another tool's high-water; splits the first reading, proves nothing.
    `last_seen`: in the source's own inventory; None where only an artifact has named it. Kept to the day, so that an
    idle run need not rewrite every entry.
    `ended_since`: when the source first said that it is over; `successor`: what it goes on as, where it said so.
    `refreshed_at`: when the newest heads were last read deep. `sweep_until`: how far down the running sweep has come
    (None: none is running). `swept_at`: when a sweep last reached the bottom.
    `tokens`: how the source is asked to go on at the edges of what is covered. `arrivals`: the token up to which all
    that arrived was read, where the source hands one out for the partition. `to_end`: what was read last reached the
    end of what there was then, also where that was nothing. `followed`: all that arrives is read, by the
    partition's own token or by one of the whole stream.
    """

    stream: str
    key: str
    status: PartitionStatus = PartitionStatus.PRESENT
    covered: tuple[Range, ...] = ()
    imported: tuple[Range, ...] = ()
    limited_before: str | None = None
    limited_since: str | None = None
    hidden: tuple[HiddenStretch, ...] = ()
    contiguous: tuple[str, ...] = ()
    legacy_floor: str | None = None
    label: str | None = None
    source_status: str | None = None
    first_seen: str | None = None
    last_seen: str | None = None
    missing_since: str | None = None
    retired_at: str | None = None
    retired_reason: str | None = None
    ended_since: str | None = None
    successor: str | None = None
    refreshed_at: str | None = None
    sweep_until: str | None = None
    swept_at: str | None = None
    tokens: tuple[ResumeToken, ...] = ()
    arrivals: str | None = None
    to_end: bool = False
    followed: bool = False

    @property
    def is_known_live(self) -> bool:
        """Whether the source itself ever named or showed it; else it is known from artifacts alone."""
        return self.last_seen is not None or bool(self.covered or self.hidden)

    @property
    def is_over(self) -> bool:
        """Whether the source itself says that nothing more comes of it."""
        return self.status in (PartitionStatus.DELETED, PartitionStatus.BECAME)

    @property
    def high_water(self) -> str | None:
        """End of the range that is contiguous from the beginning, or from where the source hides what is older."""
        horizons = {None, self.limited_before, self.limited_since, *self.contiguous}
        return next((piece.until for piece in reversed(self.covered) if piece.since in horizons), None)
