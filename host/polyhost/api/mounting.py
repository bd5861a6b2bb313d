"""The owner API on an aiohttp application: the operations' routes, signing in and out, and the server's own two.

Owns: what of the API is mounted where. Must not know: what any of it does; pages.
"""

from __future__ import annotations

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from polyhost.api.login import SignInPage, add_login
from polyhost.api.openapi import openapi_document
from polyhost.api.routes import add_routes, json_response
from polyhost.api.surface import Surface

__all__ = ["add_api"]


def add_api(app: web.Application, surface: Surface, sign_in: SignInPage) -> None:
    """Everything that is not a page."""
    add_routes(app, surface)
    add_login(app, surface, sign_in)
    _add_own(app, surface)


def _add_own(app: web.Application, surface: Surface) -> None:
    document = openapi_document()

    async def openapi(request: web.Request) -> web.StreamResponse:
        return json_response(document)

    async def metrics(request: web.Request) -> web.StreamResponse:
        return web.Response(body=surface.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/openapi.json", openapi)
    app.router.add_get("/metrics", metrics)
