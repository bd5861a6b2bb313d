"""What every request passes before it reaches a handler: where it came to, from where, and whose it is.

Owns: the order of these checks, and the headers every answer carries. Must not know: what a route does.

- The Host header names this server: a name that was made to point here (DNS rebinding) is not it.
- What a browser says of the page that asks is: this server's own, or a person who follows a link. Other sites' pages,
  and those of other ports, get nothing.
- A bearer token, or a sign-in's cookie, which counts under the name it was given for. A cookie is only enough to change
  something together with a header that no form and no other site can send.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from polyhost.api.asking import MAX_BODY_BYTES
from polyhost.api.names import Place, without_default_port
from polyhost.api.problems import problem_response
from polyhost.api.surface import Surface
from polyhost.errors import ErrorCode, PolyhostError, RefusedError, RunFailedError

__all__ = [
    "ADMIT",
    "COOKIE",
    "CSRF_HEADER",
    "OPEN",
    "SECURITY_HEADERS",
    "SIGN_IN",
    "add_headers",
    "cookie_name",
    "guard",
    "place_of",
    "problems",
]

_log = logging.getLogger(__name__)

COOKIE = "polyhost"
CSRF_HEADER = "X-Polyhost"
"""Sent by the dashboard with all that changes something; a browser lets no other site send it unasked."""
OPEN = frozenset({"/login"})
"""Routes that are there for whoever is not signed in; and what their page is made of, below /static."""
ADMIT = web.RequestKey[Callable[[], None]]("admit")
"""Called once a request has shown that it is the owner's: its connection is no stranger's any more."""
SIGN_IN = web.RequestKey[str]("sign_in")
"""The id of the sign-in whose cookie came with a request."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
}


def cookie_name(surface: Surface, place: Place) -> str:
    """The dashboard's name has one server only; the cookies of an address are shared by all of its ports."""
    return COOKIE if place is Place.DASHBOARD else f"{COOKIE}_{surface.names.port}"


