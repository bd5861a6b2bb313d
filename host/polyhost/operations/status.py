"""How connections are: evidence gathered, projected, handed on as it is.

Must not know: what any of it means (`coverage` judges), how it looks.
"""

from __future__ import annotations

from typing import Any

from polyhost.coverage.health import project
from polyhost.engine.health.evidence import gather
from polyhost.engine.schedule.schedules import current_outlook
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.requests import StatusRequest
from polyhost.store.base import ConnectionRow, Store

__all__ = ["status"]


async def status(context: Context, request: StatusRequest) -> Result[Any]:
    """The named connection's health; without a name, everyone's. Being unwell is a finding, not a failed command."""
    if request.name is None and not context.has_store:
        return Result({"connections": []})
    async with context.store(create=False) as store:
        asked = (
            await store.connections.all() if request.name is None else [await context.connection(store, request.name)]
        )
        found = [await _health(context, store, row) for row in asked]
    return Result({"connections": found} if request.name is None else found[0])


async def _health(context: Context, store: Store, row: ConnectionRow) -> dict[str, Any]:
    schedule = (await current_outlook(store, row, context.home, context.clock.now())).as_evidence()
    evidence = await gather(store, row, context.home, schedule)
    return project(evidence, context.clock.iso()).as_json()
