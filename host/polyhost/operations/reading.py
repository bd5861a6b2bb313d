"""Reading what is stored: pages of records, coverage, runs, receipts.

Owns: turning rows and ledger states into results. Must not know: how they look; coverage is judged in `coverage` only.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from typing import Any, Literal

from polyhost.coverage.facts import BatchFacts
from polyhost.coverage.picture import stream_picture, stream_summary
from polyhost.coverage.receipt import receipt as make_receipt
from polyhost.engine.run.coverage_baseline import covered_before
from polyhost.engine.run.partition_rules import partition_rules
from polyhost.engine.run.paused import paused_run
from polyhost.engine.sources.lookup import Loaded, find_source
from polyhost.errors import ErrorCode, RefusedError
from polyhost.ledger.cursor import sort_key
from polyhost.ledger.cursor_time import position_at
from polyhost.ledger.exceptions import NAMED
from polyhost.ledger.looks import looks
from polyhost.operations.context import Context
from polyhost.operations.fields import check_bounds
from polyhost.operations.grouping import count_members
from polyhost.operations.operation import Result
from polyhost.operations.requests import (
    MAX_RECORDS,
    BatchesRequest,
    CoverageRequest,
    ReceiptRequest,
    RecordsRequest,
    RunDetailsRequest,
    RunsRequest,
)
from polyhost.operations.shown import Shown, known_stream
from polyhost.protocol.diagnostics import RunStatus
from polyhost.protocol.scope_request import resolve_scope
from polyhost.store.base import BatchRow, RecordQuery, RunRow, Store

__all__ = ["batches", "coverage", "receipt", "records", "run_details", "runs"]


async def records(context: Context, request: RecordsRequest) -> Result[Any]:
    """One page of a stream's records, in position order or from the newest back."""
    check_bounds(request)
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = find_source(connection.source, context.home)
        declared = known_stream(source, request.stream)
        page = await store.records.page(
            connection.id,
            request.stream,
            RecordQuery(
                partition=request.partition,
                since=_sort_key(source, request, "since"),
                until=_sort_key(source, request, "until"),
                limit=request.limit or MAX_RECORDS,
                after=request.after,
                newest=request.newest,
                heads=request.heads,
                deleted=request.deleted,
            ),
        )
        shown = await Shown.of(store, connection.id, request.stream, source, page.records)
        found = [shown.json(record) for record in page.records]
        if request.heads:
            members = await count_members(store, connection.id, declared, page.records)
            found = [one | {"members": members[one["key"]]} for one in found]
    return Result({"records": found, "next": page.next})


async def coverage(context: Context, request: CoverageRequest) -> Result[Any]:
    """Every stream, its partitions worst first, and what they add up to."""
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = find_source(connection.source, context.home)
        counts = await store.records.count(connection.id)
        streams: dict[str, Any] = {}
        rules = partition_rules(source.manifest, resolve_scope(source.manifest))
        before = await covered_before(store, connection.id)
        standing = await store.ledger.exceptions(connection.id)
        for declared in source.manifest.streams:
            live, deleted = counts.get(declared.name, (0, 0))
            mine = [one for one in standing if one.stream == declared.name]
            entry: dict[str, Any] = {
                "records": live,
                "deleted": deleted,
                "partitions": None,
                "summary": None,
                "looks": None,
                "exceptions": [one.as_json() for one in mine[:NAMED]],
                "exceptions_total": len(mine),
            }
            rule = rules.get(declared.name)
            if rule is not None:
                states = await store.ledger.partitions(connection.id, declared.name)
                by_partition = Counter(one.partition for one in mine if not one.is_set_aside)
                views = stream_picture(states, rule, before.get(declared.name), by_partition)
                entry["partitions"] = [view.as_json() for view in views]
                entry["summary"] = stream_summary(views, rule)
                entry["looks"] = asdict(looks(states, rule, now_iso=context.clock.iso()))
            streams[declared.name] = entry
    value = {"connection": connection.name, "source": source.name, "nature": connection.nature, "streams": streams}
    return Result(value)


async def runs(context: Context, request: RunsRequest) -> Result[Any]:
    """Past runs, newest first."""
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        rows = await store.runs.newest(connection.id, limit=request.limit)
        paused = await paused_run(store, connection.id)
    return Result({"connection": connection.name, "runs": [_run_json(row, paused) for row in rows]})


