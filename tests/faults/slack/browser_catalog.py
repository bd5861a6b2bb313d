"""What befalls the browser in the middle of a run over the fake workspace: its cost, its name, its healing.

Declared once: tests/faults/test_browser_faults.py asserts each row, scripts/fault-table prints it. Must not know: runs.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from playwright.async_api import Error, Page

from faults.words import Cost, Healing
from polyhost.browser.launch import LaunchedBrowser

__all__ = ["ROWS", "BrowserRow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRow:
    """`befalls` is called while the page waits for an answer. `codes`: of diagnostics, or of the run's error."""

    area: str
    fault: str
    befalls: Callable[[LaunchedBrowser], Awaitable[None]]
    cost: Cost = Cost.NOTHING
    codes: frozenset[str] = field(default_factory=frozenset[str])
    reason: str | None = None
    exit: int = 0
    healing: Healing = Healing.SAME_RUN

    @property
    def id(self) -> str:
        return f"{self.area}: {self.fault}"


def _page(browser: LaunchedBrowser) -> Page:
    return browser.contexts[-1].pages[0]


async def _kill(browser: LaunchedBrowser) -> None:
    os.kill(await browser.process_id(), signal.SIGKILL)


async def _crash(browser: LaunchedBrowser) -> None:
    session = await browser.contexts[-1].new_cdp_session(_page(browser))
    with suppress(Error):
        await session.send("Page.crash")


async def _reload(browser: LaunchedBrowser) -> None:
    await _page(browser).evaluate("location.reload()")


async def _flood(browser: LaunchedBrowser) -> None:
    with suppress(Error):  # the run ends, and its page with it
        await _page(browser).evaluate("for (let opened = 0; opened < 20; opened += 1) window.open('about:blank')")


ROWS: tuple[BrowserRow, ...] = (
    BrowserRow(area="browser", fault="the browser is killed in the middle of a run", befalls=_kill),
    BrowserRow(area="page", fault="the page crashes in the middle of a run", befalls=_crash),
    BrowserRow(area="page", fault="the site reloads its page in the middle of a run", befalls=_reload),
    BrowserRow(
        area="page",
        fault="the site opens more pages than the bound admits",
        befalls=_flood,
        cost=Cost.REST,
        codes=frozenset({"popup_storm", "bound_reached"}),
        exit=1,
        healing=Healing.NEXT_RUN,
    ),
)
