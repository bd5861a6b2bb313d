"""A signed-in browser as it is taken along: its session, and what the site says of it.

Owns: reading both from a page that is open. Must not know: how the browser came about, or where a session goes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.async_api import Page

from polyhost.browser.isolated import evaluate_isolated
from polyhost.browser.session import SessionReport, SessionSigns
from polyhost.browser.storage import SiteState, kept_state

__all__ = ["LOOK_SECONDS", "SETTLE_SECONDS", "SignedIn", "read_state", "wait_until_signed_in"]

LOOK_SECONDS = 0.5
"""How often it is asked whether the owner is in: soon enough to seem at once, and a person takes far longer."""
SETTLE_SECONDS = 15.0
"""Seconds a site has, once it says that the owner is in, to also say as whom: its client is starting up meanwhile."""
_STORAGE = "Object.entries(localStorage).map(([name, value]) => ({ name, value }))"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`state`: its session."""

    state: SiteState
    report: SessionReport


async def wait_until_signed_in(page: Page, signs: SessionSigns) -> SessionReport:
    """Ask a page that was opened with a session, until the site has said whether it is good, and whose; bounded."""
    until = asyncio.get_running_loop().time() + SETTLE_SECONDS
    while True:
        report = await signs.look(page, identity=True)
        done = report.signed_in is False or report.names_someone
        if done or asyncio.get_running_loop().time() >= until:
            return report
        await asyncio.sleep(LOOK_SECONDS)


async def read_state(page: Page, signs: SessionSigns) -> SiteState:
    """Cookies, and the storage of the page's own origin. Only reads: Playwright's `storage_state` would open pages to
    look into other origins, in a browser that may be the owner's own."""
    parts = urlsplit(page.url)
    stored = await evaluate_isolated(page, _STORAGE)
    origin = {"origin": f"{parts.scheme}://{parts.netloc}", "localStorage": stored if isinstance(stored, list) else []}
    return kept_state({"cookies": await page.context.cookies(), "origins": [origin]}, signs.hosts)
