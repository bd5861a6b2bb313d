"""Signing in to the dashboard: a link that works once begins a session, kept in a cookie no script can read.

Must not know: what is behind it.
"""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from polyhost.api.guards import cookie_name, wants_page
from polyhost.api.routes import json_response
from polyhost.api.surface import Surface
from polyhost.web.pages import login_page
from polyhost.web.rendering import page_response

__all__ = ["LINK_COMMAND", "LINK_PATH", "add_login", "link_to", "sign_in_page"]

LINK_COMMAND = "polyhost serve --link"
LINK_PATH = "/v1/session-links"
_USED = "This link was used already, or is older than five minutes."


def add_login(app: web.Application, surface: Surface) -> None:
    """The link's address, making a further link, signing out."""

    async def login(request: web.Request) -> web.StreamResponse:
        code = request.query.get("code")
        session = None if code is None else surface.gate.use_link(code)
        if session is None:
            return _page(None if code is None else _USED)
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(cookie_name(surface), session, httponly=True, samesite="Strict", path="/")
        return response

    async def make_link(request: web.Request) -> web.StreamResponse:
        return json_response({"path": link_to(surface)}, status=201)

    async def logout(request: web.Request) -> web.StreamResponse:
        surface.gate.end_session(request.cookies.get(cookie_name(surface), ""))
        response = web.Response(status=204)
        response.del_cookie(cookie_name(surface), path="/")
        return response

    app.router.add_get("/login", login, allow_head=False)  # a HEAD must not use the link up
    app.router.add_post(LINK_PATH, make_link)
    app.router.add_post("/v1/logout", logout)


def link_to(surface: Surface) -> str:
    """The path and query of a new link. Its code is worth nothing once it was used, so it may stand in an address; the
    token never does."""
    return f"/login?{urlencode({'code': surface.gate.make_link()})}"


def sign_in_page(request: web.Request) -> web.StreamResponse | None:
    """For a browser that wants a page and is not signed in; None for anything else."""
    return _page(None) if wants_page(request) else None


def _page(problem: str | None) -> web.Response:
    return page_response(login_page(problem, LINK_COMMAND), signed_in=False)
