"""The operations' routes: one handler for all of them, made from the table.

Owns: from a request to a result as JSON, and those that are no plain exchange of JSON (an upload, an event stream, a
file's bytes).
Must not know: what any operation does.
"""

from __future__ import annotations

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from polyhost.api.asking import Asked, read_request
from polyhost.api.contents import send_content
from polyhost.api.streaming import stream_events
from polyhost.api.surface import Surface
from polyhost.api.uploading import take_upload
from polyhost.operations.catalog import operations
from polyhost.operations.operation import Endpoint, Exchange

__all__ = ["add_routes"]


def add_routes(app: web.Application, surface: Surface) -> None:
    """Every route of the table."""
    for operation in operations():
        for endpoint in operation.routes:
            handler = _HANDLERS[endpoint.route.exchange](surface, endpoint)
            app.router.add_route(endpoint.method, endpoint.path, handler)
            if endpoint.method == "GET" and endpoint.route.exchange is not Exchange.EVENTS:
                app.router.add_route("HEAD", endpoint.path, handler)


def _plain(surface: Surface, endpoint: Endpoint) -> Handler:
    asked = Asked.of(endpoint)

    async def handle(request: web.Request) -> web.StreamResponse:
        typed = await read_request(request, endpoint, asked)
        result = await endpoint(surface.context(), typed)
        return json_response(result.value, status=endpoint.route.status)

    return handle


def _events(surface: Surface, endpoint: Endpoint) -> Handler:
    asked = Asked.of(endpoint)

    async def handle(request: web.Request) -> web.StreamResponse:
        typed = await read_request(request, endpoint, asked)
        return await stream_events(surface, request, typed)

    return handle


def _content(surface: Surface, endpoint: Endpoint) -> Handler:
    asked = Asked.of(endpoint)

    async def handle(request: web.Request) -> web.StreamResponse:
        typed = await read_request(request, endpoint, asked)
        return await send_content(request, (await endpoint(surface.context(), typed)).value)

    return handle


def _upload(surface: Surface, endpoint: Endpoint) -> Handler:
    asked = Asked.of(endpoint)

    async def handle(request: web.Request) -> web.StreamResponse:
        upload = await take_upload(surface, request, asked)
        result = await endpoint.handler(surface.context(), upload)
        return json_response(result.value, status=endpoint.route.status)

    return handle


_HANDLERS = {
    Exchange.JSON: _plain,
    Exchange.EVENTS: _events,
    Exchange.UPLOAD: _upload,
    Exchange.CONTENT: _content,
}


def json_response(value: object, *, status: int = 200) -> web.Response:
    """A value as JSON, the same bytes for the same value on every surface."""
    return web.Response(body=orjson.dumps(value), status=status, content_type="application/json")
