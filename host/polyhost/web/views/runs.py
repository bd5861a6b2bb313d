"""One run, going on or past; one receipt; the questions that are open.

Must not know: how a run is carried out, how a receipt is made.
"""

from __future__ import annotations

from aiohttp import web

from polyhost.operations.receipts import ReceiptRequest
from polyhost.operations.runs import RunDetailsRequest
from polyhost.web.dashboard import Dashboard
from polyhost.web.rendering import Page

__all__ = ["open_questions", "questions", "receipt", "run"]


async def run(dash: Dashboard, request: web.Request) -> Page:
    state = await dash.operate("run details", RunDetailsRequest(run=request.match_info["run"]))
    return Page("run.html", "connections", state)


async def receipt(dash: Dashboard, request: web.Request) -> Page:
    state = await dash.operate("receipt", ReceiptRequest(batch=request.match_info["batch"]))
    return Page("receipt.html", "connections", state)


async def questions(dash: Dashboard, request: web.Request) -> Page:
    del request
    return Page("questions.html", "questions", values={"questions": dash.questions()})


async def open_questions(dash: Dashboard, request: web.Request) -> Page:
    """A piece of a page: the questions of one run, or of all, as they are now."""
    wanted = request.query.get("run")
    every = dash.questions()
    shown = [question for question in every if not wanted or question.run_id == wanted]
    return Page("_open_questions.html", values={"questions": shown, "open_in_all": len(every)})
