"""The description of the API, OpenAPI 3.1, made from the tables of routes and the types they name.

Owns: that translation. Must not know: what an operation does, how a request is read (asking keeps to the same rules).
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable
from functools import cache
from typing import Any

from polyhost import __version__
from polyhost.api.asking import MAX_VALUE, Asked, bounds
from polyhost.api.guards import COOKIE, CSRF_HEADER
from polyhost.api.own import OWN_ROUTES, OwnRoute
from polyhost.api.problems import PROBLEM_TYPE, Problem
from polyhost.api.schemas import Schemas, public_name
from polyhost.api.streaming import event_name
from polyhost.api.uploading import UPLOAD_TYPE
from polyhost.operations import events, runs
from polyhost.operations.catalog import operations
from polyhost.operations.fields import Field
from polyhost.operations.operation import Endpoint, Exchange, Operation, value_type

__all__ = ["EVENTS", "PROBLEMS", "openapi_document", "operation_id", "schema_of"]

PROBLEMS = {
    400: "The request cannot be used; `code` says why.",
    401: "No token or session, or a wrong one.",
    403: "It came from another site's page, to another name, or with a cookie alone.",
    404: "What the address names is not there.",
    408: "The body did not come in time.",
    409: "The request is right, and does not fit how things are now.",
    413: "The body is too large.",
    415: "The body is of another kind.",
    416: "The file has no bytes in that range.",
    429: "Too much at once; `Retry-After` says when.",
    500: "Something broke.",
    503: "Not now: the server is stopping, or the store is held.",
    507: "The disk is full.",
}
_AT_THE_DOOR = (400, 403, 500)
"""What any request may be answered with, whoever sends it."""
_OWNERS = (400, 401, 403, 429, 500)
"""The same where only the owner comes in."""
_OF_A_BODY = (408, 413, 415)
_OF_CONTENT = (416,)
_EVENTS = "text/event-stream"
_SINGLE_LINE = "^[^\\x00-\\x1f\\x7f]*$"
_SAFE: list[dict[str, list[str]]] = [{"token": []}, {"session": []}]
_CHANGES: list[dict[str, list[str]]] = [{"token": []}, {"session": [], "dashboard": []}]


EVENTS: dict[str, Any] = {event_name(kind): kind for kind in events.RunEvent.__args__} | {
    event_name(events.RunFinished): runs.RunFinished
}
"""What the data of each event is, by its name. How a run ended is typed as every surface has it."""


@cache
def openapi_document() -> dict[str, Any]:
    """The whole document."""
    schemas = Schemas()
    paths: dict[str, Any] = {}
    for operation in operations():
        for number, endpoint in enumerate(operation.routes):
            described = _described(operation, endpoint, number, schemas)
            paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = described
    for own in OWN_ROUTES:
        paths.setdefault(own.path, {})[own.method.lower()] = _described_own(own, schemas)
    problem = {PROBLEM_TYPE: {"schema": schemas.refer("Problem", Problem)}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "polyhost owner API",
            "version": __version__,
            "description": "What polyhost's commands do, for programs on this machine. Values are those of --json. "
            "Moments are ISO 8601 in UTC. Where there is a GET, there is a HEAD, except of /login and of events.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The server that this description came from."}],
        "security": _SAFE,
        "paths": paths,
        "components": {
            "schemas": schemas.named(),
            "responses": {
                str(status): {"description": text, "content": problem} | _waits(status)
                for status, text in PROBLEMS.items()
            },
            "securitySchemes": _security_schemes(),
        },
    }


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of a result, of a part of one that has a name of its own, or of an event, whole, with what it
    refers to."""
    schemas = Schemas()
    of_events = {kind.__name__: kind for kind in EVENTS.values()}
    found = schemas.inline((of_events | _results() | {"Problem": Problem})[name])
    return {**found, "components": {"schemas": schemas.named()}}


