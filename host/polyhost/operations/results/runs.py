"""Runs and imports: what they come to, as they are stored, and as they are started, previewed, asked, paused and
cancelled."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from polyhost.coverage.facts import Method
from polyhost.errors import Failure
from polyhost.operations.coverage import Looks, StreamSummary, Unswept
from polyhost.operations.exceptions import StandingException
from polyhost.operations.receipts import Receipt
from polyhost.operations.shared_results import RunState
from polyhost.protocol.diagnostics import DiagnosticCode, Severity


class WrittenCounts(TypedDict):
    """What became of a stream's records. `rejected`: refused as out of scope or invalid. `mended`: of the others, those
    that lost a part in an unexpected shape; not there where there are none."""

    new: int
    updated: int
    unchanged: int
    deleted: int
    rejected: int
    mended: NotRequired[int]


class _Diagnosed(TypedDict):
    code: DiagnosticCode
    severity: Severity
    message: str


class Diagnostic(_Diagnosed, total=False):
    """Something a run found: an error, a gap, or worth knowing. `keys`: of records or groups; `total`: of how many
    partitions or keys the first are named; `truncated`: something was left out. What does not apply is not there."""

    stream: str
    partitions: list[str]
    keys: list[str]
    total: int
    truncated: bool
    count: int
    recovery_hint: str


class ScopedTimes(TypedDict, total=False):
    """`since` is inclusive, `until` exclusive, as they were asked for."""

    since: str
    until: str


class _ScopedName(TypedDict):
    name: str


class ScopedStream(_ScopedName, total=False):
    """What was asked for of one stream. What is not there bounds nothing."""

    resources: list[str]
    time_range: ScopedTimes
    fields: list[str]


class RunScope(TypedDict, total=False):
    """What a run was to collect; empty as long as that is not known."""

    streams: list[ScopedStream]


class Traffic(TypedDict):
    """Requests that the run sent, by endpoint; how often it retried, was told to wait, and how long it waited.
    `blocked`: requests to hosts the manifest does not declare, by host, stopped in the browser."""

    by_endpoint: dict[str, int]
    retries: int
    rate_limited: int
    waited_seconds: float
    blocked: dict[str, int]


class RunLooks(Looks):
    """The same after a run: `unlooked` partitions were not looked at again in it, the others were."""

    unlooked: int


class RunCoverage(StreamSummary):
    """How far a stream's partitions in the run's scope are covered, now that it has ended."""

    looks: NotRequired[RunLooks]
    unswept: NotRequired[Unswept]


class RunResult(TypedDict):
    """What a run or an import came to; what `run --json` and `import --json` print. `exceptions`: what stands out of
    the ranges of its scope, the first 50. `withheld`: checkpoints that could not be kept, by the rule; `error`: why it
    failed, or was ended. Both are not there otherwise."""

    run_id: str
    connection: str
    source: str
    status: RunState
    started_at: str
    finished_at: str
    seconds: float
    streams: dict[str, WrittenCounts]
    diagnostics: list[Diagnostic]
    requests: int
    traffic: Traffic
    coverage: dict[str, RunCoverage]
    exceptions: list[StandingException]
    receipt: Receipt
    withheld: NotRequired[dict[str, str]]
    error: NotRequired[Failure]


class Import(RunResult):
    """What an import came to; or, `preview` true, what it would come to: nothing of it is stored, and its ids name
    nothing."""

    preview: bool


class Run(TypedDict):
    """One run or import as it is stored. `paused`: it goes on, and its owner lets it wait. `requests`: how many it sent
    to the source."""

    run_id: str
    status: RunState
    paused: bool
    mode: Literal["incremental", "full_refresh"]
    scope: RunScope
    started_at: str
    finished_at: str | None
    streams: dict[str, WrittenCounts]
    diagnostics: list[Diagnostic]
    requests: int
    batch_id: str


class Runs(TypedDict):
    """Past runs and imports, newest first."""

    connection: str
    runs: list[Run]


class RunDetails(TypedDict):
    """A run whose store row is not there yet has no times; one that was refused after all never gets them."""

    run_id: str
    status: RunState | Literal["refused"]
    paused: bool
    connection: str | None
    mode: Literal["incremental", "full_refresh"] | None
    method: Method | None
    scope: RunScope
    started_at: str | None
    finished_at: str | None
    streams: dict[str, WrittenCounts]
    diagnostics: list[Diagnostic]
    requests: int
    batch_id: str | None
    receipt: Receipt | None
    error: Failure | None


class Started(TypedDict):
    """It goes on; GET /v1/runs/{run} and its events tell of it."""

    run_id: str


class Cancelling(TypedDict):
    """`cancelling`: it was asked to stop, and keeps what it has read."""

    run_id: str
    cancelling: bool


class Pausing(TypedDict):
    """`pausing`: it was asked to wait; its events tell of it, and its details."""

    run_id: str
    pausing: bool


class Resuming(TypedDict):
    """`resuming`: it was asked to go on where it was."""

    run_id: str
    resuming: bool


class Previewed(TypedDict):
    """A file that was uploaded, and what importing it would come to. It is kept until `expires_at`, to be committed."""

    artifact_id: str
    expires_at: str
    preview: Import


class QuestionField(TypedDict):
    """One thing to type. `secret`: not to be shown while it is typed."""

    name: str
    label: str
    secret: bool
    rule: Annotated[dict[str, Any], Field(description="Its JSON Schema, as the connector gave it.")]


class AskedQuestion(TypedDict):
    """What a run waits for. No fields: something to be done by hand, which is answered with success and no data."""

    connection: str
    run_id: str
    request_id: str
    kind: Literal["credentials", "otp", "manual_action"]
    message: str
    until: Annotated[str | None, Field(description="When the run goes on or ends without an answer.")]
    fields: list[QuestionField]


class Questions(TypedDict):
    """Everything that runs wait for."""

    questions: list[AskedQuestion]


class Answered(TypedDict):
    """The answer was handed on."""

    run_id: str
    request_id: str
    status: Literal["success", "cancelled"]
