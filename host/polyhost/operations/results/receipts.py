"""What one run, or one file, came to: counts, gaps, how complete it is."""

from __future__ import annotations

from typing_extensions import TypedDict

from polyhost.coverage.facts import Claim, Method
from polyhost.operations.exceptions import StandingException
from polyhost.operations.results.common import RunState


class EventTime(TypedDict):
    """The oldest and the newest moment that what was read tells of."""

    first: str
    last: str


class ReceiptCounts(TypedDict):
    """What became of what was read. `duplicate`: known already; `skipped`: refused as out of scope; `failed`: invalid,
    or not to be read as a record; `mended`: stored without a part in an unexpected shape."""

    parsed: int
    accepted: int
    updated: int
    duplicate: int
    deleted: int
    skipped: int
    failed: int
    mended: int


class Gap(TypedDict):
    """Something known to be absent. `stream` null: all; `action`: what would close it."""

    code: str
    stream: str | None
    count: int | None
    blocking: bool
    action: str | None


class Artifact(TypedDict):
    """The file that was imported. `same_as`: the batch that brought the same content before. `covered_before` and
    `covered_through`: the newest moment covered, without and with it. `next_artifact`: how to make a newer one."""

    digest: str
    format: str
    truncated: bool
    same_as: str | None
    covered_before: str | None
    covered_through: str | None
    next_artifact: str | None


class Advice(TypedDict):
    """What takes a file's coverage further."""

    code: str
    covered_through: str | None
    action: str


class Completeness(TypedDict):
    """How much of what was asked for is proven, and the codes of the evidence for and against."""

    claim: Claim
    evidence: list[str]


class Receipt(TypedDict):
    """What one run or import came to. Counts, times, keys and codes only. `exceptions`: what stands out of the ranges
    of its scope, the first 50. `blocked`: requests to hosts the manifest does not declare, by host. `artifact` and
    `advice` are null of a run. Where its process died before it could count, `status` is failed, the evidence
    `interrupted`, every count 0, and `finished_at` null until the next run."""

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
    gaps: list[Gap]
    exceptions: list[StandingException]
    blocked: dict[str, int]
    artifact: Artifact | None
    advice: Advice | None
    completeness: Completeness
    summary: str


class Batches(TypedDict):
    """The receipts of past batches, newest first."""

    connection: str
    batches: list[Receipt]
