"""The dashboard's addresses: which view answers which, and what becomes of an error.

Owns: the table of pages and static files. Must not know: how requests are guarded (api does that for every route), what
is on a page.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from polyhost.errors import ErrorCode, PolyhostError, RefusedError, as_sentence
from polyhost.web.dashboard import Dashboard
from polyhost.web.rendering import Page, page_response
from polyhost.web.views import connections, coverage, files, importing, records, runs, search, settings

__all__ = ["add_pages", "error_page", "missing_page", "sign_in_page"]

View = Callable[[Dashboard, web.Request], Awaitable[Page]]

LINK_COMMAND = "polyhost serve --link"
"""What makes a sign-in link."""
_STATIC = Path(__file__).parent / "static"
_PAGES: dict[str, View] = {
    "/": connections.connections,
    "/connections/{name}": connections.connection,
    "/connections/{name}/coverage": coverage.coverage,
    "/connections/{name}/records": records.records,
    "/connections/{name}/records/{stream}": records.records,
    "/connections/{name}/record": records.record,
    "/connections/{name}/files": files.files,
    "/connections/{name}/thread": records.thread,
    "/connections/{name}/runs": connections.runs,
    "/connections/{name}/receipts": connections.receipts,
    "/runs/{run}": runs.run,
    "/receipts/{batch}": runs.receipt,
    "/import": importing.drop,
    "/questions": runs.questions,
    "/questions/open": runs.open_questions,
    "/search": search.search,
    "/settings": settings.settings,
}
_UNKNOWN = {
    ErrorCode.NO_SUCH_PAGE,
    ErrorCode.UNKNOWN_CONNECTION,
    ErrorCode.UNKNOWN_BATCH,
    ErrorCode.UNKNOWN_RUN,
    ErrorCode.UNKNOWN_RECORD,
    ErrorCode.UNKNOWN_STREAM,
}
"""Codes of refusals that mean: there is no such page."""


def add_pages(app: web.Application, dash: Dashboard) -> None:
    """Mount every page and the static files."""
    for path, view in _PAGES.items():
        app.router.add_get(path, _handler(dash, view))
    app.router.add_post("/import/preview", _handler(dash, importing.preview))
    app.router.add_static("/static", _STATIC, append_version=False)


def _handler(dash: Dashboard, view: View) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            page = await view(dash, request)
        except PolyhostError as error:
            page = error_page(error)
        return page_response(page, questions_open=len(dash.questions()), query=request.query.get("q"))

    return handle


def missing_page(dash: Dashboard) -> web.Response:
    """What is shown at an address that is not a page's."""
    error = RefusedError(
        "no page has this address", "Begin at your connections, or search.", code=ErrorCode.NO_SUCH_PAGE
    )
    return page_response(error_page(error), questions_open=len(dash.questions()), query=None)


def error_page(error: PolyhostError) -> Page:
    """An error an owner can meet, as a page: what happened, what to do."""
    missing = error.code in _UNKNOWN
    title = "There is nothing here" if missing else "This cannot be shown"
    status = 404 if missing else 400 if isinstance(error, RefusedError) else 500
    values = {"title": title, "reason": as_sentence(error.reason), "instruction": error.instruction}
    return Page("error.html", values=values, status=status)


def sign_in_page(problem: str | None) -> web.Response:
    """What whoever is not signed in is shown; and why their link did not work, if they had one."""
    page = Page("login.html", values={"problem": problem, "link_command": LINK_COMMAND}, status=401)
    return page_response(page, signed_in=False)
