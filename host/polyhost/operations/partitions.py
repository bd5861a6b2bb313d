"""Letting a missing partition go, and taking it back.

Owns: those two acts of the owner. Must not know: what retiring means for a run (the ledger does).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from polyhost.coverage.picture import stream_picture
from polyhost.engine.clock import new_id
from polyhost.engine.run.lease import hold_lease
from polyhost.engine.run.partition_rules import partition_rules
from polyhost.engine.sources.lookup import find_source
from polyhost.errors import ErrorCode, RefusedError
from polyhost.ledger import retire as transitions
from polyhost.ledger.state import PartitionState
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.requests import RestoreRequest, RetireRequest
from polyhost.protocol.scope_request import resolve_scope
from polyhost.store.base import SavePartitions

__all__ = ["restore", "retire"]

NO_REASON = "no reason given"


async def retire(context: Context, request: RetireRequest) -> Result[Any]:
    """Stop reporting a missing partition. Its records stay; reversible."""
    at = context.clock.iso()
    reason = request.reason or NO_REASON
    return await _change(context, request, lambda state: transitions.retire(state, request.key, reason=reason, at=at))


async def restore(context: Context, request: RestoreRequest) -> Result[Any]:
    """Watch it again; when it comes back it resumes from its own high-water."""
    return await _change(context, request, lambda state: transitions.restore(state, request.key))


async def _change(
    context: Context,
    request: RetireRequest | RestoreRequest,
    transition: Callable[[PartitionState | None], PartitionState],
) -> Result[Any]:
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = find_source(connection.source, context.home)
        rule = partition_rules(source.manifest, resolve_scope(source.manifest)).get(request.stream)
        if rule is None:
            raise RefusedError(
                f"{source.name} has no partitioned stream {request.stream!r}",
                f"See: polyhost coverage {connection.name}",
                code=ErrorCode.UNKNOWN_STREAM,
            )
        # A run keeps the ledger in memory and would write over this: it has to be over, or to wait.
        async with hold_lease(store, connection, new_id("own", context.clock.now()), context.clock):
            states = {state.key: state for state in await store.ledger.partitions(connection.id, request.stream)}
            changed = transition(states.get(request.key))
            await store.write(connection.id, None, [SavePartitions([changed])])
    [view] = stream_picture([changed], rule)
    return Result({"connection": connection.name, "stream": request.stream, "partition": view.as_json()})
