"""Health as every surface shows it: the axes with the facts each was judged by, what to do, streams.

Must not know: how any of it is judged. Kept free of heavy imports: results of operations are made of it.
"""

from __future__ import annotations

from typing_extensions import TypedDict

from polyhost.coverage.conditions import ConditionJson
from polyhost.coverage.evidence import Hold, Nature, PartitionReachJson, Policy
from polyhost.coverage.file_totals import FileTotals
from polyhost.coverage.picture_json import StreamSummary
from polyhost.coverage.signals import (
    CollectionStatus,
    CoverageStatus,
    CredentialsStatus,
    FreshnessStatus,
    RuntimeStatus,
    ScheduleStatus,
)
from polyhost.coverage.verdict import Verdict
from polyhost.protocol.diagnostics import RunState

__all__ = [
    "ActionJson",
    "Axes",
    "CollectionAxis",
    "CollectionEvidence",
    "CoverageAxis",
    "CoverageEvidence",
    "CredentialsAxis",
    "CredentialsEvidence",
    "FreshnessAxis",
    "FreshnessEvidence",
    "HealthJson",
    "Running",
    "RuntimeAxis",
    "RuntimeEvidence",
    "ScheduleAxis",
    "ScheduleEvidence",
    "StreamHealth",
]


class ActionJson(TypedDict):
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

    status: CollectionStatus
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
    became: int
    deleted: int
    retired: int


class CoverageAxis(TypedDict):
    """How much is covered. `since`: when it was last looked at."""

    status: CoverageStatus
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

    status: FreshnessStatus
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

    status: ScheduleStatus
    evidence: ScheduleEvidence
    since: str | None


class CredentialsEvidence(TypedDict):
    """When the session was saved, and when the source last took it."""

    session_saved_at: str | None
    last_contact: str | None


class CredentialsAxis(TypedDict):
    """Whether the source accepts its owner."""

    status: CredentialsStatus
    evidence: CredentialsEvidence
    since: str | None


class RuntimeEvidence(TypedDict):
    """The last run or import that ended, and the code of the error it ended with."""

    id: str | None
    error_code: str | None


class RuntimeAxis(TypedDict):
    """Whether it runs on this machine."""

    status: RuntimeStatus
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


class StreamHealth(TypedDict):
    """One stream. `partitions` null: it has none. `reach`: the partitions to look at first; coverage has them all.
    `exceptions`: how many stand out of it by name, those set aside left out; `unnamed`: how many more the last run over
    it refused that no exception names. `files`: what became of those its records name; null where it declares none."""

    records: int
    deleted: int
    partitions: StreamSummary | None
    covered_through: str | None
    reach: list[PartitionReachJson]
    exceptions: int
    unnamed: int
    files: FileTotals | None


class Running(TypedDict):
    """The run that goes on. `paused`: its owner lets it wait; `asked_since`: since when it waits for their answer."""

    run_id: str
    paused: bool
    asked_since: str | None


class HealthJson(TypedDict):
    """How a connection is. `next_actions`: what only its owner can do, each command once; `needs_you` is their number.
    `suggestions`: what would help and can wait. `running`: the run that goes on now. `site`: the address of the site,
    where the source is the software of many. A surface shows all of it as it is."""

    connection: str
    source: str
    site: str | None
    nature: Nature
    verdict: Verdict
    summary: str
    covered_through: str | None
    needs_you: int
    next_actions: list[ActionJson]
    suggestions: list[ActionJson]
    axes: Axes
    conditions: list[ConditionJson]
    running: Running | None
    streams: dict[str, StreamHealth]
