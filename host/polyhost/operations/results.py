"""What operations answer with, as types: every surface's JSON, and the schemas in the API's description.

Owns: these shapes; a test holds what operations really return to them. Must not know: how a value comes about. Nothing
here is imported by a command: types are named in the table, and looked up where a schema is made.
"""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

from polyhost.coverage.facts import Claim, Method
from polyhost.coverage.picture import Extent
from polyhost.coverage.verdict import Verdict
from polyhost.engine.schedules import Mode
from polyhost.protocol.diagnostics import DiagnosticCode, Severity

RunState = Literal["running", "complete", "complete_with_gaps", "failed", "needs_owner", "cancelled"]
Nature = Literal["live", "test", "replay", "demo"]
Span = tuple[str | None, str | None]
"""From and to. A null beginning is the beginning of everything, a null end is open."""


class Problem(TypedDict):
    """RFC 9457 problem details. `code` is stable; `reason` and `instruction` are for whoever reads them."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    reason: str
    instruction: str


class Failure(TypedDict):
    code: str
    reason: str
    instruction: str


# connections


class LastRun(TypedDict):
    run_id: str
    status: RunState
    started_at: str


class Connection(TypedDict):
    name: str
    source: str
    nature: Nature
    disconnected_at: str | None
    created_at: str
    records: int
    last_run: LastRun | None


class Connections(TypedDict):
    connections: list[Connection]


class Disconnected(TypedDict):
    connection: str
    data: Literal["kept", "deleted"]
    records: int


class Renamed(TypedDict):
    connection: str
    was: str
    notes: list[str]


class Source(TypedDict, total=False):
    name: str
    display_name: str
    version: str
    kind: Literal["page", "stdio", "artifact"] | None
    streams: list[str]
    error: str | None


class Sources(TypedDict):
    sources: list[Source]


class Setting(TypedDict):
    key: str
    value: Any
    origin: str
    variable: str
    default: Any
    meaning: str


class Settings(TypedDict):
    file: str
    exists: bool
    settings: list[Setting]


# health and coverage


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


# runs and receipts


class WrittenCounts(TypedDict):
    new: int
    updated: int
    unchanged: int
    deleted: int
    rejected: int


class Diagnostic(TypedDict, total=False):
    code: DiagnosticCode
    severity: Severity
    stream: str
    partitions: list[str]
    total: int
    truncated: bool
    count: int
    message: str
    recovery_hint: str


class Run(TypedDict):
    run_id: str
    status: RunState
    mode: Literal["incremental", "full_refresh"]
    scope: dict[str, Any]
    started_at: str
    finished_at: str | None
    streams: dict[str, WrittenCounts]
    diagnostics: list[Diagnostic]
    requests: int
    batch_id: str


class Runs(TypedDict):
    connection: str
    runs: list[Run]


class EventTime(TypedDict):
    first: str
    last: str


class ReceiptCounts(TypedDict):
    parsed: int
    accepted: int
    updated: int
    duplicate: int
    deleted: int
    skipped: int
    failed: int


class Gap(TypedDict):
    code: str
    stream: str | None
    count: int | None
    blocking: bool
    action: str | None


class Artifact(TypedDict):
    digest: str
    format: str
    truncated: bool
    same_as: str | None
    covered_before: str | None
    covered_through: str | None
    next_artifact: str | None


class Advice(TypedDict):
    code: str
    covered_through: str | None
    action: str


class Completeness(TypedDict):
    claim: Claim
    evidence: list[str]


class Receipt(TypedDict):
    batch_id: str
    connection: str
    source: str
    method: Method
    trigger: str
    recorded: bool
    status: RunState
    started_at: str
    finished_at: str
    event_time: EventTime | None
    counts: ReceiptCounts
    gaps: list[Gap]
    blocked: dict[str, Any]
    artifact: Artifact | None
    advice: Advice | None
    completeness: Completeness
    summary: str


class Batches(TypedDict):
    connection: str
    batches: list[Receipt]


class RunDetails(TypedDict):
    """A run whose store row is not there yet has no times; one that was refused after all never gets them."""

    run_id: str
    status: RunState | Literal["refused"]
    connection: str | None
    mode: Literal["incremental", "full_refresh"] | None
    scope: dict[str, Any]
    started_at: str | None
    finished_at: str | None
    streams: dict[str, WrittenCounts]
    diagnostics: list[Diagnostic]
    requests: int
    batch_id: str | None
    receipt: Receipt | None
    error: Failure | None


class Started(TypedDict):
    run_id: str


class Cancelling(TypedDict):
    run_id: str
    cancelling: bool


class Previewed(TypedDict):
    """`preview`: what importing comes to, with the receipt it would have; made as an import's result is."""

    artifact_id: str
    expires_at: str
    preview: dict[str, Any]


class QuestionField(TypedDict):
    name: str
    label: str
    secret: bool
    rule: dict[str, Any]


class AskedQuestion(TypedDict):
    connection: str
    run_id: str
    request_id: str
    kind: str
    message: str
    fields: list[QuestionField]


class Questions(TypedDict):
    questions: list[AskedQuestion]


class Answered(TypedDict):
    run_id: str
    request_id: str
    status: Literal["success", "cancelled"]


# records


class StoredRecord(TypedDict):
    stream: str
    key: str
    partition: str | None
    label: str | None
    time: str | None
    data: dict[str, Any] | None
    emitted_at: str
    version: int
    deleted: bool
    batch_id: str


class ListedRecord(StoredRecord, total=False):
    members: int


class Records(TypedDict):
    records: list[ListedRecord]
    next: str | None


class _OneRecord(TypedDict):
    connection: str
    record: StoredRecord


class Record(_OneRecord, total=False):
    versions: list[StoredRecord]


class Thread(TypedDict):
    connection: str
    stream: str
    key: str
    partition: str | None
    records: list[StoredRecord]
    next: str | None


class PartitionCounts(TypedDict):
    key: str
    label: str | None
    records: int
    deleted: int


class StreamCounts(TypedDict):
    connection: str
    stream: str
    records: int
    deleted: int
    partitions: list[PartitionCounts]
    truncated: bool


class Snippet(TypedDict):
    field: str
    text: str
    highlights: list[tuple[int, int]]
    cut_before: bool
    cut_after: bool


class Hit(TypedDict):
    connection: str
    source: str
    stream: str
    key: str
    partition: str | None
    label: str | None
    time: str | None
    version: int
    deleted: bool
    snippet: Snippet | None


class Searched(TypedDict):
    connection: str
    pending: int


class Found(TypedDict):
    query: str
    hits: list[Hit]
    next: str | None
    complete: bool
    pending: int
    connections: list[Searched]


# schedules and notices


class Schedule(TypedDict):
    connection: str
    status: str
    reason: str
    message: str
    mode: Mode
    policy: Literal["manual", "automatic"]
    every_seconds: int | None
    recommended_seconds: int | None
    least_seconds: int | None
    background_safe: bool
    interaction: str | None
    quiet_hours: str | None
    time_zone: str
    paused: bool
    paused_until: str | None
    next_due: str | None
    failures: int
    served: bool
    changed_at: str | None


class Schedules(TypedDict):
    connections: list[Schedule]


class TriedWay(TypedDict):
    way: str
    problem: Failure | None


class Notified(TypedDict):
    ways: list[TriedWay]
