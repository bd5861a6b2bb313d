"""Runs: as they are stored, and as they are started, previewed, asked and cancelled."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import TypedDict

from polyhost.operations.results.common import Failure, RunState
from polyhost.operations.results.receipts import Receipt
from polyhost.protocol.diagnostics import DiagnosticCode, Severity


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
