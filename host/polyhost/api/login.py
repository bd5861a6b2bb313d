"""Signing in to the dashboard: a link that works once begins a session, kept in a cookie no script can read.

Must not know: what is behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from polyhost.api.asking import Asked, read_fields, read_no_body
from polyhost.api.guards import cookie_name, place_of
from polyhost.api.names import Place
from polyhost.api.routes import json_response
from polyhost.api.sign_ins import browser_of
from polyhost.api.surface import Surface
from polyhost.operations.fields import describe, flag

__all__ = ["LINK_PATH", "SignInPage", "add_login", "link_to"]

LINK_PATH = "/v1/session-links"
SignInPage = Callable[[str | None], web.StreamResponse]
"""The page of whoever is not signed in, with what went wrong, if anything did."""
_USED = "This link was used already, is older than five minutes, or is for another address."


@dataclass(frozen=True, slots=True, kw_only=True)
class _LinkRequest:
    by_address: bool = flag("A link to 127.0.0.1, for a browser that does not find the dashboard's own name.")


_LINK, _NOTHING = Asked((), describe(_LinkRequest), None), Asked((), (), None)


def add_login(app: web.Application, surface: Surface, page: SignInPage) -> None:
    """The link's address, making a further link, signing out."""

    async def login(request: web.Request) -> web.StreamResponse:
        place = place_of(surface, request)
        alone = len(request.query) == 1  # as a link is made: nothing twice, nothing besides
        code = request.query.get("code") if alone else None
        browser = browser_of(request.headers.get("User-Agent", ""))
        secret = None if code is None else surface.gate.use_link(place, code, browser)
        if secret is None:
            return page(None if code is None else _USED)
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(cookie_name(surface, place), secret, httponly=True, samesite="Strict", path="/")
        return response

    async def make_link(request: web.Request) -> web.StreamResponse:
        asked = _LinkRequest(**read_fields(request, _LINK))
        await read_no_body(request)
        place = Place.ADDRESS if asked.by_address else Place.DASHBOARD
        return json_response({"link": link_to(surface, place)}, status=201)

    async def logout(request: web.Request) -> web.StreamResponse:
        read_fields(request, _NOTHING)
        await read_no_body(request)
        place = place_of(surface, request)
        name = cookie_name(surface, place)
        sign_in = surface.gate.sign_ins.use(place, request.cookies.get(name, ""))
        if sign_in is not None:
            surface.gate.sign_ins.end(sign_in)
        response = web.Response(status=204)
        response.del_cookie(name, path="/")
        return response

    app.router.add_get("/login", login, allow_head=False)  # a HEAD must not use the link up
    app.router.add_post(LINK_PATH, make_link)
    app.router.add_post("/v1/logout", logout)


def link_to(surface: Surface, place: Place = Place.DASHBOARD) -> str:
    """A new link, whole. Its code is worth nothing once it was used, so it may stand in an address; the token never
    does."""
    return f"{surface.names.origin(place)}/login?{urlencode({'code': surface.gate.make_link(place)})}"
