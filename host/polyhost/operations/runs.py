"""Runs: started, listed, watched.

Owns: how a run is told of while it goes on and afterwards. Must not know: how one is carried out,
in which process; HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, cast

from typing_extensions import TypedDict

from polyhost.coverage.facts import Method
from polyhost.coverage.receipt import Receipt
from polyhost.engine.run.dry_run_json import DryRun
from polyhost.engine.run.result_json import RunResult, WrittenCounts, stored_result
from polyhost.errors import ErrorCode, Failure, PolyhostError, RefusedError
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import Names, body, flag, limit, option
from polyhost.operations.operation import Exchange, Result, Route, Section, operation
from polyhost.operations.shared_results import Described, Started
from polyhost.protocol.diagnostics import DiagnosticJson, RunState
from polyhost.protocol.scope_json import RunScope

if TYPE_CHECKING:
    from polyhost.engine.clock import Clock
    from polyhost.engine.hosting.run_host import RunHost
    from polyhost.operations.context import Context
    from polyhost.store.base import RunRow, Store

__all__ = [
    "EndedRun",
    "Run",
    "RunDetails",
    "RunDetailsRequest",
    "RunFinished",
    "RunRequest",
    "RunWanted",
    "Runs",
    "RunsRequest",
    "StartRequest",
    "follow",
    "run",
    "run_details",
    "runs",
    "start",
]

_Name = Annotated[str, Described(keywords=(("minLength", 1),))]
_Names = Annotated[list[_Name], Described(keywords=(("minItems", 1), ("uniqueItems", True)))]
_MOMENT = Described(keywords=(("minLength", 10),))
_SOME = Described(keywords=(("minProperties", 1),))


class TimeRange(TypedDict):
    """`since` is inclusive, `until` exclusive; ISO 8601 with a time zone, or a date (midnight UTC). At least one."""

    since: NotRequired[Annotated[str, _MOMENT]]
    until: NotRequired[Annotated[str, _MOMENT]]


class RunWanted(TypedDict):
    """What to collect. What is left out bounds nothing; null, an empty list and an unknown name are refused: a boundary
    that is not understood is not taken for none. `files`: whether files are fetched, too; left out, as it is set."""

    streams: NotRequired[_Names]
    resources: NotRequired[Annotated[dict[str, _Names], _SOME]]
    time_range: NotRequired[Annotated[TimeRange, _SOME]]
    fields: NotRequired[Annotated[dict[str, _Names], _SOME]]
    mode: NotRequired[Literal["incremental", "full_refresh"]]
    files: NotRequired[bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    name: str = common.connection("The connection to collect.")
    stream: tuple[str, ...] = common.streams()
    resource: tuple[str, ...] = common.resource()
    since: str | None = common.since("Only records from this time on (ISO 8601; a bare date is midnight UTC).")
    until: str | None = option("Only records before this time.", metavar="TIME")
    full: bool = flag("Read everything again, also what is covered, to catch old edits and deletions.")
    dry_run: bool = flag("Say what would be fetched, by partition, and write nothing.")
    replay: str | None = option(
        "Replay a recorded scenario offline instead of going to the site.", metavar="DIR", names=Names.FOLDER
    )
    record: str | None = option(
        "Record the run as a scenario, scrubbed of secrets and personal data.", metavar="DIR", names=Names.FOLDER
    )
    waive: tuple[str, ...] = common.waive()
    after: str | None = common.after_scenario()
    map_host: tuple[str, ...] = common.map_host()
    insecure_tls: bool = common.insecure_tls()
    headed: bool = flag("Show the browser while it collects.")
    trace: str | None = option(
        "Write what passed, without content, there; of a run that fails it is kept anyway.",
        metavar="DIR",
        names=Names.FOLDER,
    )
    files: bool = flag("Fetch the files of what is stored, too: pictures, documents, recordings.")
    files_max_size: str | None = common.files_max_size()
    files_type: tuple[str, ...] = common.files_type()
    allow_gaps: bool = flag("End with status 0 although gaps were found.")


@operation(
    "run",
    "Collect what is new, and say what is missing.",
    section=Section.FIRST_STEPS,
    details="Reads what is new, the holes that earlier runs have left, and a little of what is covered already, to "
    "notice edits and deletions; --full reads all of that again. The first Ctrl-C stops and keeps what was "
    "read, the second leaves at once. Either way the next run goes on from there.\n\n"
    "A run can be narrowed by stream, resource and time, and never widens by itself: a name that is not known "
    "is refused before anything starts.",
    examples=(
        "polyhost run slack",
        "polyhost run slack --dry-run",
        "polyhost run slack --resource messages=C024BE91L --since 2026-01-01",
        "polyhost run slack --json | jq .diagnostics",
    ),
    ends_as_a_run=True,
)
async def run(context: Context, request: RunRequest) -> Result[RunResult | DryRun]:
    """Collect once, or say what would be asked for. Whatever can be refused is refused before anything is written."""
    from polyhost.operations.collect import collect_as_typed

    return await collect_as_typed(context, request)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    name: str = common.connection("The connection to collect.")
    wanted: Any = body("What to collect; {} is everything that is new.", of=RunWanted)  # noqa: RUF009  a field, as the others are


@run.route(
    Route("POST", "/v1/connections/{name}/runs", 202), refusals=(ErrorCode.RUN_IN_PROGRESS, ErrorCode.TOO_MANY_RUNS)
)
async def start(context: Context, request: StartRequest) -> Result[Started]:
    """Start a run; what can be refused is refused before it has begun."""
    from polyhost.operations.hosted import host_of, run_job

    job = run_job(context, request.name, request.wanted)
    return Result(Started(run_id=await host_of(context).start(job, connection=request.name)))


class Run(TypedDict):
    """One run or import as it is stored. `paused`: it goes on, and its owner lets it wait. `requests`: how many it sent
    to the source. One that was accepted and whose connector has not begun, as while its browser starts, has no `mode`
    and no `batch_id` yet."""

    run_id: str
    status: RunState
    paused: bool
    mode: Literal["incremental", "full_refresh"] | None
    scope: RunScope
    started_at: str
    finished_at: str | None
    streams: dict[str, WrittenCounts]
    diagnostics: list[DiagnosticJson]
    requests: int
    batch_id: str | None


class Runs(TypedDict):
    """Past runs and imports, newest first."""

    connection: str
    runs: list[Run]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsRequest:
    name: str = common.connection()
    limit: int = limit("At most this many, newest first.", default=20)


@operation(
    "runs",
    "List past runs, newest first.",
    section=Section.HISTORY,
    examples=("polyhost runs slack",),
    routes=(Route("GET", "/v1/connections/{name}/runs"),),
)
async def runs(context: Context, request: RunsRequest) -> Result[Runs]:
    """Past runs, newest first, and the one that goes on, from its acceptance on."""
    from polyhost.engine.run.paused import paused_run

    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        accepted = await _accepted(store, connection.id, context.clock)
        rows = await store.runs.newest(connection.id, limit=request.limit)
        paused = await paused_run(store, connection.id)
    found = [] if accepted is None or any(row.id == accepted for row in rows) else [_not_begun(accepted, paused)]
    found += [_run(row, paused) for row in rows]
    return Result(Runs(connection=connection.name, runs=found[: request.limit]))


async def _accepted(store: Store, connection_id: int, clock: Clock) -> str | None:
    """The run that holds the lease, where it is not stored yet. Asked before the stored ones: what is stored meanwhile
    is found among them."""
    holder = await store.runs.lease_holder(connection_id, now=clock.moment())
    if holder is None or not holder.run_id.startswith("run_") or await store.runs.get(holder.run_id) is not None:
        return None
    return holder.run_id


def _not_begun(run_id: str, paused: str | None) -> Run:
    from polyhost.engine.clock import when_made
    from polyhost.instants import iso_from_seconds

    return Run(
        run_id=run_id,
        status="running",
        paused=run_id == paused,
        mode=None,
        scope={},
        started_at=iso_from_seconds(when_made(run_id)),
        finished_at=None,
        streams={},
        diagnostics=[],
        requests=0,
        batch_id=None,
    )


def _run(row: RunRow, paused: str | None) -> Run:
    result = stored_result(row.result)
    return Run(
        run_id=row.id,
        status=row.status,
        paused=row.status == "running" and row.id == paused,
        mode=row.mode,
        scope=cast("RunScope", row.scope),
        started_at=row.started_at,
        finished_at=row.finished_at,
        streams={} if result is None else result.get("streams", {}),
        diagnostics=[] if result is None else result.get("diagnostics", []),
        requests=0 if result is None else result.get("requests", 0),
        batch_id=row.batch_id,
    )


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
    diagnostics: list[DiagnosticJson]
    requests: int
    batch_id: str | None
    receipt: Receipt | None
    error: Failure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetailsRequest:
    run: str = common.run_id("A run's id.")


@operation(
    "run details",
    "One run, going on or past, with its receipt once it has ended.",
    routes=(Route("GET", "/v1/runs/{run}"),),
    command=False,
    only="In a terminal the run's own command shows it, and receipt RUN afterwards.",
)
async def run_details(context: Context, request: RunDetailsRequest) -> Result[RunDetails]:
    """As it is stored; of a run of this process that has not come so far, or was refused after all, what is known."""
    try:
        found = await _stored(context, request.run)
    except RefusedError:
        known = None if context.host is None else _not_stored(context.host, request.run)
        known = known or await _accepted_elsewhere(context, request.run)
        if known is None:
            raise
        return Result(known)
    run = None if context.host is None else context.host.control(request.run)
    if run is not None and run.is_alive:
        found["paused"] = run.is_paused
    return Result(found)


async def _stored(context: Context, run_id: str) -> RunDetails:
    """A run as `runs` lists it, with its connection, and its receipt once it has ended. RefusedError `unknown_run`."""
    from polyhost.engine.run.paused import paused_run

    async with context.store(create=False) as store:
        row = await store.runs.get(run_id)
        names = {one.id: one.name for one in await store.connections.all()}
        paused = None if row is None else await paused_run(store, row.connection_id)
        batch = None if row is None else await store.runs.batch(row.batch_id)
    if row is None:
        raise _unknown(run_id)
    name, result = names.get(row.connection_id), stored_result(row.result)
    receipt = None if result is None else result.get("receipt")
    return RunDetails(
        **_run(row, paused),
        connection=name,
        method=None if batch is None else Method(batch.method),
        receipt=None if receipt is None else {**receipt, "connection": name or receipt["connection"]},
        error=None if result is None else result.get("error"),
    )


def _unknown(run_id: str) -> RefusedError:
    return RefusedError(f"there is no run {run_id!r}", "See: polyhost runs NAME", code=ErrorCode.UNKNOWN_RUN)


def _not_stored(host: RunHost, run_id: str) -> RunDetails | None:
    run = host.control(run_id)
    if run is None:
        return None
    ended = host.ended(run_id)
    error = None if ended is None else ended.error
    status = "running" if ended is None else "refused"
    return _not_begun_details(run_id, run.connection, status, paused=run.is_paused, error=error)


async def _accepted_elsewhere(context: Context, run_id: str) -> RunDetails | None:
    """One of another process that `runs` lists already."""
    from polyhost.engine.run.paused import paused_run

    if not context.has_store:
        return None
    async with context.store(create=False) as store:
        for connection in await store.connections.all():
            if await _accepted(store, connection.id, context.clock) == run_id:
                paused = await paused_run(store, connection.id) == run_id
                return _not_begun_details(run_id, connection.name, "running", paused=paused)
    return None


def _not_begun_details(
    run_id: str,
    connection: str,
    status: Literal["running", "refused"],
    *,
    paused: bool,
    error: PolyhostError | None = None,
) -> RunDetails:
    return RunDetails(
        run_id=run_id,
        status=cast('RunState | Literal["refused"]', status),
        paused=paused,
        connection=connection,
        mode=None,
        method=None,
        scope={},
        started_at=None,
        finished_at=None,
        streams={},
        diagnostics=[],
        requests=0,
        batch_id=None,
        receipt=None,
        error=None if error is None else error.as_json(),
    )


class NoResult(TypedDict):
    """Its process died before it could say what the run came to."""


class RunFinished(TypedDict):
    """The last event of every run."""

    result: RunResult | NoResult


class EndedRun(TypedDict):
    """How a run that is past ended."""

    status: RunState
    result: RunResult | NoResult


@operation(
    "run events",
    "What a run says while it goes on, as server-sent events; resumes after Last-Event-ID.",
    routes=(Route("GET", "/v1/runs/{run}/events", exchange=Exchange.EVENTS),),
    command=False,
    only="In a terminal the run's own command shows it.",
)
async def follow(context: Context, request: RunDetailsRequest) -> Result[EndedRun]:
    """How a run that is known by nobody here ended: what a late watcher is told. RefusedError `unknown_run`."""
    async with context.store(create=False) as store:
        row = await store.runs.get(request.run)
    if row is None:
        raise _unknown(request.run)
    return Result(EndedRun(status=row.status, result=stored_result(row.result) or NoResult()))
