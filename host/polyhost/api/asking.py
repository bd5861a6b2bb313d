"""From an HTTP request to an operation's typed request: path, query, JSON body; anything unknown is refused.

Owns: that reading, and the bounds on it. Must not know: what an operation does with its fields.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from polyhost.api.twice import given_twice
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.fields import MAX_PAGE, Field, describe
from polyhost.operations.operation import Endpoint

__all__ = [
    "BODY_SECONDS",
    "MAX_BODY_BYTES",
    "Asked",
    "bounds",
    "read_fields",
    "read_no_body",
    "read_request",
    "too_slow",
]

MAX_BODY_BYTES = 1024 * 1024
"""A JSON body: ten thousand resource ids of a hundred characters each. Files are uploaded another way."""
BODY_SECONDS = 30.0
"""For a whole JSON body, or the next piece of a file: what is on the same machine takes a moment."""
MAX_VALUE = 4096
"""Characters of one value in a path or query."""
MAX_VALUES = 1000
"""Values in one query."""
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})


@dataclass(frozen=True, slots=True)
class Asked:
    """How one route's fields are told apart."""

    path: tuple[Field, ...]
    rest: tuple[Field, ...]
    body: Field | None

    @classmethod
    def of(cls, endpoint: Endpoint) -> Asked:
        shown = [item for item in describe(endpoint.request) if item.name not in endpoint.route.hidden]
        in_path = tuple(item for item in shown if "{" + item.name + "}" in endpoint.path)
        rest = tuple(item for item in shown if item not in in_path and item.kind != "body")
        return cls(in_path, rest, next((item for item in shown if item.kind == "body"), None))


async def read_request(request: web.Request, endpoint: Endpoint, asked: Asked) -> Any:
    """The typed request. RefusedError says what of it cannot be used; too large a body is 413."""
    values: dict[str, Any] = {item.name: _checked(item.name, request.match_info[item.name]) for item in asked.path}
    if endpoint.method in {"GET", "DELETE"}:
        values |= _from_query(request, asked.rest)
    else:
        _no_query(request)
        given = await read_json(request, required=asked.body is not None or any(item.required for item in asked.rest))
        values |= {asked.body.name: given} if asked.body is not None else _from_json(given, asked.rest)
    return endpoint.request(**values)


def read_fields(request: web.Request, asked: Asked) -> dict[str, Any]:
    """Path and query only, for a request whose body is no JSON."""
    values: dict[str, Any] = {item.name: _checked(item.name, request.match_info[item.name]) for item in asked.path}
    return values | _from_query(request, asked.rest)


def _from_query(request: web.Request, known: tuple[Field, ...]) -> dict[str, Any]:
    given: dict[str, list[str]] = {}
    if len(request.query) > MAX_VALUES:
        raise RefusedError("there are too many parameters", f"Give at most {MAX_VALUES}.", code=ErrorCode.BAD_REQUEST)
    for name, value in request.query.items():
        given.setdefault(name, []).append(_checked(name, value))
    by_name = {item.name: item for item in known}
    _refuse_unknown(given.keys() - by_name.keys(), by_name, "parameter", ErrorCode.UNKNOWN_PARAMETER)
    _refuse_missing(known, given)
    return {name: _value(by_name[name], texts) for name, texts in given.items()}


def _value(item: Field, texts: list[str]) -> Any:
    if item.many:
        return tuple(texts)
    if len(texts) > 1:
        raise RefusedError(f"{item.name} was given more than once", "Give it once.", code=ErrorCode.BAD_REQUEST)
    if item.kind == "flag":
        return _flag(item.name, texts[0])
    return _bounded(item, texts[0] if item.type is str else _number(item, texts[0]))


def _flag(name: str, text: str) -> bool:
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise RefusedError(
        f"{name} is neither true nor false", f"Give {name}=true, or leave it out.", code=ErrorCode.BAD_REQUEST
    )


def _number(item: Field, text: str) -> Any:
    try:
        return item.type(text.encode("ascii"))
    except ValueError:
        raise RefusedError(
            f"{item.name} is not a number", f"Give it as {item.name}=10.", code=ErrorCode.BAD_REQUEST
        ) from None


