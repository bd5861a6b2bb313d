"""Letting a missing partition go, and taking it back.

Owns: those two acts of the owner. Must not know: what retiring means for a run (the ledger does).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from polyhost.coverage.picture_json import PartitionJson
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import Names, argument, option
from polyhost.operations.operation import Group, Result, Route, Section, operation

if TYPE_CHECKING:
    from polyhost.ledger.state import PartitionState
    from polyhost.operations.context import Context

__all__ = ["PartitionChanged", "RestoreRequest", "RetireRequest", "restore", "retire"]

_GROUP = Group("partitions", "Let a missing partition go, or take it back.", Section.UPKEEP)
_PATH = "/v1/connections/{name}/streams/{stream}/partitions/{key}"
NO_REASON = "no reason given"


class PartitionChanged(TypedDict):
    """A partition after it was retired or restored."""

    connection: str
    stream: str
    partition: PartitionJson


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireRequest:
    name: str = common.connection()
    stream: str = common.stream()
    key: str = argument("The partition's key, as coverage shows it.", names=Names.PARTITION)
    reason: str | None = option("Why, for the record.", metavar="TEXT")


@operation(
    "retire",
    "Accept that a missing partition is gone: keep its records, stop reporting it.",
    group=_GROUP,
    details="Its records stay, and so does how far it was covered. It is not reported as missing any more; should it "
    "come back, it resumes by itself.",
    examples=('polyhost partitions retire slack messages C024BE91L --reason "left the project"',),
    routes=(Route("POST", f"{_PATH}/retire"),),
)
async def retire(context: Context, request: RetireRequest) -> Result[PartitionChanged]:
    """Stop reporting a missing partition. Its records stay; reversible."""
    from polyhost.ledger import retire as transitions

    at = context.clock.iso()
    reason = request.reason or NO_REASON
    return await _change(context, request, lambda state: transitions.retire(state, request.key, reason=reason, at=at))


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRequest:
    name: str = common.connection()
    stream: str = common.stream()
    key: str = argument("The partition's key, as coverage shows it.", names=Names.PARTITION)


@operation(
    "restore",
    "Take back a retirement.",
    group=_GROUP,
    examples=("polyhost partitions restore slack messages C024BE91L",),
    routes=(Route("POST", f"{_PATH}/restore"),),
)
async def restore(context: Context, request: RestoreRequest) -> Result[PartitionChanged]:
    """Watch it again; when it comes back it resumes from its own high-water."""
    from polyhost.ledger import retire as transitions

    return await _change(context, request, lambda state: transitions.restore(state, request.key))


async def _change(
    context: Context,
    request: RetireRequest | RestoreRequest,
    transition: Callable[[PartitionState | None], PartitionState],
) -> Result[PartitionChanged]:
    from polyhost.coverage.picture import stream_picture
    from polyhost.engine.clock import new_id
    from polyhost.engine.run.lease import hold_lease
    from polyhost.engine.run.partition_rules import partition_rules
    from polyhost.engine.sources.lookup import find_source
    from polyhost.protocol.scope_request import resolve_scope
    from polyhost.store.base import SavePartitions

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
    value = PartitionChanged(connection=connection.name, stream=request.stream, partition=view.as_json())
    return Result(value)
