"""What the server answers beside the operations and the dashboard's pages: signing in and out, the counters, and the
description of all of it.

Owns: the table of these routes, as the API's description and its reference have them; a test holds the server to it.
Must not know: how any of them is answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from prometheus_client import CONTENT_TYPE_LATEST
from typing_extensions import TypedDict

__all__ = ["OWN_ROUTES", "OwnRoute", "SessionLink"]


class SessionLink(TypedDict):
    """A new sign-in link, to be opened in a browser. It works once, within five minutes."""

    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRoute:
    """One route. `content`: what its success holds, by media type; a type of results, or a schema. `also`: answers that
    are neither its success nor a problem. `open`: for whoever is not signed in."""

    method: Literal["GET", "POST"]
    path: str
    operation_id: str
    summary: str
    description: str = ""
    status: int = 200
    told: str
    content: Mapping[str, Any] = field(default_factory=dict[str, Any])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    parameters: tuple[Mapping[str, Any], ...] = ()
    also: Mapping[int, tuple[str, Mapping[str, Any]]] = field(default_factory=dict[int, tuple[str, Mapping[str, Any]]])
    open: bool = False


_TEXT = {"type": "string"}
_CODE = {
    "name": "code",
    "in": "query",
    "required": False,
    "description": "What the link names. Without one, the page says how to get a link.",
    "schema": {"type": "string"},
}

_BY_ADDRESS = {
    "name": "by_address",
    "in": "query",
    "required": False,
    "description": "For a browser that does not find the dashboard's own name: a link to 127.0.0.1. Every server of "
    "this machine that the browser visits is sent that sign-in's cookie, so it lasts an hour, and twelve in use.",
    "schema": {"type": "boolean", "default": False},
}

OWN_ROUTES = (
    OwnRoute(
        method="GET",
        path="/login",
        operation_id="login",
        summary="Open a sign-in link: it begins a session of this browser.",
        description="For browsers. A link is used up by opening it; a HEAD is refused, so that no preview does that.",
        status=303,
        told="Signed in; on to the dashboard.",
        headers={
            "Location": "The dashboard.",
            "Set-Cookie": "The session. No script can read it (HttpOnly), no other site can send it (SameSite=Strict).",
        },
        parameters=(_CODE,),
        also={401: ("No link, or one that was used or is too old: a page that says so.", {"text/html": _TEXT})},
        open=True,
    ),
    OwnRoute(
        method="POST",
        path="/v1/session-links",
        operation_id="make_session_link",
        summary="Make a sign-in link, as `polyhost serve --link` does.",
        status=201,
        told="The link. It is in no log, and worth nothing once it was used.",
        content={"application/json": SessionLink},
        parameters=(_BY_ADDRESS,),
    ),
    OwnRoute(
        method="POST",
        path="/v1/logout",
        operation_id="logout",
        summary="End the session whose cookie comes with it. The token is not touched.",
        status=204,
        told="There is no such session any more; with a token alone there was none.",
        headers={"Set-Cookie": "Takes the session's cookie away."},
    ),
    OwnRoute(
        method="GET",
        path="/metrics",
        operation_id="metrics",
        summary="The server's counters, for Prometheus: runs, records, requests. No label names anything of yours.",
        told="The counters, in the text format named by the content type.",
        content={CONTENT_TYPE_LATEST: _TEXT},
    ),
    OwnRoute(
        method="GET",
        path="/openapi.json",
        operation_id="openapi",
        summary="This description.",
        told="An OpenAPI 3.1 document.",
        content={"application/json": {"type": "object", "additionalProperties": True}},
    ),
)
