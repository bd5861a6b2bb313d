"""Signing in to the dashboard: a link that works once begins a session, kept in a cookie no script can read.

Must not know: what is behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from aiohttp import web

from polyhost.api.guards import cookie_name
from polyhost.api.routes import json_response
from polyhost.api.surface import Surface

__all__ = ["LINK_PATH", "SignInPage", "add_login", "link_to"]

LINK_PATH = "/v1/session-links"
SignInPage = Callable[[str | None], web.StreamResponse]
"""The page of whoever is not signed in, with what went wrong, if anything did."""
_USED = "This link was used already, or is older than five minutes."


def add_login(app: web.Application, surface: Surface, page: SignInPage) -> None:
    """The link's address, making a further link, signing out."""

    async def login(request: web.Request) -> web.StreamResponse:
        code = request.query.get("code")
        session = None if code is None else surface.gate.use_link(code)
        if session is None:
            return page(None if code is None else _USED)
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