def _results() -> dict[str, Any]:
    """What operations come to, on a command line and over HTTP, by name."""
    kinds = [value_type(operation.handler) for operation in operations()]
    kinds += [endpoint.result for operation in operations() for endpoint in operation.routes]
    named = [one for kind in kinds for one in (typing.get_args(kind) or (kind,))]
    return {public_name(kind.__name__): kind for kind in named}


def operation_id(operation: Operation[Any, Any], number: int) -> str:
    """A name for programs: `schedule_set`. A second route of an operation adds what is done there (`set_aside`); or
    that it is of one thing."""
    base = re.sub(r"\W+", "_", operation.name)
    if number == 0:
        return base
    first, own = operation.routes[0].path, operation.routes[number].path
    action = own.removeprefix(f"{first}/") if own.startswith(f"{first}/") else "one"
    return f"{base}_{re.sub(r'[^a-z]+', '_', action)}"


def _security_schemes() -> dict[str, Any]:
    return {
        "token": {"type": "http", "scheme": "bearer", "description": "The file `token` in the home."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE,
            "description": "The dashboard's, begun by a sign-in link. It counts under the dashboard's own name only.",
        },
        "dashboard": {
            "type": "apiKey",
            "in": "header",
            "name": CSRF_HEADER,
            "description": "Beside a session's cookie, where something is changed: any value. It shows that no other "
            "site's page has sent the request.",
        },
    }


def _waits(status: int) -> dict[str, Any]:
    if status != 429:
        return {}
    header = {"description": "Seconds until it may be tried again.", "schema": {"type": "string"}}
    return {"headers": {"Retry-After": header}}


def _described(operation: Operation[Any, Any], endpoint: Endpoint, number: int, schemas: Schemas) -> dict[str, Any]:
    asked, route = Asked.of(endpoint), endpoint.route
    reads = route.method in {"GET", "DELETE"}
    described: dict[str, Any] = {
        "operationId": operation_id(operation, number),
        "summary": operation.summary,
        **_own_refusals(endpoint),
        "parameters": [_parameter(item, "path") for item in asked.path],
        "responses": {str(route.status): _success(operation, endpoint, schemas)}
        | _problems(
            status for status in PROBLEMS if not (reads and status in _OF_A_BODY) and status not in _OF_CONTENT
        ),
        "security": _SAFE if route.method == "GET" else _CHANGES,
    }
    if reads or route.exchange is Exchange.UPLOAD:
        described["parameters"] += [_parameter(item, "query") for item in asked.rest]
    else:
        described["requestBody"] = _body(asked, schemas)
    if route.exchange is Exchange.UPLOAD:
        told = "The file itself, as it was exported."
        described["requestBody"] = {"required": True, "description": told, "content": {UPLOAD_TYPE: {"schema": {}}}}
    if route.exchange is Exchange.EVENTS:
        described["parameters"].append(_LAST_EVENT)
        described["responses"]["204"] = {"description": "The run has ended, and its last event was heard."}
    if route.exchange is Exchange.CONTENT:
        described["parameters"] += _OF_RANGES
        described["responses"] |= {"206": _PART, "304": _SAME} | _problems(_OF_CONTENT)
    return described


_BYTES: dict[str, Any] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
_DISPOSITION = {
    "Content-Disposition": {
        "description": "`inline`, or `attachment` for everything that could be executed; and a safe name.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "The SHA-256 of the whole.", "schema": {"type": "string"}},
}
_PART = {"description": "The bytes that `Range` asked for.", "content": _BYTES, "headers": _DISPOSITION}
_SAME = {"description": "The bytes are those of the `If-None-Match` that came."}
_OF_RANGES = [
    {"name": name, "in": "header", "description": told, "schema": {"type": "string"}}
    for name, told in (
        ("Range", "One range of bytes. More than one are answered with the whole."),
        ("If-Range", "An `ETag`: of other bytes the whole is sent."),
        ("If-None-Match", "An `ETag`: the same bytes are not sent again."),
    )
]
_LAST_EVENT = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The id of the last event that was heard: the stream goes on after it.",
    "schema": {"type": "string", "pattern": "^[0-9]{1,12}$"},
}


