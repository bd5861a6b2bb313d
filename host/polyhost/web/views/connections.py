"""All connections, one connection, its runs and receipts.

Must not know: how anything is judged; every status and sentence is shown as the operations return it.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from polyhost.errors import PolyhostError
from polyhost.operations.coverage import CoverageRequest
from polyhost.operations.hosts import ConnectionHostsRequest
from polyhost.operations.receipts import BatchesRequest
from polyhost.operations.runs import RunsRequest
from polyhost.operations.status import StatusRequest
from polyhost.web.dashboard import Dashboard
from polyhost.web.rendering import Page
from polyhost.web.views.coverage import ON_OVERVIEW, pictures

__all__ = ["connection", "connections", "receipts", "runs"]

_LATELY = 5
"""Runs on a connection's overview."""
_LISTED = 25
"""Runs or receipts on their own page, at first."""
_MOST = 1600


async def connections(dash: Dashboard, request: web.Request) -> Page:
    del request
    state = await dash.operate("status", StatusRequest())
    needs_you = sum(health["needs_you"] for health in state["connections"])
    return Page("connections.html", "connections", state, {"needs_you": needs_you})


async def connection(dash: Dashboard, request: web.Request) -> Page:
    name = request.match_info["name"]
    health = await dash.operate("status", StatusRequest(name=name))
    coverage = await _coverage(dash, name)
    lately = await dash.operate("runs", RunsRequest(name=name, limit=_LATELY))
    wider = any(found["reason"] in ("hosts_widened", "hosts_named") for found in health["conditions"])
    hosts = await dash.operate("hosts", ConnectionHostsRequest(name=name)) if wider else None
    drawn, shown = ([], None) if coverage is None else pictures(coverage, rows=ON_OVERVIEW)
    state = {"health": health, "coverage": shown, "runs": lately, "hosts": hosts}
    drawn = [picture for picture in drawn if picture.scale is not None]
    return Page("connection.html", "connections", state, {"pictures": drawn})


async def _coverage(dash: Dashboard, name: str) -> Any:
    """What there is to draw; None where the source cannot be read, which is for the health to say."""
    try:
        return await dash.operate("coverage", CoverageRequest(name=name))
    except PolyhostError:
        return None


async def runs(dash: Dashboard, request: web.Request) -> Page:
    limit = _limit(request)
    state = {"runs": await dash.operate("runs", RunsRequest(name=request.match_info["name"], limit=limit))}
    return Page("runs.html", "connections", state, {"limit": limit})


async def receipts(dash: Dashboard, request: web.Request) -> Page:
    limit = _limit(request)
    state = {"batches": await dash.operate("batches", BatchesRequest(name=request.match_info["name"], limit=limit))}
    return Page("receipts.html", "connections", state, {"limit": limit})


def _limit(request: web.Request) -> int:
    asked = request.query.get("limit", "")
    return min(_MOST, max(1, int(asked))) if asked.isdecimal() else _LISTED
