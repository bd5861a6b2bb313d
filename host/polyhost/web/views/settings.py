"""How this home is set up: what is connected and what could be, how the owner is told, which browsers are signed in,
what every setting is.

Must not know: where any of it is kept, or how it is changed; that is for commands, which are shown to be copied.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from polyhost.operations.connections import ConnectionsRequest
from polyhost.operations.polyfills import SourcesRequest
from polyhost.operations.schedules import ScheduleShowRequest
from polyhost.operations.settings import ConfigExplainRequest
from polyhost.operations.sign_ins import SignInsListRequest
from polyhost.web.dashboard import Dashboard
from polyhost.web.rendering import Page

__all__ = ["settings"]


async def settings(dash: Dashboard, request: web.Request) -> Page:
    state = {
        "config": await dash.operate("config explain", ConfigExplainRequest()),
        "connections": await dash.operate("connections", ConnectionsRequest()),
        "schedules": await dash.operate("schedule show", ScheduleShowRequest()),
        "sign_ins": await dash.operate("sign-ins list", SignInsListRequest()),
        "sources": await dash.operate("polyfill list", SourcesRequest()),
    }
    return Page("settings.html", "settings", state, _arranged(state) | {"this_one": dash.sign_in(request)})


def _arranged(state: dict[str, Any]) -> dict[str, Any]:
    """The same by what it is of, as a page shows it."""
    return {
        "schedule_of": {one["connection"]: one for one in state["schedules"]["connections"]},
        "setting": {one["key"]: one["value"] for one in state["config"]["settings"]},
    }
