"""What an operation is: a name, a typed request, a handler; and the table of all of them.

Owns: `Operation`, and how a request's fields are described so that a surface can be generated from them.
Must not know: click, HTTP, rendering. Kept free of heavy imports: handlers are named and imported when first called, so
that `polyhost --help` stays instant.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal

__all__ = ["Field", "Operation", "Result", "Route", "argument", "body", "describe", "flag", "option"]

_META = "polyhost"


@dataclass(frozen=True, slots=True)
class Field:
    """How a surface shows one field of a request."""

    name: str
    kind: str
    """`argument` (positional), `option` (takes a value), `flag`, or `body` (of an HTTP request, whole)."""
    help: str
    many: bool = False
    metavar: str | None = None
    default: Any = None
    required: bool = False
    type: type = str


@dataclass(frozen=True, slots=True)
class Result:
    """What an operation came to: one JSON value, and the exit status a command line ends with."""

    value: Any
    exit_code: int = 0


Handler = Callable[..., Awaitable[Result]]
Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True, slots=True)
class Route:
    """Where the owner API has an operation. Fields of the request that the path names come from there; the others from
    the query of a GET or DELETE, and from the JSON body of anything else.

    `result` names the type in operations.results that a success answers with; `body` the one in operations.bodies that
    a `body` field is of. `request` and `handler`: where HTTP asks in another way than a command line does. `hidden`:
    fields that only a command line has. `errors`: codes of refusals that are this operation's own.
    """

    method: Method
    path: str
    result: str
    status: int = 200
    request: type | None = None
    handler: str | None = None
    body: str | None = None
    hidden: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One owner operation. `handler` is "module:function", called as handler(context, request).

    It is a command, has routes, or both. `only` says why one of the two is missing (`command` False, or no `routes`).
    """

    name: str
    request: type
    handler: str
    summary: str
    examples: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    command: bool = True
    only: str | None = None

    def load(self, route: Route | None = None) -> Handler:
        """The handler itself; the route's, where it has one of its own."""
        named = (route.handler if route is not None else None) or self.handler
        module, _, function = named.partition(":")
        return getattr(importlib.import_module(module), function)


def argument(help: str, *, metavar: str | None = None, default: Any = MISSING) -> Any:  # noqa: A002  the field's term
    """A positional field, required unless it has a default."""
    return field(default=default, metadata={_META: {"kind": "argument", "help": help, "metavar": metavar}})


def option(help: str, *, metavar: str | None = None, default: Any = None, type: type = str) -> Any:  # noqa: A002
    """An optional field with a value. A tuple default means it may be given several times."""
    return field(
        default=default,
        metadata={
            _META: {
                "kind": "option",
                "help": help,
                "metavar": metavar,
                "many": isinstance(default, tuple),
                "type": type,
            }
        },
    )


def body(help: str) -> Any:  # noqa: A002
    """A field that is the whole JSON body of an HTTP request, as it came. A command line has none."""
    return field(metadata={_META: {"kind": "body", "help": help}})


def flag(help: str) -> Any:  # noqa: A002
    """An optional field that is there or not."""
    return field(default=False, metadata={_META: {"kind": "flag", "help": help}})


def describe(request: type) -> tuple[Field, ...]:
    """The fields of a request type, in order, as a surface shows them."""
    return tuple(
        Field(
            name=item.name,
            required=item.default is MISSING,
            default=None if item.default is MISSING else item.default,
            **_meta(item.metadata),
        )
        for item in fields(request)
    )


def _meta(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return dict(metadata[_META])
