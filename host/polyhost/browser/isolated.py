"""Evaluating something beside a page: in an isolated world made for it, which the page can neither see nor change.

Must not know: what is evaluated.
"""

from __future__ import annotations

import secrets

from playwright.async_api import CDPSession, Page

__all__ = ["evaluate_isolated"]


async def evaluate_isolated(page: Page, expression: str) -> object:
    """The value of an expression, promises waited for; None where it throws. Playwright's Error where the page is
    gone, or goes elsewhere meanwhile."""
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
    return None if "exceptionDetails" in answer else answer["result"].get("value")


async def _world(session: CDPSession) -> int:
    tree = await session.send("Page.getFrameTree")
    made = await session.send(
        "Page.createIsolatedWorld",
        {"frameId": tree["frameTree"]["frame"]["id"], "worldName": f"polyhost-{secrets.token_hex(8)}"},
    )
    return made["executionContextId"]
