"""What a connection's source may reach, and the owner's agreement to it.

Owns: these acts of the owner. Must not know: how hosts are compared, what holds a browser to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

from polyhost.errors import ErrorCode, PolyhostError, RefusedError
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import Names, argument, option
from polyhost.operations.operation import Result, Route, Section, operation

if TYPE_CHECKING:
    from polyhost.connectors.loading import LoadedSource
    from polyhost.operations.context import Context
    from polyhost.store.base import ConnectionRow, Store

__all__ = ["AcceptHostsRequest", "AllHosts", "ConnectionHosts", "ConnectionHostsRequest", "HostsRequest", "hosts"]

_PATH = "/v1/connections/{name}/hosts"


def _digest() -> Any:
    return option("With accept: agree only where this is the `digest` of what it may reach now.", metavar="DIGEST")


class ConnectionHosts(TypedDict):
    """What the source of a connection may reach, in plain words, a line a host. `unagreed`: what of it the owner
    has not agreed to; as long as there is any, no run starts. `named`: what of it the site has named itself and the
    owner not agreed to; until they do, runs leave that out. `digest`: of all that it reaches, to agree to this very
    list; null where it runs in no browser."""

    connection: str
    reaches: list[str]
    unagreed: list[str]
    named: list[str]
    digest: str | None


class AllHosts(TypedDict):
    """The hosts of every connection."""

    connections: list[ConnectionHosts]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostsRequest:
    name: str | None = argument(
        "The connection. Default: every one.", metavar="[NAME]", default=None, names=Names.CONNECTION
    )
    action: str | None = argument("list or accept. Default: list.", metavar="[ACTION]", default=None)
    digest: str | None = _digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionHostsRequest:
    name: str = common.connection()


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptHostsRequest:
    name: str = common.connection()
    digest: str | None = _digest()


@operation(
    "hosts",
    "Show what a source may reach; agree to it where it wants more than before.",
    section=Section.UPKEEP,
    details="A source that runs in a browser reaches the hosts its manifest declares, and no others. You agree to them "
    "when you connect it. A later version of it that reaches further is not run until you agree to that too; one that "
    "reaches less asks nothing.",
    examples=("polyhost hosts", "polyhost hosts slack", "polyhost hosts slack accept"),
)
async def hosts(context: Context, request: HostsRequest) -> Result[ConnectionHosts | AllHosts]:
    """What it reaches, or the owner's agreement; without a name, what everything reaches."""
    if request.name is None:
        return Result(await _all(context))
    if request.action in (None, "list"):
        listing = await listed(context, ConnectionHostsRequest(name=request.name))
        return Result(listing.value)
    if request.action != "accept":
        raise RefusedError(f"{request.action} is not a valid action; use list or accept", code=ErrorCode.BAD_REQUEST)
    agreed = await accept(context, AcceptHostsRequest(name=request.name, digest=request.digest))
    return Result(agreed.value)


@hosts.route(Route("GET", _PATH))
async def listed(context: Context, request: ConnectionHostsRequest) -> Result[ConnectionHosts]:
    """What the source may reach, and what of it its owner has not agreed to."""
    from polyhost.engine.sources.lookup import source_of

    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        return Result(await _hosts(store, connection, source_of(connection, context.home)))


@hosts.route(Route("POST", f"{_PATH}/accept"), refusals=(ErrorCode.HOSTS_CHANGED,))
async def accept(context: Context, request: AcceptHostsRequest) -> Result[ConnectionHosts]:
    """The owner agrees to all that the source may reach now, which is in the answer; with a `digest`, only where that
    is what was shown with it."""
    from polyhost.engine.sessions.reach import accept_reach, reach_digest
    from polyhost.engine.sources.lookup import source_of

    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = source_of(connection, context.home)
        if request.digest not in (None, reach_digest(source)):
            raise RefusedError(
                f"what {source.name} wants to reach is not what was shown",
                f"Look at it again: polyhost hosts {connection.name}",
                code=ErrorCode.HOSTS_CHANGED,
            )
        await accept_reach(store, connection, source)
        return Result(await _hosts(store, connection, source))


async def _all(context: Context) -> AllHosts:
    """A connection whose source is gone, or broken, reaches nothing now: what was agreed to is shown."""
    from polyhost.engine.sessions.reach import accepted_reach
    from polyhost.engine.sources.lookup import source_of

    found: list[ConnectionHosts] = []
    if not context.has_store:
        return AllHosts(connections=found)
    async with context.store(create=False) as store:
        for connection in await store.connections.all():
            try:
                found.append(await _hosts(store, connection, source_of(connection, context.home)))
            except PolyhostError:
                agreed = await accepted_reach(store, connection)
                lines = [] if agreed is None else agreed.lines()
                found.append(
                    ConnectionHosts(connection=connection.name, reaches=lines, unagreed=[], named=[], digest=None)
                )
    return AllHosts(connections=found)


async def _hosts(store: Store, connection: ConnectionRow, source: LoadedSource) -> ConnectionHosts:
    from polyhost.engine.sessions.reach import reach_digest, reach_of, unagreed, unagreed_named

    reach = reach_of(source)
    return ConnectionHosts(
        connection=connection.name,
        reaches=[] if reach is None else reach.lines(),
        unagreed=await unagreed(store, connection, source),
        named=await unagreed_named(store, connection, source),
        digest=reach_digest(source),
    )