def _bounded(item: Field, value: Any) -> Any:
    between = bounds(item)
    if item.name == "limit" and between is not None and not between[0] <= value <= between[1]:
        raise RefusedError(
            f"limit {value} is out of bounds",
            f"Give {between[0]} to {between[1]:,}, and go on with after.",
            code=ErrorCode.BAD_LIMIT,
        )
    return value


def bounds(item: Field) -> tuple[float, float] | None:
    """What a number lies between. One answer over HTTP is a page, however much a command may print."""
    if item.least is None or item.most is None:
        return None
    return (max(1, item.least), min(MAX_PAGE, item.most)) if item.name == "limit" else (item.least, item.most)


def _from_json(given: object, known: tuple[Field, ...]) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise RefusedError(
            "the body has to be a JSON object", "Give {} where there is nothing to say.", code=ErrorCode.BAD_REQUEST
        )
    by_name = {item.name: item for item in known}
    _refuse_unknown(given.keys() - by_name.keys(), by_name, "field", ErrorCode.UNKNOWN_FIELD)
    _refuse_missing(known, given)
    return {name: _typed(by_name[name], value) for name, value in given.items()}


def _typed(item: Field, value: Any) -> Any:
    wanted = bool if item.kind == "flag" else item.type
    nothing = value is None and not item.required and item.kind != "flag" and item.default is None
    if item.many and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    if nothing or (type(value) is wanted and not item.many):
        return _checked(item.name, value) if isinstance(value, str) else value
    raise RefusedError(f"{item.name} is of the wrong kind", "See /openapi.json.", code=ErrorCode.BAD_REQUEST)


async def read_json(request: web.Request, *, required: bool = True) -> Any:
    """The body as JSON. Without one, and where none is `required`: an empty object."""
    if request.content_length is not None and request.content_length > MAX_BODY_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            content = await request.read()
    except TimeoutError:
        raise too_slow() from None
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None
    if not content and not required:
        return {}
    if request.content_type != "application/json":
        raise RefusedError(
            "the body is not JSON", "Send it as application/json.", code=ErrorCode.UNSUPPORTED_MEDIA_TYPE
        )
    try:
        value = orjson.loads(content)
        twice = given_twice(content)
    except (orjson.JSONDecodeError, RecursionError):
        raise RefusedError("the body is not JSON", "Send one JSON value, in UTF-8.", code=ErrorCode.BAD_JSON) from None
    if twice is not None:
        raise RefusedError(f"{twice} is given more than once", "Give it once.", code=ErrorCode.BAD_REQUEST)
    return value


async def read_no_body(request: web.Request) -> None:
    """Nothing, or an object with nothing in it; RefusedError for whatever else."""
    _from_json(await read_json(request, required=False), ())


def too_slow() -> RefusedError:
    """A body that did not come."""
    return RefusedError("the body did not come in time", "Send it at once.", code=ErrorCode.TOO_SLOW)


def _too_large() -> RefusedError:
    return RefusedError(
        f"the body is larger than {MAX_BODY_BYTES:,} bytes", "Ask for less at once.", code=ErrorCode.BODY_TOO_LARGE
    )


def _no_query(request: web.Request) -> None:
    _refuse_unknown(set(request.query), {}, "parameter", ErrorCode.UNKNOWN_PARAMETER)


def _refuse_unknown(unknown: set[str], known: Mapping[str, Field], what: str, code: ErrorCode) -> None:
    if unknown:
        shown = min(unknown)[:60]
        there = f"There {'are' if len(known) > 1 else 'is'}: {', '.join(known)}." if known else "It takes none."
        raise RefusedError(f"there is no {what} {shown!r}", there, code=code)


def _refuse_missing(known: tuple[Field, ...], given: Mapping[str, Any]) -> None:
    for item in known:
        if item.required and item.name not in given:
            raise RefusedError(f"{item.name} is missing", "See /openapi.json.", code=ErrorCode.MISSING_FIELD)


def _checked(name: str, text: str) -> str:
    if (
        len(text) > MAX_VALUE
        or "\0" in text
        or not text.isprintable()
        or any("\ud800" <= char <= "\udfff" for char in text)
    ):
        raise RefusedError(
            f"{name} holds what no name, key or text of one line holds",
            "Give it as it was shown.",
            code=ErrorCode.BAD_REQUEST,
        )
    return text
