"""Collecting once: a run, its dry run, a replay, the demo.

Owns: from a request to a collection that can start, and which data may go into which connection. Must not know: how a
run is carried out, or how its result looks.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from polyhost.browser.recordings.waivers import read_waivers
from polyhost.engine.development.earlier import narrowed, scenarios_up_to
from polyhost.engine.development.rehearsal import keep_recording
from polyhost.engine.files.blobs import BlobStep
from polyhost.engine.files.downloading import Downloading
from polyhost.engine.files.rubbish import tidy_up
from polyhost.engine.files.step import FileStep
from polyhost.engine.files.wanted import FilesWanted
from polyhost.engine.run.collect import Collection, RunContext, collect
from polyhost.engine.run.dry_run import dry_run
from polyhost.engine.run.dry_run_json import DryRun
from polyhost.engine.run.result_json import RunResult
from polyhost.engine.run.tracing import Trace, TracedConnector, keep_trace
from polyhost.engine.settings.config import load_config
from polyhost.engine.sources.connectors import (
    Owner,
    Prepared,
    demo_scenario,
    live_connector,
    recording_connector,
    replay_connector,
    run_bounds,
)
from polyhost.engine.sources.lookup import Loaded, find_source, source_of
from polyhost.errors import ErrorCode, RefusedError
from polyhost.files.contents import Contents
from polyhost.files.spool import Spool
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.parsing import host_mappings, resources
from polyhost.operations.runs import RunRequest
from polyhost.protocol.diagnostics import FINISHED, RunStatus
from polyhost.protocol.record_files import file_rules
from polyhost.protocol.scope import Scope
from polyhost.protocol.scope_request import ABSENT, resolve_request, resolve_scope
from polyhost.store.base import ConnectionRow, Store

__all__ = ["collect_as_typed", "collect_wanted", "replay_demo"]

DEMO_NAME = "slack"
DEMO_NAME_TAKEN = "slack-demo"


async def collect_as_typed(context: Context, request: RunRequest) -> Result[RunResult | DryRun]:
    """What `run` does. Everything that can be refused is refused before the store is opened for writing."""
    if request.replay is not None and request.record is not None:
        raise RefusedError("--replay and --record exclude each other", "Record from a live run.")
    files = _files_wanted(context, request)
    if files is not None and (request.replay is not None or request.record is not None):
        raise RefusedError(
            "--files asks the site for files, which no recording holds", "Leave it out of --replay and --record."
        )
    if request.waive and request.record is None:
        raise RefusedError("--waive is about a recording, and none is made", "Give --record DIR, too.")
    read_waivers(request.waive)
    if request.after is not None and request.record is None:
        raise RefusedError("--after is about a recording, and none is made", "Give --record DIR, too.")
    if request.after is not None:
        scenarios_up_to(_folder(request.after))
    if request.replay is not None and not request.dry_run:
        return await _replay(context, request, _folder(request.replay))
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = source_of(connection, context.home)
        scope = _scope(source, request)
        if request.replay is not None:  # of a recording only what is wrong with it can be told before
            replay_connector(source, _folder(request.replay), context.home)
        if request.dry_run:
            return Result(await dry_run(store, connection, source.manifest, scope, context.clock, full=request.full))
        _check_session(connection)
        make = live_connector if request.record is None else recording_connector
        hosts = _hosts(request, connection)
        owner = Owner(answer=context.answer, watch=context.watch, headed=request.headed)
        prepared = await make(source, connection, hosts, context.home, store, context.clock, owner, context.launcher)
        return await _run(context, store, connection, source, scope, prepared, request, files=files)


async def collect_wanted(context: Context, name: str, wanted: object) -> RunResult:
    """Collect once what a request object asks for (`resolve_request`). Everything that can be refused is refused before
    anything is written."""
    async with context.store(create=False) as store:
        connection = await context.connection(store, name)
        source = source_of(connection, context.home)
        scope = resolve_request(source.manifest, wanted)
        full = isinstance(wanted, dict) and wanted.get("mode") == "full_refresh"
        _check_session(connection)
        hosts = _kept_hosts(connection)
        owner = Owner(answer=context.answer, watch=context.watch)
        prepared = await live_connector(
            source, connection, hosts, context.home, store, context.clock, owner, context.launcher
        )
        files = _files_asked(context, wanted, full=full)
        return await _collect(context, store, connection, source, scope, prepared, full=full, files=files)


async def _replay(context: Context, request: RunRequest, recording: Path) -> Result[RunResult]:
    """Replay a recording. A source that is not connected gets a connection of that name."""
    if not context.has_store:  # whatever is wrong is said before there is a home
        source = find_source(request.name, context.home)
        _scope(source, request)
        replay_connector(source, recording, context.home)
    async with context.store() as store:
        row = await store.connections.get(request.name)
        if row is not None and row.nature == "live":
            raise RefusedError(
                f"{row.name} is for your own data; a recording's must not get mixed into it",
                f"Replay under another name: polyhost run {row.source} --replay {request.replay}, in another --home.",
                code=ErrorCode.REPLAY_INTO_LIVE,
            )
        source = find_source(request.name if row is None else row.source, context.home)
        scope, prepared = _scope(source, request), replay_connector(source, recording, context.home)
        if not (request.stream or request.resource):
            scope = narrowed(scope, prepared.given)
        async with _begun(store, context, request.name, source, row, nature="replay") as connection:
            return await _run(context, store, connection, source, scope, prepared, request)


async def replay_demo(context: Context) -> tuple[RunResult, int]:
    """The bundled recording, into a connection of its own, fresh each time; with the exit status."""
    source = find_source("slack", context.home)
    prepared = replay_connector(source, demo_scenario(), context.home)
    async with context.store() as store:
        taken = await store.connections.get(DEMO_NAME)
        name = DEMO_NAME if taken is None or taken.nature == "demo" else DEMO_NAME_TAKEN
        previous = await store.connections.get(name)
        if previous is not None:
            await store.connections.delete(previous.id)
        scope = resolve_scope(source.manifest)
        async with _begun(store, context, name, source, None, nature="demo") as connection:
            result = await _collect(context, store, connection, source, scope, prepared, full=False)
    return result, RunStatus(result["status"]).exit_code


async def _run(
    context: Context,
    store: Store,
    connection: ConnectionRow,
    source: Loaded,
    scope: Scope,
    prepared: Prepared,
    request: RunRequest,
    *,
    files: FilesWanted | None = None,
) -> Result[RunResult]:
    folder = None if request.trace is None else _folder(request.trace)
    result = await _collect(
        context, store, connection, source, scope, prepared, full=request.full, trace_to=folder, files=files
    )
    status = RunStatus(result["status"])
    if request.record is not None and status in FINISHED:
        await keep_recording(
            prepared,
            _folder(request.record),
            source,
            context.home,
            store,
            connection,
            scope,
            full=request.full,
            waived=read_waivers(request.waive),
            launcher=context.launcher,
            after=None if request.after is None else _folder(request.after),
        )
    allow_gaps = load_config(context.home, flags={"run.allow_gaps": request.allow_gaps or None}).run.allow_gaps
    forgiven = status is RunStatus.COMPLETE_WITH_GAPS and allow_gaps
    return Result(result, exit_code=0 if forgiven else status.exit_code)


async def _collect(
    context: Context,
    store: Store,
    connection: ConnectionRow,
    source: Loaded,
    scope: Scope,
    prepared: Prepared,
    *,
    full: bool,
    trace_to: Path | None = None,
    files: FilesWanted | None = None,
) -> RunResult:
    trace = Trace()
    what = Collection(
        connection=connection,
        manifest=source.manifest,
        scope=scope,
        connector=TracedConnector(prepared.connector, trace),
        full=full,
        trigger=context.trigger,
        method="browser_polyfill" if source.kind == "page" else "provider_api",
        recorded=prepared.recorded,
        bounds=run_bounds(context.home),
        files=None if files is None else _file_step(context, store, connection, source, scope, files),
        blobs=_blob_step(context, store, connection, source, prepared.spool, files),
    )
    around = RunContext(
        store=store,
        clock=context.clock,
        watch=context.watch,
        answer=prepared.answer(context.answer),
        cancelled=context.cancelled,
        pause=context.pause,
    )
    result = await collect(what, around)
    if files is not None or what.blobs is not None:
        await tidy_up(store, context.home)
    await prepared.remember(store, connection)
    kept = keep_trace(trace, result, context.home, trace_to)
    return result if kept is None else {**result, "trace": str(kept)}


def _files_wanted(context: Context, request: RunRequest) -> FilesWanted | None:
    """Where files are asked for, on the command line or by what is set. Sizes and types are checked either way."""
    settings = load_config(context.home).files
    wanted = FilesWanted.of(settings, max_size=request.files_max_size, types=request.files_type, again=request.full)
    narrowed = request.files_max_size is not None or bool(request.files_type)
    if narrowed and not (request.files or settings.with_runs):
        raise RefusedError("--files-max-size and --files-type are about files, and none are asked for", "Give --files.")
    from_site = request.replay is None and request.record is None
    return wanted if request.files or (settings.with_runs and from_site) else None


def _files_asked(context: Context, wanted: object, *, full: bool) -> FilesWanted | None:
    settings = load_config(context.home).files
    asked = wanted.get("files", settings.with_runs) if isinstance(wanted, dict) else settings.with_runs
    return FilesWanted.of(settings, again=full) if asked else None


def _file_step(
    context: Context, store: Store, connection: ConnectionRow, source: Loaded, scope: Scope, wanted: FilesWanted
) -> FileStep:
    into = Downloading(contents=Contents(context.home), store=store, connection_id=connection.id, clock=context.clock)
    return FileStep(wanted=wanted, scope=scope, rules=file_rules(source.manifest), open_fetch=into.open)


def _blob_step(
    context: Context,
    store: Store,
    connection: ConnectionRow,
    source: Loaded,
    spool: Spool | None,
    wanted: FilesWanted | None,
) -> BlobStep | None:
    """Files that are handed over cost the source nothing: they are taken also where none are asked for."""
    if spool is None:
        return None
    return BlobStep(
        store=store,
        connection_id=connection.id,
        clock=context.clock,
        contents=Contents(context.home),
        spool=spool,
        rules=file_rules(source.manifest),
        wanted=wanted or FilesWanted.of(load_config(context.home).files),
        watch=context.watch,
    )


def _check_session(connection: ConnectionRow) -> None:
    if connection.disconnected_at is not None:
        raise RefusedError(
            f"{connection.name} was disconnected, and has no session any more",
            f"Connect it again: polyhost connect {connection.source} --name {connection.name} --renew",
            code=ErrorCode.DISCONNECTED,
        )
    if connection.nature in {"demo", "replay"}:
        raise RefusedError(
            f"{connection.name} was made from a recording and has no session of its own",
            "Connect your own with: polyhost connect slack"
            if connection.nature == "demo"
            else "Give --replay DIR, or connect the source under another name.",
            code=ErrorCode.NO_SESSION,
        )


@asynccontextmanager
async def _begun(
    store: Store, context: Context, name: str, source: Loaded, row: ConnectionRow | None, *, nature: str
) -> AsyncGenerator[ConnectionRow]:
    """The connection, made where there is none. One made here goes again where its run is refused: nothing is left."""
    connection = row or await store.connections.create(
        name=name, source=source.reference, nature=nature, options={}, account={}, at=context.clock.iso()
    )
    try:
        yield connection
    except RefusedError:
        if row is None:
            await store.connections.delete(connection.id)
        raise


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _scope(source: Loaded, request: RunRequest) -> Scope:
    return resolve_scope(
        source.manifest,
        streams=list(request.stream) if request.stream else ABSENT,
        resources=resources(request.resource) if request.resource else ABSENT,
        since=ABSENT if request.since is None else request.since,
        until=ABSENT if request.until is None else request.until,
    )


def _hosts(request: RunRequest, connection: ConnectionRow) -> tuple[dict[str, str], bool]:
    """Where traffic goes: as the connection keeps it, unless this run says otherwise."""
    if request.map_host:
        if connection.nature == "live":
            raise RefusedError(
                f"{connection.name} is a live connection; its session is not sent to a test server",
                "Make a test connection: polyhost connect SOURCE --name test --map-host …",
                code=ErrorCode.LIVE_CONNECTION,
            )
        return host_mappings(request.map_host), request.insecure_tls
    return _kept_hosts(connection)


def _kept_hosts(connection: ConnectionRow) -> tuple[dict[str, str], bool]:
    return dict(connection.options.get("map_host", {})), bool(connection.options.get("insecure_tls", False))
