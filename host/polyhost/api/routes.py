"""The operations' routes: one handler for all of them, made from the table.

Owns: from a request to a result as JSON, and the two that are no plain exchange of JSON (an upload, an event stream).
Must not know: what any operation does.
"""

from __future__ import annotations

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from polyhost.api.asking import Asked, read_request
from polyhost.api.streaming import stream_events
from polyhost.api.surface import Surface
from polyhost.api.uploading import take_upload
from polyhost.operations.catalog import OPERATIONS
from polyhost.operations.registry import Operation, Route

__all__ = ["add_routes"]


def add_routes(app: web.Application, surface: Surface) -> None:
    """Every route of the table."""
    for operation in OPERATIONS:
        for route in operation.routes:
            handler = _SPECIAL.get(operation.name, _plain)(surface, operation, route)
            app.router.add_route(route.method, route.path, handler)


def _plain(surface: Surface, operation: Operation, route: Route) -> Handler:
    asked = Asked.of(operation, route)

    async def handle(request: web.Request) -> web.StreamResponse:
        typed = await read_request(request, operation, route, asked)
        result = await operation.load(route)(surface.context(), typed)
        return json_response(result.value, status=route.status)

    return handle


def _events(surface: Surface, operation: Operation, route: Route) -> Handler:
    asked = Asked.of(operation, route)

    async def handle(request: web.Request) -> web.StreamResponse:
        typed = await read_request(request, operation, route, asked)
        return await stream_events(surface, request, typed)

    return handle


def _upload(surface: Surface, operation: Operation, route: Route) -> Handler:
    asked = Asked.of(operation, route)

    async def handle(request: web.Request) -> web.StreamResponse:
        upload = await take_upload(surface, request, asked)
        result = await operation.load(route)(surface.context(), upload)
        return json_response(result.value, status=route.status)

    return handle


_SPECIAL = {"run events": _events, "import": _upload}


def json_response(value: object, *, status: int = 200) -> web.Response:
    """A value as JSON, the same bytes for the same value on every surface."""
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")
