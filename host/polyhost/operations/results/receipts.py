"""What one run, or one file, came to: counts, gaps, how complete it is."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from polyhost.coverage.facts import Claim, Method
from polyhost.operations.results.common import RunState


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
