"""One run, going on or past; one receipt; the questions that are open.

Must not know: how a run is carried out, how a receipt is made.
"""

from __future__ import annotations

from aiohttp import web

from polyhost.operations.requests import ReceiptRequest
from polyhost.web.dashboard import Dashboard
from polyhost.web.rendering import Page

__all__ = ["questions", "receipt"]


async def receipt(dash: Dashboard, request: web.Request) -> Page:
    state = await dash.operate("receipt", ReceiptRequest(batch=request.match_info["batch"]))
    return Page("receipt.html", "connections", state)


async def questions(dash: Dashboard, request: web.Request) -> Page:
    del request
    return Page("questions.html", "questions", values={"questions": dash.questions()})
