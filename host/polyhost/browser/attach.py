"""A browser that is running already, reached over its debugging port: read, and left as it was.

Owns: the one tab that is opened and closed again, and what an owner is told where there is no such browser. Must not
know: where sessions are kept. Nothing is written into the browser: no cookie, no storage, no setting.
"""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.async_api import Browser, CDPSession, Error, Page, async_playwright

from polyhost.browser.session import SessionSigns
from polyhost.browser.signed_in import SignedIn, read_state, wait_until_signed_in
from polyhost.errors import ErrorCode, NeedsOwnerError, RefusedError

__all__ = ["check_endpoint", "read_running_browser"]

_CONNECT_TIMEOUT_MS = 10_000
_PAGE_TIMEOUT_MS = 30_000
_OPEN_SECONDS = 20.0
"""From nothing to a tab, the browser's time to connect included."""
_CLOSE_SECONDS = 2.0
_CLOSE_ATTEMPTS = 3
_ATTEMPTS = 2
_HOW = (
    "Start one with a profile that is not your default one, which Chrome does not open for debugging: "
    "google-chrome --remote-debugging-port=9222 --user-data-dir=$HOME/chrome-debug; sign in there, then give "
    "--cdp http://127.0.0.1:9222."
)


def check_endpoint(url: str) -> None:
    """RefusedError for anything but a loopback address: whoever holds that port holds every session in the browser."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname or port is None:
        raise RefusedError(
            f"--cdp {url[:200]!r} is not an address", "For example: --cdp http://127.0.0.1:9222", code=ErrorCode.BAD_CDP
        )
    if not _is_loopback(parts.hostname):
        raise RefusedError(
            f"--cdp {url[:200]!r} is not on this machine",
            "Only loopback addresses are taken; forward the port over SSH: ssh -L 9222:127.0.0.1:9222 HOST",
            code=ErrorCode.BAD_CDP,
        )


async def read_running_browser(url: str, *, page: str, signs: SessionSigns, site: str) -> SignedIn:
    """The owner's session as that browser has it. NeedsOwnerError where it is signed out there; RefusedError where no
    browser answers, or it opens no tab."""
    check_endpoint(url)
    async with AsyncExitStack() as reached:
        tab = await _open_tab(url, site, reached)
        with suppress(Error):
            await tab.goto(page, wait_until="commit", timeout=_PAGE_TIMEOUT_MS)
        report = await wait_until_signed_in(tab, signs)
        if report.signed_in is not True:
            raise NeedsOwnerError(
                f"That browser is not signed in to {site}",
                "Sign in there, then give the same command.",
                code=ErrorCode.SIGNED_OUT,
            )
        return SignedIn(await read_state(tab, signs), report)


async def _open_tab(url: str, site: str, reached: AsyncExitStack) -> Page:
    """A tab of that browser's own profile; whatever was opened on the way is closed by `reached`.

    Another tool that debugs the same browser, or another page that never answers, can leave a call without an answer
    for ever; a second connection then gets one.
    """
    for _ in range(_ATTEMPTS):
        async with AsyncExitStack() as opening:
            try:
                async with asyncio.timeout(_OPEN_SECONDS):
                    tab = await _connect(url, site, opening)
            except (Error, TimeoutError):
                continue
            reached.push_async_exit(opening.pop_all())
            return tab
    raise RefusedError(
        f"The browser at {url[:200]} answers, but opens no tab",
        "Close other tools that debug it, and dialogs that wait in its pages; then give the same command.",
        code=ErrorCode.NO_TAB_THERE,
    )


async def _connect(url: str, site: str, opening: AsyncExitStack) -> Page:
    playwright = await opening.enter_async_context(async_playwright())
    try:
        browser = await playwright.chromium.connect_over_cdp(
            url, timeout=_CONNECT_TIMEOUT_MS, no_defaults=True, is_local=True
        )
    except Error as error:
        raise RefusedError(f"No browser answers at {url[:200]}", _HOW, code=ErrorCode.NO_BROWSER_THERE) from error
    opening.push_async_callback(_let_go, browser)
    if not browser.contexts:
        raise RefusedError(f"That browser has no profile open for {site}", _HOW, code=ErrorCode.NO_BROWSER_THERE)
    closing = _Closing(await browser.new_browser_cdp_session(), await browser.contexts[0].new_page())
    opening.push_async_callback(closing.close)
    closing.target = await _target_of(closing.tab)
    return closing.tab


async def _target_of(tab: Page) -> str:
    session = await tab.context.new_cdp_session(tab)
    target = (await session.send("Target.getTargetInfo"))["targetInfo"]["targetId"]
    await session.detach()
    return target


@dataclass(slots=True)
class _Closing:
    """The end of the tab that is ours, from the moment it is there. `session`: the browser's own."""

    session: CDPSession
    tab: Page
    target: str | None = None

    async def close(self) -> None:
        """A tab that is on its way elsewhere may miss the word to close: it is given again."""
        for _ in range(_CLOSE_ATTEMPTS):
            with suppress(Error, TimeoutError):
                await asyncio.wait_for(self.tab.close(), _CLOSE_SECONDS)
            if self.tab.is_closed() or self.target is None:
                return
            with suppress(Error, TimeoutError):
                again = self.session.send("Target.closeTarget", {"targetId": self.target})
                await asyncio.wait_for(again, _CLOSE_SECONDS)


async def _let_go(browser: Browser) -> None:
    """Only the connection is closed; the browser goes on running."""
    with suppress(Error, TimeoutError):
        await asyncio.wait_for(browser.close(), _CLOSE_SECONDS)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
