"""What an operation is: one thing an owner can do, declared once, beside what does it.

    @operation(
        "rename",
        "Give a connection another name.",
        section=Section.UPKEEP,
        examples=("polyhost rename slack work",),
        routes=(Route("POST", "/v1/connections/{name}/rename"),),
        refusals=(ErrorCode.NAME_TAKEN,),
    )
    async def rename(context: Context, request: RenameRequest) -> Result[Renamed]: ...

The command with its help, the route with its description, and both reference pages are made from this; the types of
request and result are those of the function. docs/operations.md says how one is added.

Must not know: click, HTTP, rendering. Kept free of heavy imports, as every family is: what a handler needs it imports
when it is called, so that `polyhost --help` stays instant.
"""

from __future__ import annotations

import typing
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from polyhost.errors import ErrorCode
from polyhost.operations.fields import check_bounds

if TYPE_CHECKING:
    from polyhost.operations.context import Context

__all__ = [
    "Endpoint",
    "Exchange",
    "Group",
    "Method",
    "Operation",
    "Result",
    "Route",
    "Section",
    "operation",
    "value_type",
]

RequestT = TypeVar("RequestT")
ValueT = TypeVar("ValueT")
ValueT_co = TypeVar("ValueT_co", covariant=True)
Method = Literal["GET", "POST", "PUT", "DELETE"]


class Section(StrEnum):
    """Where help shows a command; sections, and the commands in each, in the order an owner meets them."""

    FIRST_STEPS = "First steps"
    READING = "Reading"
    HISTORY = "What happened"
    UPKEEP = "Keeping it running"
    POLYFILLS = "Writing polyfills"


class Exchange(StrEnum):
    """What passes over HTTP: JSON both ways; a file in, JSON out; server-sent events out; or a file's bytes out."""

    JSON = "json"
    UPLOAD = "upload"
    EVENTS = "events"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Result(Generic[ValueT_co]):
    """What an operation came to: one JSON value, and the exit status that a command line ends with."""

    value: ValueT_co
    exit_code: int = 0


Handler = Callable[["Context", RequestT], Awaitable[Result[ValueT]]]


@dataclass(frozen=True, slots=True)
class Route:
    """Where the owner API has an operation. Fields of the request that the path names come from there; the others from
    the query of a GET or DELETE, and from the JSON body of anything else.

    `hidden`: fields that only a command line has. `result`: the type of the answer where the handler's is wider.
    """

    method: Method
    path: str
    status: int = 200
    hidden: tuple[str, ...] = ()
    result: Any = None
    exchange: Exchange = Exchange.JSON


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route with what answers it. `refusals`: codes of refusals that are its own."""

    route: Route
    request: type
    handler: Callable[[Context, Any], Awaitable[Result[Any]]]
    refusals: tuple[ErrorCode, ...]

    @property
    def method(self) -> Method:
        return self.route.method

    @property
    def path(self) -> str:
        return self.route.path

    @property
    def result(self) -> Any:
        """The type of what a success answers with."""
        return self.route.result or value_type(self.handler)

    async def __call__(self, context: Context, request: Any) -> Result[Any]:
        check_bounds(request)
        return await self.handler(context, request)


@dataclass(frozen=True, slots=True)
class Group:
    """Operations whose names begin with the same word."""

    name: str
    help: str
    section: Section


@dataclass(slots=True, kw_only=True)
class Operation(Generic[RequestT, ValueT]):
    """One owner operation, which is called as its handler is. It is a command, has routes, or both; `only` says why one
    of the two is missing."""

    name: str
    summary: str
    section: Section
    handler: Handler[RequestT, ValueT]
    request: type[RequestT]
    group: Group | None = None
    details: str = ""
    examples: tuple[str, ...] = ()
    only: str | None = None
    command: bool = True
    ends_as_a_run: bool = False
    """It can end with every exit status that there is, and its help says so."""
    all_or_nothing: bool = False
    """Stopped halfway, it keeps nothing of what it had done."""
    shows_messages: bool = False
    """It shows messages line by line while it goes on: no live progress is drawn over them."""
    routes: list[Endpoint] = field(default_factory=list[Endpoint])

    async def __call__(self, context: Context, request: RequestT) -> Result[ValueT]:
        check_bounds(request)
        return await self.handler(context, request)

    def route(
        self, route: Route, *, asked: type | None = None, refusals: tuple[ErrorCode, ...] = ()
    ) -> Callable[[Handler[Any, Any]], Handler[Any, Any]]:
        """Decorates what answers a route, where HTTP asks in another way than a command line does. `asked`: the request
        whose fields path and query hold, where the handler takes what was made of it (an upload)."""

        def bind(handler: Handler[Any, Any]) -> Handler[Any, Any]:
            self.routes.append(Endpoint(route, asked or request_type(handler), handler, refusals))
            return handler

        return bind


def operation(
    name: str,
    summary: str,
    *,
    section: Section | None = None,
    group: Group | None = None,
    details: str = "",
    examples: Sequence[str] = (),
    routes: Sequence[Route] = (),
    refusals: Sequence[ErrorCode] = (),
    only: str | None = None,
    command: bool = True,
    ends_as_a_run: bool = False,
    all_or_nothing: bool = False,
    shows_messages: bool = False,
) -> Callable[[Handler[RequestT, ValueT]], Operation[RequestT, ValueT]]:
    """Declares the operation that the decorated function is.

    `name`: within its `group`. `section`: the group's, where it has one. `refusals`: codes that are its own.
    """

    def declare(handler: Handler[RequestT, ValueT]) -> Operation[RequestT, ValueT]:
        request = request_type(handler)
        return Operation(
            name=name if group is None else f"{group.name} {name}",
            summary=summary,
            section=section or (group.section if group is not None else Section.UPKEEP),
            handler=handler,
            request=request,
            group=group,
            details=details,
            examples=tuple(examples),
            only=only,
            command=command,
            ends_as_a_run=ends_as_a_run,
            all_or_nothing=all_or_nothing,
            shows_messages=shows_messages,
            routes=[Endpoint(route, request, handler, tuple(refusals)) for route in routes],
        )

    return declare


def request_type(handler: Callable[..., Any]) -> type:
    """The type of a handler's request, by its annotation."""
    return _annotated(handler, "request")


def value_type(handler: Callable[..., Any]) -> Any:
    """The type of the value in a handler's result, by its annotation."""
    return typing.get_args(_annotated(handler, "return"))[0]


def _annotated(handler: Callable[..., Any], name: str) -> Any:
    """One annotation alone: the others may name what only a type checker imports."""
    holder = SimpleNamespace(__annotations__={name: handler.__annotations__[name]})
    return typing.get_type_hints(holder, handler.__globals__)[name]