def place_of(surface: Surface, request: web.Request) -> Place:
    """Under which of its names this server was asked. RefusedError `bad_host` where it was under none."""
    hosts = request.headers.getall("Host", [])
    place = surface.names.place(hosts[0]) if len(hosts) == 1 else None
    if place is None:
        raise RefusedError(
            "this server does not answer to that name",
            "Open a new link: polyhost serve --link",
            code=ErrorCode.BAD_HOST,
        )
    return place


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer, unless it says otherwise itself."""
    del request
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.popall("Server", None)


def wants_page(request: web.Request) -> bool:
    """Whether a person in a browser asks, who can do nothing with problem details."""
    return (
        request.method == "GET"
        and not request.path.startswith(("/v1/", "/static/"))
        and "text/html" in request.headers.get("Accept", "")
    )


def guard(surface: Surface, sign_in: Callable[[], web.StreamResponse]) -> Middleware:
    """`sign_in`: what a browser that is not signed in is shown instead of a page."""

    @web.middleware
    async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
        place = place_of(surface, request)
        _check_page(request)
        path = request.rel_url.raw_path
        if path not in OPEN and not path.startswith("/static/"):
            try:
                _check_owner(surface, request, place)
            except RefusedError as error:
                if error.code == ErrorCode.UNAUTHORIZED and wants_page(request):
                    return sign_in()
                raise
            request.get(ADMIT, _nothing)()
        return await handler(request)

    return checked


def _nothing() -> None:
    pass


def problems(surface: Surface, missing: Callable[[], web.StreamResponse]) -> Middleware:
    """The one place where what went wrong becomes an answer; and where requests are counted and logged, by their
    route's pattern: an address may name what is nobody's business. `missing`: what a browser is shown at an address
    that leads nowhere."""

    @web.middleware
    async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = time.monotonic()
        try:
            response = await handler(request)
        except PolyhostError as error:
            response = problem_response(error, headers=_extra(surface, error))
        except web.HTTPException as error:
            response = missing() if error.status == 404 and wants_page(request) else _of_http(error)
        except web.RequestPayloadError:
            response = problem_response(_NO_BODY)
            response.force_close()
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            _log.exception("a request failed in a way that is a bug")
            error = RunFailedError("an internal error", "Please report this.", code=ErrorCode.INTERNAL_ERROR)
            response = problem_response(error)
        _count(surface, request, response, time.monotonic() - began)
        return response

    return answered


def _count(surface: Surface, request: web.Request, response: web.StreamResponse, seconds: float) -> None:
    resource = request.match_info.route.resource
    route = "none" if resource is None else resource.canonical
    method = request.method if request.method in _METHODS else "other"
    surface.metrics.http.labels(method, route, str(response.status)).observe(seconds)
    _log.info(
        "answered",
        extra={"method": method, "route": route, "status": response.status, "ms": round(seconds * 1000, 1)},
    )


_NO_BODY = RefusedError(
    "the body is not what its headers say", "Send what HTTP/1.1 asks for.", code=ErrorCode.BAD_REQUEST
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})


def _extra(surface: Surface, error: PolyhostError) -> dict[str, str]:
    if error.code == ErrorCode.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    if error.code == ErrorCode.TOO_MANY_FAILURES:
        return {"Retry-After": str(surface.gate.wait_seconds() or 1)}
    return {"Retry-After": "5"} if error.code in _PASSING else {}


def _of_http(error: web.HTTPException) -> web.StreamResponse:
    if error.status < 400:
        return error
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        method = error.method if error.method in _METHODS else "this method"
        refused = RefusedError(f"{method} is not possible here", f"Use {allowed}.", code=ErrorCode.METHOD_NOT_ALLOWED)
        return problem_response(refused, headers={"Allow": allowed})
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        limit = f"the body is larger than {MAX_BODY_BYTES:,} bytes"
        return problem_response(RefusedError(limit, "Ask for less at once.", code=ErrorCode.BODY_TOO_LARGE))
    if error.status == 404:
        return problem_response(
            RefusedError("there is nothing here", "See /openapi.json.", code=ErrorCode.NO_SUCH_PAGE)
        )
    return problem_response(RefusedError(error.reason.lower(), "", code=ErrorCode.BAD_REQUEST), status=error.status)


def _check_page(request: web.Request) -> None:
    """RefusedError where a page asks that is not one of this server's, under the name it was asked by."""
    ours = f"http://{without_default_port(request.headers['Host'])}"
    origins = set(map(without_default_port, request.headers.getall("Origin", [])))
    follows_a_link = request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    near = {"none", "same-origin"}
    if origins - {ours} or not (follows_a_link or request.headers.get("Sec-Fetch-Site", "none") in near):
        raise RefusedError("a page of another site asked for this", "Use the dashboard.", code=ErrorCode.BAD_ORIGIN)


def _check_owner(surface: Surface, request: web.Request, place: Place) -> None:
    given = request.headers.getall("Authorization", [])
    if given:
        _check_token(surface, given)
        return
    secret = request.cookies.get(cookie_name(surface, place))
    sign_in = None if secret is None else surface.gate.sign_ins.use(place, secret)
    if sign_in is None:
        raise RefusedError("nobody is signed in", _HOW, code=ErrorCode.UNAUTHORIZED)
    if request.method not in _SAFE and request.headers.get(CSRF_HEADER) is None:
        raise RefusedError(
            "a cookie alone changes nothing", f"Send the header {CSRF_HEADER} too, or the token.", code=ErrorCode.CSRF
        )
    request[SIGN_IN] = sign_in


_PASSING = frozenset({ErrorCode.TOO_MANY_RUNS, ErrorCode.TOO_MANY_STREAMS, ErrorCode.STORE_LOCKED})
"""Refusals that are over soon by themselves."""
_HOW = "Send the home's token (the file `token`): Authorization: Bearer TOKEN."


def _check_token(surface: Surface, given: list[str]) -> None:
    """The right one comes in however many wrong ones were tried before: else anybody could lock the owner out."""
    scheme, _, token = given[0].partition(" ")
    if len(given) == 1 and scheme.lower() == "bearer" and surface.gate.token_fits(token.strip()):
        return
    if (wait := surface.gate.turn_away()) > 0:
        raise RefusedError("too many wrong tokens were tried", f"Wait {wait} s.", code=ErrorCode.TOO_MANY_FAILURES)
    raise RefusedError("that is not this home's token", _HOW, code=ErrorCode.UNAUTHORIZED)
