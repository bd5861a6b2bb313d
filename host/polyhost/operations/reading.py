"""Runs as they are stored.

Must not know: how they look.
"""

from __future__ import annotations

from typing import Any

from polyhost.engine.run.paused import paused_run
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.requests import RunDetailsRequest, RunsRequest
from polyhost.protocol.diagnostics import RunStatus
from polyhost.store.base import RunRow

__all__ = ["run_details", "runs"]


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
