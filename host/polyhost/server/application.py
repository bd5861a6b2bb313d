"""The whole web application: guards, the operations' routes, sign-in, counters, and the dashboard's pages.

Owns: what is mounted where. Must not know: what any of it does.
"""

from __future__ import annotations

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from polyhost.api.asking import MAX_BODY_BYTES
from polyhost.api.guards import add_headers, guard, problems
from polyhost.api.login import add_login, sign_in_page
from polyhost.api.openapi import openapi_document
from polyhost.api.routes import add_routes, json_response
from polyhost.api.surface import Surface
from polyhost.web.dashboard import Dashboard
from polyhost.web.pages import add_pages, missing_page

__all__ = ["build_app"]


def build_app(surface: Surface) -> web.Application:
    """The application of one server."""
    dash = Dashboard(operate=surface.operate, questions=surface.questions)
    app = web.Application(
        middlewares=[problems(surface, lambda: missing_page(dash)), guard(surface, sign_in_page)],
        client_max_size=MAX_BODY_BYTES,
    )
    app.on_response_prepare.append(add_headers)
    add_routes(app, surface)
    add_login(app, surface)
    _add_own(app, surface)
    add_pages(app, dash)
    return app


def _add_own(app: web.Application, surface: Surface) -> None:
    document = openapi_document()

    async def openapi(request: web.Request) -> web.StreamResponse:
        return json_response(document)

    async def metrics(request: web.Request) -> web.StreamResponse:
        return web.Response(body=surface.metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/openapi.json", openapi)
    app.router.add_get("/metrics", metrics)
