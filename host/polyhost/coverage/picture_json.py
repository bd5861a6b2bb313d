"""The picture of coverage as every surface shows it: partitions with their ranges, and what they add up to.

Must not know: how far anything is covered (`picture` judges). Kept free of heavy imports: results of operations are
made of it.
"""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from polyhost.coverage.extent import Extent

__all__ = ["HiddenJson", "PartitionJson", "Span", "Spans", "StreamSummary"]

Span = tuple[str | None, str | None]
"""From and to. A null beginning is the beginning of everything, a null end is open."""


class StreamSummary(TypedDict):
    """How many partitions are in which extent, and the newest moment any of them is covered through."""

    partitions: int
    missing: int
    untouched: int
    partial: int
    imported: int
    limited: int
    complete: int
    became: int
    deleted: int
    retired: int
    covered_through: str | None


class Spans(TypedDict):
    """Stretches as moments, for a picture. `gained`: what the last run or import added."""

    covered: list[Span]
    imported: list[Span]
    holes: list[Span]
    gained: list[Span]
    limited: list[Span]


class HiddenJson(TypedDict):
    """A stretch that the source hides, between two positions that it shows. `told_at`: when it was asked last;
    `reason`: a code of the connector's."""

    since: str | None
    until: str
    told_at: str
    reason: str | None


class PartitionJson(TypedDict):
    """One independently resuming part of a stream. `covered`, `imported`, `holes` and `gained` are stretches of
    positions, `spans` the same as moments. `exceptions`: how many records and groups stand out of what is covered,
    those set aside left out. `limited_before`: the source hides what is older; `hidden`: what else it hides.
    `looked_at`: when its newest records were last read, `swept_at`: when all of it last was; what was edited or deleted
    since is unknown. `follows_arrivals`: of a source where items arrive in any order, whether all that arrives is read.
    `ended_since`: when the source first said that it is over; `successor`: what it goes on as; `predecessors`: those
    that became it, at once or by way of others, the nearest first."""

    key: str
    label: str | None
    status: Literal["present", "missing", "retired", "deleted", "became"]
    source_status: str | None
    extent: Extent
    high_water: str | None
    covered: list[Span]
    imported: list[Span]
    holes: list[Span]
    gained: list[Span]
    spans: Spans
    exceptions: int
    limited_before: str | None
    hidden: list[HiddenJson]
    covered_through: str | None
    first_seen: str | None
    last_seen: str | None
    looked_at: str | None
    swept_at: str | None
    follows_arrivals: bool
    missing_since: str | None
    ended_since: str | None
    successor: str | None
    predecessors: list[str]
    retired_at: str | None
    retired_reason: str | None
    explain: str