async def run_details(context: Context, request: RunDetailsRequest) -> Result[Any]:
    """One run as `runs` lists it, with its connection, and its receipt once it has ended."""
    async with context.store(create=False) as store:
        row = await store.runs.get(request.run)
        names = {one.id: one.name for one in await store.connections.all()}
        paused = None if row is None else await paused_run(store, row.connection_id)
        batch = None if row is None else await store.runs.batch(row.batch_id)
    if row is None:
        raise RefusedError(f"there is no run {request.run!r}", "See: polyhost runs NAME", code=ErrorCode.UNKNOWN_RUN)
    name, receipt = names.get(row.connection_id), row.result.get("receipt")
    value = _run_json(row, paused) | {"connection": name, "receipt": receipt and receipt | {"connection": name}}
    return Result(value | {"method": None if batch is None else batch.method, "error": row.result.get("error")})


async def batches(context: Context, request: BatchesRequest) -> Result[Any]:
    """The receipts of past batches, newest first; one that still goes on has none."""
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        rows = await store.runs.newest_batches(connection.id, limit=request.limit)
        told = [facts for row in rows if (facts := await _facts(store, row, connection.name)) is not None]
    return Result({"connection": connection.name, "batches": [make_receipt(facts) for facts in told]})


async def receipt(context: Context, request: ReceiptRequest) -> Result[Any]:
    """The receipt of a batch, made from its stored facts by the one function that makes receipts."""
    async with context.store(create=False) as store:
        run = await store.runs.get(request.batch)
        batch = await store.runs.batch(run.batch_id if run is not None else request.batch)
        names = {one.id: one.name for one in await store.connections.all()}
        facts = None if batch is None else await _facts(store, batch, names[batch.connection_id])
    if batch is None:
        raise RefusedError(
            f"there is no batch or run {request.batch!r}", "See: polyhost runs NAME", code=ErrorCode.UNKNOWN_BATCH
        )
    if not batch.facts and batch.finished_at is not None:
        raise RefusedError(
            f"{request.batch} has no receipt: its process died before it could write one",
            "What it had stored is kept; run it again, or import the file again where it was an import.",
            code=ErrorCode.NO_RECEIPT,
        )
    if facts is None:
        raise RefusedError(
            f"{request.batch} has not ended", "Its receipt is written when it does.", code=ErrorCode.NOT_ENDED
        )
    return Result(make_receipt(facts))


async def _facts(store: Store, batch: BatchRow, connection: str) -> BatchFacts | None:
    """A batch's facts, under the name its connection has now; where its process died, those it was opened with. None:
    it goes on, or has none."""
    facts = replace(BatchFacts.from_json(batch.facts), connection=connection) if batch.facts else None
    if facts is None or facts.are_final:
        return facts
    return None if await _goes_on(store, batch) else facts.interrupted(batch.finished_at)


async def _goes_on(store: Store, batch: BatchRow) -> bool:
    """Whether its run is alive. The next run writes down that one was killed; until then only its process tells."""
    if batch.finished_at is not None:
        return False
    newest = await store.runs.newest(batch.connection_id, limit=1)
    return any(run.batch_id == batch.id and run.status == RunStatus.RUNNING for run in newest)


def _sort_key(source: Loaded, request: RecordsRequest, bound: Literal["since", "until"]) -> str | None:
    """A moment as a sort key of this stream's positions."""
    given = request.since if bound == "since" else request.until
    if given is None:
        return None
    rules = partition_rules(source.manifest, resolve_scope(source.manifest))
    rule = rules.get(request.stream)
    position = None if rule is None else position_at(given, rule.cursor_time)
    if rule is None or position is None:
        raise RefusedError(
            f"--{bound} cannot be used with {request.stream}",
            "Its records are not ordered by time, or the time is not ISO 8601.",
            code=ErrorCode.BAD_SINCE if bound == "since" else ErrorCode.BAD_UNTIL,
        )
    return sort_key(position, rule.order)


def _run_json(row: RunRow, paused: str | None) -> dict[str, Any]:
    result = row.result
    return {
        "run_id": row.id,
        "status": row.status,
        "paused": row.status == RunStatus.RUNNING and row.id == paused,
        "mode": row.mode,
        "scope": dict(row.scope),
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "streams": result.get("streams", {}),
        "diagnostics": result.get("diagnostics", []),
        "requests": result.get("requests", 0),
        "batch_id": row.batch_id,
    }
