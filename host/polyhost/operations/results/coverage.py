"""How a connection is, and what it has: health, axes, conditions; streams and their partitions."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from polyhost.coverage.evidence import Hold, Policy
from polyhost.coverage.picture import Extent
from polyhost.coverage.signals import Axis, By, SignalSeverity
from polyhost.coverage.verdict import Verdict
from polyhost.operations.exceptions import StandingException
from polyhost.operations.results.common import Nature, RunState, Span


class Action(TypedDict):
    """Something the owner can type, and why. `since`: since when without a break; null where that cannot be told."""

    reason: str
    message: str
    sentence: str
    command: str
    since: str | None


class _LastEnded(TypedDict):
    id: str | None
    receipt: str | None


class CollectionEvidence(_LastEnded, total=False):
    """The last run or import that ended, and the sentence of its receipt. Null, and no more, where there was none."""

    status: RunState
    ended_at: str | None


class CollectionAxis(TypedDict):
    """Whether runs work."""

    status: Literal["needs_owner", "failing", "interrupted", "ok", "unknown"]
    evidence: CollectionEvidence
    since: str | None


class CoverageEvidence(TypedDict, total=False):
    """Partitions of all streams, by how far they are covered; nothing where no stream has partitions."""

    partitions: int
    missing: int
    untouched: int
    partial: int
    imported: int
    limited: int
    complete: int
    retired: int


class CoverageAxis(TypedDict):
    """How much is covered. `since`: when it was last looked at."""

    status: Literal["partial", "unproven", "limited", "complete"]
    evidence: CoverageEvidence
    since: str | None


class FreshnessEvidence(TypedDict):
    """As of when the data is known, when that goes stale, and whether it is known from files alone."""

    as_of: str | None
    stale_at: str | None
    from_files: bool
    maximum_staleness_seconds: int | None


class FreshnessAxis(TypedDict):
    """How fresh it is."""

    status: Literal["stale", "fresh", "unknown"]
    evidence: FreshnessEvidence
    since: str | None


class ScheduleEvidence(TypedDict):
    """When the next run starts by itself. `hold`: what it waits for; `failures`: how many in a row."""

    policy: Policy
    every_seconds: int | None
    paused: bool
    paused_until: str | None
    next_due: str | None
    hold: Hold | None
    failures: int


class ScheduleAxis(TypedDict):
    """Who starts runs. `since`: when its present plan was made."""

    status: Literal["paused", "waiting", "off", "automatic", "manual"]
    evidence: ScheduleEvidence
    since: str | None


class CredentialsEvidence(TypedDict):
    """When the session was saved, and when the source last took it."""

    session_saved_at: str | None
    last_contact: str | None


class CredentialsAxis(TypedDict):
    """Whether the source accepts its owner."""

    status: Literal["disconnected", "needs_owner", "ok", "unknown"]
    evidence: CredentialsEvidence
    since: str | None


class RuntimeEvidence(TypedDict):
    """The last run or import that ended, and the code of the error it ended with."""

    id: str | None
    error_code: str | None


class RuntimeAxis(TypedDict):
    """Whether it runs on this machine."""

    status: Literal["failing", "ok", "unknown"]
    evidence: RuntimeEvidence
    since: str | None


class Axes(TypedDict):
    """What is judged apart: each with its status, the facts it was judged by, and since when it is so."""

    collection: CollectionAxis
    coverage: CoverageAxis
    freshness: FreshnessAxis
    schedule: ScheduleAxis
    credentials: CredentialsAxis
    runtime: RuntimeAxis


class Remediation(TypedDict):
    """Who can mend it, and by what. `command` null: no command does."""

    by: By
    sentence: str
    command: str | None


class Condition(TypedDict):
    """A claim that holds, does not, or cannot be told. `reason` says why, by a stable code, `message` in words;
    docs/health.md has the table."""

    axis: Axis
    type: Literal["collected", "covered", "fresh", "scheduled", "signed_in", "runtime_ready"]
    status: Literal["true", "false", "unknown"]
    severity: SignalSeverity
    reason: str
    message: str
    origin: str
    observed_at: str | None
    stream: str | None
    count: int | None
    code: str | None
    remediation: Remediation | None


class StreamSummary(TypedDict):
    """How many partitions are in which extent, and the newest moment any of them is covered through."""

    partitions: int
    missing: int
    untouched: int
    partial: int
    imported: int
    limited: int
    complete: int
    retired: int
    covered_through: str | None


class PartitionReach(TypedDict):
    """How far one partition reaches. `covered_through` null: nothing of it, or its positions are no times."""

    key: str
    extent: Extent
    covered_through: str | None


class StreamHealth(TypedDict):
    """One stream. `partitions` null: it has none. `reach`: the partitions to look at first; coverage has them all."""

    records: int
    deleted: int
    partitions: StreamSummary | None
    covered_through: str | None
    reach: list[PartitionReach]


class Running(TypedDict):
    """The run that goes on. `paused`: its owner lets it wait; `asked_since`: since when it waits for their answer."""

    run_id: str
    paused: bool
    asked_since: str | None


class Health(TypedDict):
    """How a connection is. `next_actions`: what only its owner can do, each command once; `needs_you` is their number.
    `suggestions`: what would help and can wait. `running`: the run that goes on now. A surface shows
    all of it as it is."""

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
    running: Running | None
    streams: dict[str, StreamHealth]


class AllHealth(TypedDict):
    """The health of every connection."""

    connections: list[Health]


class Spans(TypedDict):
    """Stretches as moments, for a picture. `gained`: what the last run or import added."""

    covered: list[Span]
    imported: list[Span]
    holes: list[Span]
    gained: list[Span]
    limited: list[Span]


class Partition(TypedDict):
    """One independently resuming part of a stream. `covered`, `imported`, `holes` and `gained` are stretches of
    positions, `spans` the same as moments. `exceptions`: how many records and groups stand out of what is covered,
    those set aside left out. `limited_before`: the source hides what is older. `looked_at`: when its newest records
    were last read, `swept_at`: when all of it last was; what was edited or deleted since is unknown."""

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
    exceptions: int
    limited_before: str | None
    covered_through: str | None
    first_seen: str | None
    last_seen: str | None
    looked_at: str | None
    swept_at: str | None
    missing_since: str | None
    retired_at: str | None
    retired_reason: str | None
    explain: str


class Unswept(TypedDict):
    """Partitions that are covered and were not looked at again for longer than the manifest wants, the longest
    since `oldest`."""

    partitions: int
    oldest: str | None


class Looks(TypedDict):
    """When a stream's partitions were last looked at again: of how many their newest records are overdue, and when the
    one that waits longest was looked at. `unswept`: the same of older records. `explain`: what a reader has to know."""

    partitions: int
    overdue: int
    oldest: str | None
    unswept: Unswept
    explain: str | None


class CoveredStream(TypedDict):
    """One stream; `partitions` (worst first), `summary` and `looks` are null where it has none. `exceptions`: the first
    of what stands out of what is covered, set aside or not; `exceptions_total`: how many there are."""

    records: int
    deleted: int
    partitions: list[Partition] | None
    summary: StreamSummary | None
    looks: Looks | None
    exceptions: list[StandingException]
    exceptions_total: int


class Coverage(TypedDict):
    """How far each partition of each stream is covered."""

    connection: str
    source: str
    nature: Nature
    streams: dict[str, CoveredStream]


class PartitionChanged(TypedDict):
    """A partition after it was retired or restored."""

    connection: str
    stream: str
    partition: Partition
