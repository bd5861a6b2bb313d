"""What a run or an import came to, as everything that tells of one has it.

Must not know: any one operation. Kept free of heavy imports, as every family is.
"""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from polyhost.errors import Failure
from polyhost.operations.coverage import Looks, StreamSummary, Unswept
from polyhost.operations.exceptions import StandingException
from polyhost.operations.receipts import Receipt
from polyhost.operations.shared_results import RunState
from polyhost.protocol.diagnostics import DiagnosticCode, Severity

__all__ = [
    "Diagnostic",
    "RunCoverage",
    "RunLooks",
    "RunResult",
    "RunScope",
    "ScopedStream",
    "ScopedTimes",
    "Started",
    "Traffic",
    "WrittenCounts",
]


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
    failed, or was ended; `trace`: the folder with what passed. None of the three is there otherwise."""

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
    trace: NotRequired[str]


class Started(TypedDict):
    """It goes on; GET /v1/runs/{run} and its events tell of it."""

    run_id: str
