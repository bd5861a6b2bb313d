"""Search over everything that is stored.

Must not know: how anything is found or marked; the operation says both.
"""

from __future__ import annotations

from aiohttp import web

from polyhost.operations.search import SearchRequest
from polyhost.web.dashboard import Dashboard
from polyhost.web.rendering import Page

__all__ = ["search"]

_ON_PAGE = 30
_WAIT_SECONDS = 0.5
"""Seconds a page waits for what is new to become searchable; what is not yet is counted and said."""


async def search(dash: Dashboard, request: web.Request) -> Page:
    query = request.query.get("q", "").strip()
    if not query:
        return Page("search.html", "search", values={"query": "", "found": None, "deleted": False})
    deleted = "deleted" in request.query
    asked = SearchRequest(
        text=query, limit=_ON_PAGE, after=request.query.get("after") or None, deleted=deleted, wait=_WAIT_SECONDS
    )
    found = await dash.operate("search", asked)
    return Page("search.html", "search", found, {"query": query, "found": found, "deleted": deleted})
