"""The files of a connection: those that are here to look at, those that are not with why.

Must not know: what a file's state means; sentences come with the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from polyhost.operations.files import FilesRequest
from polyhost.operations.status import StatusRequest
from polyhost.web.dashboard import Dashboard
from polyhost.web.rendering import Page

__all__ = ["files"]

_ON_PAGE = 100
_MOST = 500
_STATES = (
    ("here", "Here"),
    ("to_come", "To come"),
    ("refused", "Refused"),
    ("over_limit", "Over the limit"),
    ("gone", "Gone at the source"),
    ("hidden", "Hidden"),
    ("external", "Kept elsewhere"),
)
_KINDS = (
    ("", "All kinds"),
    ("image", "Pictures"),
    ("video", "Video"),
    ("audio", "Audio"),
    ("application", "Documents"),
)


async def files(dash: Dashboard, request: web.Request) -> Page:
    name, asked = request.match_info["name"], request.query
    state, kind, after = asked.get("state", ""), asked.get("type", ""), asked.get("after") or None
    limit = min(_MOST, max(1, int(asked["limit"]))) if asked.get("limit", "").isdecimal() else _ON_PAGE
    partition = asked.get("partition") or None
    found = await dash.operate(
        "files",
        FilesRequest(
            name=name,
            state=(state,) if state else (),
            type=(kind,) if kind else (),
            partition=partition,
            limit=limit,
            after=after,
        ),
    )
    nature = (await dash.operate("status", StatusRequest(name=name)))["nature"]
    known = sum(count for counted, count in found["totals"].items() if counted != "bytes")
    given = {"state": state, "type": kind, "partition": partition, "limit": limit if limit != _ON_PAGE else None}
    values: dict[str, Any] = {
        "connection": name,
        "known": known,
        "may_fetch": nature in {"live", "test"} and _may_fetch(found),
        "states": [_choice(given, "state", code, label, count) for code, label, count in _counted(found, known)],
        "kinds": [_choice(given, "type", code, label, 0) for code, label in _KINDS],
        "after": after,
        "first_page": _query(given),
        "next_page": _query({**given, "after": found["next"]}),
    }
    return Page("files.html", "connections", found, values)


def _counted(found: Mapping[str, Any], known: int) -> list[tuple[str, str, int]]:
    """The states that some are in."""
    some = [(code, label, found["totals"][code]) for code, label in _STATES if found["totals"][code]]
    return [("", "All", known), *some]


def _choice(given: Mapping[str, Any], name: str, value: str, label: str, count: int) -> dict[str, Any]:
    current = given[name] == value
    return {"label": label, "count": count, "current": current, "query": _query({**given, name: value})}


def _query(given: Mapping[str, Any]) -> str:
    return urlencode({name: value for name, value in given.items() if value})


def _may_fetch(found: Any) -> bool:
    """Whether a run would bring any."""
    return any(one["instruction"].startswith("polyhost run ") for one in found["missing"])
