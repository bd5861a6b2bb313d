"""What stands out of covered ranges: shown, let be, and taken back.

Owns: these acts of the owner, and which exception a name means. Must not know: when one arises or heals, or what
setting one aside means for a run (the ledger does).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from polyhost.errors import ErrorCode, RefusedError
from polyhost.ledger.exceptions_json import StandingExceptionJson
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import Names, argument, check_bounds, limit, option
from polyhost.operations.operation import Result, Route, Section, operation

if TYPE_CHECKING:
    from polyhost.ledger import exceptions as ledger
    from polyhost.operations.context import Context

__all__ = [
    "AllExceptions",
    "ChangeExceptionRequest",
    "Exceptions",
    "ExceptionsRequest",
    "ListExceptionsRequest",
    "StandingExceptionJson",
    "exceptions",
]

_PATH = "/v1/connections/{name}/exceptions"
_REFUSALS = (ErrorCode.UNKNOWN_EXCEPTION, ErrorCode.AMBIGUOUS)


class Exceptions(TypedDict):
    """What stands out of covered ranges: the first of them, or the one that was changed. `total`: all there are;
    `next`: `after` of the following page, null where it ends."""

    connection: str
    total: int
    exceptions: list[StandingExceptionJson]
    next: str | None


class AllExceptions(TypedDict):
    """What stands out in every connection, in each the first of it."""

    connections: list[Exceptions]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionsRequest:
    name: str | None = argument(
        "The connection. Default: every one.", metavar="[NAME]", default=None, names=Names.CONNECTION
    )
    action: str | None = argument("list, set-aside or take-back. Default: list.", metavar="[ACTION]", default=None)
    stream: str | None = argument("The stream of the one meant.", metavar="[STREAM]", default=None, names=Names.STREAM)
    key: str | None = argument("Its key, as the list shows it.", metavar="[KEY]", default=None)
    partition: str | None = common.partition("The partition of the one meant, where a key stands out in several.")
    kind: str | None = option("record or group, where a key stands out as both.", metavar="KIND")
    reason: str | None = option("Why it is set aside, for the record.", metavar="TEXT")
    limit: int = limit("How many to list at most.", default=100)
    after: str | None = common.after()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListExceptionsRequest:
    name: str = common.connection()
    stream: str | None = option("Only of this stream.", metavar="STREAM")
    limit: int = limit("How many to list at most.", default=100)
    after: str | None = common.after()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeExceptionRequest:
    name: str = common.connection()
    stream: str = common.stream()
    key: str = argument("Its key, as the list shows it.")
    partition: str | None = common.partition("The partition of the one meant, where a key stands out in several.")
    kind: str | None = option("record or group, where a key stands out as both.", metavar="KIND")
    reason: str | None = option("Why it is set aside, for the record.", metavar="TEXT")


@operation(
    "exceptions",
    "List what could not be taken and stands out of what is covered; let one be, or take that back.",
    section=Section.UPKEEP,
    details="A record that cannot be stored, or a thread that cannot be read, costs itself: it is named here, "
    "everything around it is covered, and every run tries it again. One that is set aside does not count as a gap any "
    "more and is not tried again on purpose; it leaves this list by itself once the source sends it well-formed.",
    examples=(
        "polyhost exceptions",
        "polyhost exceptions slack",
        "polyhost exceptions slack list messages --json",
        'polyhost exceptions slack set-aside users U0B0RIS000 --reason "left long ago"',
        "polyhost exceptions slack take-back users U0B0RIS000",
    ),
)
async def exceptions(context: Context, request: ExceptionsRequest) -> Result[Exceptions | AllExceptions]:
    """What stands out, or one of it changed; without a name, what stands out anywhere."""
    if request.name is None:
        return Result(await _all(context, request))
    if request.action in (None, "list"):
        wanted = ListExceptionsRequest(
            name=request.name, stream=request.stream, limit=request.limit, after=request.after
        )
        return Result((await listed(context, wanted)).value)
    changes = {"set-aside": set_aside, "take-back": take_back}
    if request.action not in changes:
        raise RefusedError(
            f"{request.action} is not a valid action; use list, set-aside or take-back",
            f"See what stands out: polyhost exceptions {request.name}",
            code=ErrorCode.BAD_REQUEST,
        )
    if request.stream is None or request.key is None:
        raise RefusedError(
            f"{request.action} needs to know which one",
            f"Name its stream and key: polyhost exceptions {request.name} {request.action} STREAM KEY",
            code=ErrorCode.BAD_REQUEST,
        )
    which = ChangeExceptionRequest(
        name=request.name,
        stream=request.stream,
        key=request.key,
        partition=request.partition,
        kind=request.kind,
        reason=request.reason,
    )
    return Result((await changes[request.action](context, which)).value)


async def _all(context: Context, request: ExceptionsRequest) -> AllExceptions:
    if request.after is not None:
        raise RefusedError(
            "--after goes on in one connection", "Name it; polyhost connections lists them.", code=ErrorCode.BAD_REQUEST
        )
    if not context.has_store:
        return AllExceptions(connections=[])
    async with context.store(create=False) as store:
        names = [row.name for row in await store.connections.all()]
    asked = [ListExceptionsRequest(name=name, limit=request.limit) for name in names]
    return AllExceptions(connections=[(await listed(context, one)).value for one in asked])


@exceptions.route(Route("GET", _PATH), refusals=(ErrorCode.BAD_CURSOR,))
async def listed(context: Context, request: ListExceptionsRequest) -> Result[Exceptions]:
    """What stands out, by stream, kind, partition and key; more of it after `next` of the page before."""
    from polyhost.store.page_cursors import after_exception, decoded_exception

    check_bounds(request)
    after = None if request.after is None else decoded_exception(request.after)
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        standing = sorted(await store.ledger.exceptions(connection.id, request.stream), key=_order)
    further = [one for one in standing if after is None or _order(one) > after]
    page = further[: request.limit]
    more = after_exception(*_order(page[-1])) if len(further) > len(page) else None
    return Result(_shown(connection.name, page, len(standing), more))


def _order(one: ledger.StandingException) -> tuple[str, str, str, str]:
    return one.stream, str(one.kind), one.partition or "", one.key


@exceptions.route(Route("POST", f"{_PATH}/set-aside"), refusals=_REFUSALS)
async def set_aside(context: Context, request: ChangeExceptionRequest) -> Result[Exceptions]:
    """No run is one with gaps because of it any more, and none tries it on purpose. Reversible."""
    from polyhost.ledger import exceptions as ledger

    at = context.clock.iso()
    return await _change(context, request, lambda one: ledger.set_aside(one, reason=request.reason or "", at=at))


@exceptions.route(Route("POST", f"{_PATH}/take-back", hidden=("reason",)), refusals=_REFUSALS)
async def take_back(context: Context, request: ChangeExceptionRequest) -> Result[Exceptions]:
    """Named by every run again, and tried again."""
    from polyhost.ledger import exceptions as ledger

    return await _change(context, request, ledger.take_back)


async def _change(
    context: Context,
    request: ChangeExceptionRequest,
    transition: Callable[[ledger.StandingException], ledger.StandingException],
) -> Result[Exceptions]:
    from polyhost.engine.clock import new_id
    from polyhost.engine.run.lease import hold_lease
    from polyhost.store.base import SaveExceptions

    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        # A run keeps them in memory and would write over this: it has to be over, or to wait.
        async with hold_lease(store, connection, new_id("own", context.clock.now()), context.clock):
            standing = await store.ledger.exceptions(connection.id, request.stream)
            changed = transition(_one(standing, request))
            await store.write(connection.id, None, [SaveExceptions([changed])])
    return Result(_shown(connection.name, [changed], len(standing)))


def _one(standing: Sequence[ledger.StandingException], request: ChangeExceptionRequest) -> ledger.StandingException:
    """The one that is meant. RefusedError `unknown_exception`, or `ambiguous` where several are of that key."""
    found = [
        one
        for one in standing
        if one.key == request.key and request.partition in (None, one.partition) and request.kind in (None, one.kind)
    ]
    if not found:
        raise RefusedError(
            f"nothing of the key {request.key} stands out of {request.stream} in {request.name}",
            f"See: polyhost exceptions {request.name}",
            code=ErrorCode.UNKNOWN_EXCEPTION,
        )
    if len(found) > 1:
        those = ", ".join(sorted(f"{one.kind} in {one.partition or 'no partition'}" for one in found))
        raise RefusedError(
            f"{request.key} stands out several times: {those}",
            "Say which one, with --partition or --kind.",
            code=ErrorCode.AMBIGUOUS,
        )
    return found[0]


def _shown(
    connection: str, standing: Sequence[ledger.StandingException], total: int, after: str | None = None
) -> Exceptions:
    return Exceptions(
        connection=connection,
        total=total,
        exceptions=[one.as_json() for one in standing],
        next=after,
    )
