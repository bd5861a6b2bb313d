"""The description of the API, OpenAPI 3.1, made from the table of operations and the types they name.

Owns: that translation. Must not know: what an operation does, how a request is read (asking keeps to the same rules).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from polyhost import __version__
from polyhost.api.asking import MAX_PAGE, MAX_VALUE, Asked
from polyhost.api.problems import PROBLEM_TYPE
from polyhost.api.streaming import EVENT_NAMES
from polyhost.api.uploading import UPLOAD_TYPE
from polyhost.operations import bodies, results
from polyhost.operations.catalog import OPERATIONS
from polyhost.operations.registry import Field, Operation, Route

__all__ = ["COMMON_STATUSES", "openapi_document", "operation_id", "schema_of"]

COMMON_STATUSES = {
    400: "The request cannot be used; `code` says why.",
    401: "No token or session, or a wrong one.",
    403: "It came from another site's page, to another name, or with a cookie alone.",
    404: "What the address names is not there.",
    409: "The request is right, and does not fit how things are now.",
    413: "The body is too large.",
    415: "The body is of another kind.",
    429: "Too much at once; `Retry-After` says when.",
    500: "Something broke.",
    503: "Not now: the server is stopping, or the store is held.",
}
_REFERENCE = "#/components/schemas/{model}"
_EVENTS = "text/event-stream"
_SINGLE_LINE = "^[^\\x00-\\x1f\\x7f]*$"


@cache
def openapi_document() -> dict[str, Any]:
    """The whole document."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        for number, route in enumerate(operation.routes):
            described = _described(operation, route, number, schemas)
            paths.setdefault(route.path, {})[route.method.lower()] = described
    schemas["Problem"] = _use(results.Problem, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "polyhost owner API",
            "version": __version__,
            "description": "What polyhost's commands do, for programs on this machine. Values are those of --json.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": {
                str(status): {"description": text, "content": {PROBLEM_TYPE: {"schema": _ref("Problem")}}}
                for status, text in COMMON_STATUSES.items()
            },
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "The file `token` in the home."},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "polyhost_8787",
                    "description": "The dashboard's; its name ends with the port. Changes need the header X-Polyhost.",
                },
            },
        },
    }


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of a result type, whole, with what it refers to."""
    schemas: dict[str, Any] = {}
    found = dict(_use(getattr(results, name), schemas))
    return {**found, "components": {"schemas": schemas}}


def operation_id(operation: Operation, route: Route, number: int) -> str:
    """A name for programs: `schedule_set`; a second route of an operation adds what it is of."""
    del route
    base = re.sub(r"\W+", "_", operation.name)
    return base if number == 0 else f"{base}_one"


def _described(operation: Operation, route: Route, number: int, schemas: dict[str, Any]) -> dict[str, Any]:
    asked = Asked.of(operation, route)
    described: dict[str, Any] = {
        "operationId": operation_id(operation, route, number),
        "summary": operation.summary,
        "parameters": [_parameter(item, "path") for item in asked.path],
        "responses": {str(route.status): _success(operation, route, schemas)} | _problems(),
    }
    if route.method in {"GET", "DELETE"} or operation.name == "import":
        described["parameters"] += [_parameter(item, "query") for item in asked.rest]
    else:
        described["requestBody"] = _body(asked, route, schemas)
    if operation.name == "import":
        described["requestBody"] = {"required": True, "content": {UPLOAD_TYPE: {"schema": {}}}}
    if operation.name == "run events":
        number_schema = {"type": "string", "pattern": "^[0-9]{1,12}$"}
        described["parameters"].append({"name": "Last-Event-ID", "in": "header", "schema": number_schema})
        described["responses"]["204"] = {"description": "The run has ended, and its last event was heard."}
    return described


def _success(operation: Operation, route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    if operation.name == "run events":
        told = f"Events by name ({', '.join(EVENT_NAMES)}), data as JSON, ids to resume after. Ends with the run."
        return {"description": told, "content": {_EVENTS: {"schema": {"type": "string"}}}}
    kind = getattr(results, route.result)
    schemas[route.result] = _use(kind, schemas)
    return {"description": operation.summary, "content": {"application/json": {"schema": _ref(route.result)}}}


def _problems() -> dict[str, Any]:
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in COMMON_STATUSES}


def _body(asked: Asked, route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    if asked.body is not None and route.body is not None:
        schemas[route.body] = _use(getattr(bodies, route.body), schemas)
        schema, required = _ref(route.body), True
    else:
        fields = {item.name: _json_schema(item) for item in asked.rest}
        names = [item.name for item in asked.rest if item.required]
        schema = {"type": "object", "properties": fields, "additionalProperties": False}
        schema |= {"required": names} if names else {}
        required = bool(names)
    return {"required": required, "content": {"application/json": {"schema": schema}}}


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
    if item.name == "limit":
        return {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": item.default}
    return {"type": "number", "minimum": 0, "maximum": 3600, "default": item.default} if item.type is float else text


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": _REFERENCE.format(model=name)}


def _use(kind: Any, schemas: dict[str, Any]) -> Mapping[str, Any]:
    """A type's schema; what it refers to goes into `schemas`."""
    made: dict[str, Any] = TypeAdapter(kind).json_schema(ref_template=_REFERENCE, mode="serialization")
    for name, schema in made.pop("$defs", {}).items():
        schemas[name] = _closed(schema)
    return _closed(made)


def _closed(schema: Any) -> Any:
    """Nothing is there that is not described."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _closed(value) for name, value in schema.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found
