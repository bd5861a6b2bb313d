"""Evaluating something beside a page: in an isolated world made for it, which the page can neither see nor change.

Must not know: what is evaluated.
"""

from __future__ import annotations

import re
import secrets

from playwright.async_api import CDPSession, Page

__all__ = ["evaluate_isolated", "run_isolated"]

_KIND = re.compile(r"[A-Za-z]{1,40}")


async def evaluate_isolated(page: Page, expression: str) -> object:
    """The value of an expression, promises waited for; None where it throws. Playwright's Error where the page is
    gone, or goes elsewhere meanwhile."""
    return (await run_isolated(page, expression))[0]


async def run_isolated(page: Page, expression: str) -> tuple[object, str | None]:
    """The same; where it throws, also the kind of error (`TypeError`), and none of its words."""
    session = await page.context.new_cdp_session(page)
    try:
        answer = await session.send(
            "Runtime.evaluate",
            {
                "expression": expression,
                "contextId": await _world(session),
                "awaitPromise": True,
                "returnByValue": True,
                "silent": True,
            },
        )
    finally:
        await session.detach()
    if "exceptionDetails" not in answer:
        return answer["result"].get("value"), None
    kind = str(answer["exceptionDetails"].get("exception", {}).get("className", ""))
    return None, kind if _KIND.fullmatch(kind) else "something that is no error"


async def _world(session: CDPSession) -> int:
    tree = await session.send("Page.getFrameTree")
    made = await session.send(
        "Page.createIsolatedWorld",
        {"frameId": tree["frameTree"]["frame"]["id"], "worldName": f"polyhost-{secrets.token_hex(8)}"},
    )
    return made["executionContextId"]
