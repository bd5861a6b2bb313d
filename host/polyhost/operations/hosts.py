"""What a connection's source may reach, and the owner's agreement to it.

Owns: these acts of the owner. Must not know: how hosts are compared, what holds a browser to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import argument
from polyhost.operations.operation import Result, Route, Section, operation

if TYPE_CHECKING:
    from polyhost.operations.context import Context

__all__ = ["ConnectionHosts", "ConnectionHostsRequest", "HostsRequest", "hosts"]

_PATH = "/v1/connections/{name}/hosts"


class ConnectionHosts(TypedDict):
    """What the source of a connection may reach, in plain words, a line a host. `unagreed`: what of it the owner
    has not agreed to; as long as there is any, no run starts."""

    connection: str
    reaches: list[str]
    unagreed: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostsRequest:
    name: str = common.connection()
    action: str | None = argument("list or accept. Default: list.", metavar="[ACTION]", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionHostsRequest:
    name: str = common.connection()


@operation(
    "hosts",
    "Show what a source may reach; agree to it where it wants more than before.",
    section=Section.UPKEEP,
    details="A source that runs in a browser reaches the hosts its manifest declares, and no others. You agree to them "
    "when you connect it. A later version of it that reaches further is not run until you agree to that too; one that "
    "reaches less asks nothing.",
    examples=("polyhost hosts slack", "polyhost hosts slack accept"),
)
async def hosts(context: Context, request: HostsRequest) -> Result[ConnectionHosts]:
    """What it reaches, or the owner's agreement."""
    which = ConnectionHostsRequest(name=request.name)
    if request.action in (None, "list"):
        return await listed(context, which)
    if request.action != "accept":
        raise RefusedError(f"{request.action} is not a valid action; use list or accept", code=ErrorCode.BAD_REQUEST)
    return await accept(context, which)


@hosts.route(Route("GET", _PATH))
async def listed(context: Context, request: ConnectionHostsRequest) -> Result[ConnectionHosts]:
    """What the source may reach, and what of it its owner has not agreed to."""
    return await _hosts(context, request, agree=False)


@hosts.route(Route("POST", f"{_PATH}/accept"))
async def accept(context: Context, request: ConnectionHostsRequest) -> Result[ConnectionHosts]:
    """The owner agrees to all that the source may reach now."""
    return await _hosts(context, request, agree=True)


async def _hosts(context: Context, request: ConnectionHostsRequest, *, agree: bool) -> Result[ConnectionHosts]:
    from polyhost.engine.sessions.reach import accept_reach, accepted_reach, reach_of
    from polyhost.engine.sources.lookup import find_source

    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = find_source(connection.source, context.home)
        if agree:
            await accept_reach(store, connection, source)
        reach, accepted = reach_of(source), await accepted_reach(store, connection)
    return Result(
        ConnectionHosts(
            connection=connection.name,
            reaches=[] if reach is None else reach.lines(),
            unagreed=[] if reach is None or accepted is None else reach.beyond(accepted),
        )
    )
