"""What a run or an import came to, as every surface shows it and the store keeps it.

Must not know: how that is found out (`outcome` does). Kept free of heavy imports: results of operations are made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, cast

from typing_extensions import TypedDict

from polyhost.coverage.picture_json import StreamSummary
from polyhost.coverage.receipt import Receipt
from polyhost.errors import Failure
from polyhost.ledger.exceptions_json import StandingExceptionJson
from polyhost.ledger.looks_json import LooksJson, UnsweptJson
from polyhost.protocol.diagnostics import DiagnosticJson, RunState

__all__ = ["RunCoverage", "RunLooks", "RunResult", "Traffic", "WrittenCounts", "stored_result"]


class WrittenCounts(TypedDict):
    """What became of a stream's records. `rejected`: refused as out of scope or invalid. `mended`: of the others, those
    that lost a part in an unexpected shape; `unnamed`: of the rejected, those that no exception names, for they have no
    key, or more stand out than are kept by name. The last two are not there where there are none."""

    new: int
    updated: int
    unchanged: int
    deleted: int
    rejected: int
    mended: NotRequired[int]
    unnamed: NotRequired[int]


class Traffic(TypedDict):
    """Requests that the run sent, by endpoint; how often it retried, was told to wait, and how long it waited.
    `blocked`: requests to hosts the manifest does not declare, by host, stopped in the browser."""

    by_endpoint: dict[str, int]
    retries: int
    rate_limited: int
    waited_seconds: float
    blocked: dict[str, int]


class RunLooks(LooksJson):
    """The same after a run: `unlooked` partitions were not looked at again in it, the others were."""

    unlooked: int


class RunCoverage(StreamSummary):
    """How far a stream's partitions in the run's scope are covered, now that it has ended."""

    looks: NotRequired[RunLooks]
    unswept: NotRequired[UnsweptJson]


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
    diagnostics: list[DiagnosticJson]
    requests: int
    traffic: Traffic
    coverage: dict[str, RunCoverage]
    exceptions: list[StandingExceptionJson]
    receipt: Receipt
    withheld: NotRequired[dict[str, str]]
    error: NotRequired[Failure]
    trace: NotRequired[str]


def stored_result(kept: Mapping[str, Any]) -> RunResult | None:
    """A run's result as its row has it. None while it goes on, and where its process died before it could write one.
    Older versions stored less: what was added since is to be asked for with `get`."""
    return cast("RunResult", kept) if kept else None
