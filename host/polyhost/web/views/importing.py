"""Importing a file: where it is dropped, and what a preview of it looks like.

Must not know: what is in a file, what importing it comes to.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web
from jinja2 import UndefinedError

from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.connections import ConnectionsRequest
from polyhost.operations.polyfills import SourcesRequest
from polyhost.web.dashboard import Dashboard
from polyhost.web.rendering import Page, render_page

__all__ = ["drop", "preview"]


async def drop(dash: Dashboard, request: web.Request) -> Page:
    connections = await dash.operate("connections", ConnectionsRequest())
    sources = await dash.operate("polyfill list", SourcesRequest())
    values: dict[str, Any] = {
        "connections": [one["name"] for one in connections["connections"]],
        "sources": [one for one in sources["sources"] if one["error"] is None],
        "name": request.query.get("name", ""),
    }
    return Page("import.html", "import", values=values)


async def preview(dash: Dashboard, request: web.Request) -> Page:
    """A piece of a page: what the API said of an uploaded file, shown by what shows receipts."""
    del dash
    try:
        page = Page("_preview.html", values={"found": await request.json()})
        render_page(page)
    except (UndefinedError, TypeError, AttributeError, ValueError):
        raise RefusedError("that is not a preview", "Upload the file again.", code=ErrorCode.BAD_REQUEST) from None
    return page
