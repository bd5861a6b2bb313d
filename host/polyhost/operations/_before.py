"""Operations that are not declared beside their handlers yet, as those that are. It goes when the last of them does.

Must not know: surfaces.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from polyhost.errors import ErrorCode
from polyhost.operations.explained import DETAILS
from polyhost.operations.operation import Endpoint, Exchange, Group, Method, Operation, Result, Route, Section

__all__ = ["GROUPS", "before", "route"]

_SECTIONS = {
    Section.FIRST_STEPS: ("demo", "connect", "run", "import", "status"),
    Section.READING: ("records", "record", "thread", "search", "counts", "coverage", "export"),
    Section.HISTORY: ("runs", "batches", "receipt"),
    Section.POLYFILLS: ("polyfill", "fixture"),
}
_SECTION_OF = {name: section for section, names in _SECTIONS.items() for name in names}
GROUPS = {
    name: Group(name, text, _SECTION_OF.get(name, Section.UPKEEP))
    for name, text in {
        "config": "The settings in this home's config.toml.",
        "partitions": "Let a missing partition go, or take it back.",
        "notify": "Being told when you are needed.",
        "polyfill": "The scripts that collect: list them, check them, write your own.",
        "fixture": "Recordings that a polyfill is tested with: make, scrub and verify them.",
    }.items()
}


@dataclass(frozen=True, slots=True)
class _Old:
    route: Route
    request: type | None
    handler: str | None
    errors: tuple[ErrorCode, ...]


def route(
    method: Method,
    path: str,
    result: str,
    status: int = 200,
    *,
    request: type | None = None,
    handler: str | None = None,
    hidden: tuple[str, ...] = (),
    errors: tuple[ErrorCode, ...] = (),
    exchange: Exchange = Exchange.JSON,
) -> _Old:
    """A route whose result is named."""
    return _Old(Route(method, path, status, hidden, result, exchange), request, handler, errors)


def before(
    name: str,
    request: type,
    handler: str,
    summary: str,
    examples: tuple[str, ...] = (),
    *,
    routes: tuple[_Old, ...] = (),
    command: bool = True,
    only: str | None = None,
) -> Operation[Any, Any]:
    """An operation whose handler is named."""
    first = name.partition(" ")[0]
    return Operation(
        name=name,
        summary=summary,
        section=_SECTION_OF.get(first, Section.UPKEEP),
        handler=_named(handler),
        request=request,
        group=GROUPS.get(first) if " " in name and command else None,
        details=DETAILS.get(name, ""),
        examples=examples,
        only=only,
        command=command,
        ends_as_a_run=name in {"demo", "import", "run"},
        all_or_nothing=name == "export",
        shows_messages=name == "polyfill dev",
        routes=[
            Endpoint(one.route, one.request or request, _named(one.handler or handler), one.errors) for one in routes
        ],
    )


def _named(handler: str) -> Callable[[Any, Any], Awaitable[Result[Any]]]:
    module, _, function = handler.partition(":")

    async def call(context: Any, request: Any) -> Result[Any]:
        return await getattr(importlib.import_module(module), function)(context, request)

    return call
