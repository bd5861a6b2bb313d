"""How a connection is, and what it has: health, axes, conditions; streams and their partitions."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

from polyhost.coverage.picture import Extent
from polyhost.coverage.verdict import Verdict
from polyhost.operations.results.common import Nature, Span


class Action(TypedDict):
    reason: str
    message: str
    sentence: str
    command: str
    since: str | None


class AxisView(TypedDict):
    status: str
    evidence: dict[str, Any]
    since: str | None


class Axes(TypedDict):
    collection: AxisView
    coverage: AxisView
    freshness: AxisView
    schedule: AxisView
    credentials: AxisView
    runtime: AxisView


class Remediation(TypedDict):
    by: str
    sentence: str
    command: str | None


class Condition(TypedDict):
    axis: str
    type: str
    status: Literal["true", "false", "unknown"]
    severity: str
    reason: str
    message: str
    origin: str
    observed_at: str | None
    stream: str | None
    count: int | None
    code: str | None
    remediation: Remediation | None


class StreamSummary(TypedDict):
    partitions: int
    missing: int
    untouched: int
    partial: int
    imported: int
    limited: int
    complete: int
    retired: int
    covered_through: str | None


class Health(TypedDict):
    connection: str
    source: str
    nature: Nature
    verdict: Verdict
    summary: str
    covered_through: str | None
    needs_you: int
    next_actions: list[Action]
    suggestions: list[Action]
    axes: Axes
    conditions: list[Condition]
    streams: dict[str, dict[str, Any]]


class AllHealth(TypedDict):
    connections: list[Health]


class Spans(TypedDict):
    covered: list[Span]
    imported: list[Span]
    holes: list[Span]
    gained: list[Span]
    limited: list[Span]


class Partition(TypedDict):
    key: str
    label: str | None
    status: Literal["present", "missing", "retired"]
    source_status: str | None
    extent: Extent
    high_water: str | None
    covered: list[Span]
    imported: list[Span]
    holes: list[Span]
    gained: list[Span]
    spans: Spans
    limited_before: str | None
    covered_through: str | None
    first_seen: str | None
    last_seen: str | None
    missing_since: str | None
    retired_at: str | None
    retired_reason: str | None
    explain: str


class CoveredStream(TypedDict):
    records: int
    deleted: int
    partitions: list[Partition] | None
    summary: StreamSummary | None


class Coverage(TypedDict):
    connection: str
    source: str
    nature: Nature
    streams: dict[str, CoveredStream]


class PartitionChanged(TypedDict):
    connection: str
    stream: str
    partition: Partition
