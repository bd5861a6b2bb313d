"""The whole web application: what every request passes, the owner API, the dashboard's pages.

Owns: what is mounted where, and how a page has an operation performed. Must not know: what any of it does.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from polyhost.api.asking import MAX_BODY_BYTES
from polyhost.api.guards import SIGN_IN, add_headers, guard, problems
from polyhost.api.mounting import add_api
from polyhost.api.surface import Surface
from polyhost.operations.catalog import operations
from polyhost.server.resources import Resources
from polyhost.web.dashboard import Dashboard
from polyhost.web.pages import add_pages, missing_page, sign_in_page

__all__ = ["build_app", "make_dashboard"]


def build_app(surface: Surface, dash: Dashboard) -> web.Application:
    """The application of one server."""
    app = web.Application(
        middlewares=[problems(surface, lambda: missing_page(dash)), guard(surface, lambda: sign_in_page(None))],
        client_max_size=MAX_BODY_BYTES,
    )
    app.on_response_prepare.append(add_headers)
    add_api(app, surface, sign_in_page)
    add_pages(app, dash)
    return app


def make_dashboard(resources: Resources) -> Dashboard:
    """What the pages of this process are made with: an operation is performed as its route does it."""

    async def operate(name: str, request: Any) -> Any:
        found = next(operation for operation in operations() if operation.name == name)
        endpoint = next((one for one in found.routes if one.method == "GET" and one.request is type(request)), found)
        return (await endpoint(resources.context(), request)).value

    return Dashboard(operate=operate, questions=resources.runs.questions, sign_in=lambda request: request.get(SIGN_IN))