def _own_refusals(endpoint: Endpoint) -> dict[str, str]:
    if not endpoint.refusals:
        return {}
    return {"description": f"Refusals of its own, by `code`: {', '.join(f'`{code}`' for code in endpoint.refusals)}."}


def _described_own(own: OwnRoute, schemas: Schemas) -> dict[str, Any]:
    headers = {
        name: {"description": told, "required": True, "schema": {"type": "string"}}
        for name, told in own.headers.items()
    }
    success = {"description": own.told, **({"headers": headers} if headers else {}), **_content(own.content, schemas)}
    others = {
        str(status): {"description": told, **_content(what, schemas)} for status, (told, what) in own.also.items()
    }
    return {
        "operationId": own.operation_id,
        "summary": own.summary,
        **({"description": own.description} if own.description else {}),
        "parameters": list(own.parameters),
        "responses": {str(own.status): success} | _problems(_AT_THE_DOOR if own.open else _OWNERS) | others,
        "security": [] if own.open else _SAFE if own.method == "GET" else _CHANGES,
    }


def _content(content: Any, schemas: Schemas) -> dict[str, Any]:
    found = {
        media: {"schema": kind if isinstance(kind, dict) else schemas.refer(kind.__name__, kind)}
        for media, kind in content.items()
    }
    return {"content": found} if found else {}


def _success(operation: Operation[Any, Any], endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    if endpoint.route.exchange is Exchange.EVENTS:
        told = "Events by name, data as JSON, ids to resume after. Ends with the run. `x-events`: each name's data."
        by_name = {name: schemas.refer(kind.__name__, kind) for name, kind in EVENTS.items()}
        return {"description": told, "content": {_EVENTS: {"schema": {"type": "string"}, "x-events": by_name}}}
    if endpoint.route.exchange is Exchange.CONTENT:
        return {"description": operation.summary, "content": _BYTES, "headers": _DISPOSITION}
    kind = endpoint.result
    return {
        "description": operation.summary,
        "content": {"application/json": {"schema": schemas.refer(kind.__name__, kind)}},
    }


def _problems(statuses: Iterable[int]) -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}


def _body(asked: Asked, schemas: Schemas) -> dict[str, Any]:
    if asked.body is not None:
        kind = asked.body.body
        schema, required = schemas.refer(kind.__name__, getattr(kind, "__value__", kind)), True
        told = asked.body.help
    else:
        fields = {item.name: _json_schema(item) | {"description": item.help} for item in asked.rest}
        names = [item.name for item in asked.rest if item.required]
        schema = {"type": "object", "properties": fields, "additionalProperties": False}
        schema |= {"required": names} if names else {}
        required = bool(names)
        told = "What it is given." if fields else "Nothing has to be said: an empty object, or no body."
    return {"required": required, "description": told, "content": {"application/json": {"schema": schema}}}


def _parameter(item: Field, place: str) -> dict[str, Any]:
    schema = _json_schema(item)
    if schema.get("type") == "string" and place == "path":
        schema |= {"minLength": 1}
    found = {"name": item.name, "in": place, "required": place == "path" or item.required, "schema": schema}
    return found | {"description": item.help}


def _json_schema(item: Field) -> dict[str, Any]:
    text = {"type": "string", "maxLength": MAX_VALUE, "pattern": _SINGLE_LINE}
    if item.many:
        return {"type": "array", "items": text}
    if item.kind == "flag":
        return {"type": "boolean", "default": False}
    if (between := bounds(item)) is not None:
        kind = "number" if item.type is float else "integer"
        return {"type": kind, "minimum": between[0], "maximum": between[1], "default": item.default}
    return text
