"""Setting faults from outside, while the fake runs by hand or in another process.

`GET`, `POST` and `DELETE` on `https://127.0.0.1:<port>/control/faults`: the rules in force, one more (or a list), none.
A rule is JSON: the fields of `Fault`, its action as `{"what": <name>, …its fields}`:

    {"what": {"what": "HttpStatus", "status": 500}, "method": "conversations.replies", "times": null}

Must not know: what a rule does to a call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from fakes.slack import faults as kinds
from fakes.slack.faults import Fault, Faults

__all__ = ["CONTROL_PATH", "answer_control", "fault_as_json", "fault_of"]

CONTROL_PATH = "/control/"
_WRITTEN = ("method", "times", "every", "after", "where", "holding", "over", "with_cursor")
_ACTIONS: Mapping[str, Any] = {
    name: getattr(kinds, name)
    for name in (
        "RateLimit",
        "HttpStatus",
        "HtmlBody",
        "CutJson",
        "ApiError",
        "ExpireSession",
        "EmptyPage",
        "ExpireCursor",
        "Circle",
        "Stall",
        "Odd",
        "Slow",
        "Drop",
    )
}


def fault_of(told: Mapping[str, Any]) -> Fault:
    """A rule from its JSON. ValueError for an unknown action, a field that is none, or one that is missing."""
    action, rest = dict(told.get("what") or {}), {name: value for name, value in told.items() if name != "what"}
    name = action.pop("what", None)
    if name not in _ACTIONS:
        raise ValueError(f"{name!r} is not a valid action; use one of {', '.join(_ACTIONS)}")
    if not set(rest) <= set(_WRITTEN):
        raise ValueError(f"a rule has the fields {', '.join(_WRITTEN)}")
    if "without" in action:
        action["without"] = tuple(action["without"])
    try:
        return Fault(_ACTIONS[name](**action), **rest)
    except TypeError as error:
        raise ValueError(str(error)) from None


def fault_as_json(fault: Fault) -> dict[str, Any]:
    """A rule as `fault_of` reads it, and how often it has fired."""
    action = {} if isinstance(fault.action, kinds.Hold) else asdict(fault.action)
    written = {name: getattr(fault, name) for name in _WRITTEN}
    return {"what": {"what": type(fault.action).__name__, **action}, **written, "fired": fault.fired}


async def answer_control(faults: Faults, request: web.Request) -> web.Response:
    if request.path != f"{CONTROL_PATH}faults":
        return web.json_response({"error": "not_found"}, status=404)
    if request.method == "DELETE":
        faults.clear()
    elif request.method == "POST":
        try:
            told = json.loads(await request.text())
            faults.add(*(fault_of(one) for one in (told if isinstance(told, list) else [told])))
        except (ValueError, AttributeError) as error:
            return web.json_response({"error": str(error)}, status=400)
    return web.json_response([fault_as_json(rule) for rule in faults.rules])
