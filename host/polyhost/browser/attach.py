"""A browser that is running already, reached over its debugging port: read, and left as it was.

Owns: the one tab that is opened and closed again, and what an owner is told where there is no such browser. Must not
know: where sessions are kept. Nothing is written into the browser: no cookie, no storage, no setting.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from urllib.parse import urlsplit

from playwright.async_api import Browser, Error, async_playwright

from polyhost.browser.session import SIGNED_OUT, SessionSigns
from polyhost.browser.signed_in import SignedIn, look_until_told, read_state
from polyhost.errors import NeedsOwnerError, RefusedError

__all__ = ["check_endpoint", "read_running_browser"]

_CONNECT_TIMEOUT_MS = 10_000
_PAGE_TIMEOUT_MS = 30_000
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
            f"--cdp {url[:200]!r} is no address", "For example: --cdp http://127.0.0.1:9222", code="bad_cdp"
        )
    if not _is_loopback(parts.hostname):
        raise RefusedError(
            f"--cdp {url[:200]!r} is not on this machine",
            "Only loopback addresses are taken; forward the port over SSH: ssh -L 9222:127.0.0.1:9222 HOST",
            code="bad_cdp",
        )


async def read_running_browser(url: str, *, page: str, signs: SessionSigns, site: str) -> SignedIn:
    """The owner's session as that browser has it. NeedsOwnerError where it is signed out there."""
    check_endpoint(url)
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.connect_over_cdp(
                url, timeout=_CONNECT_TIMEOUT_MS, no_defaults=True, is_local=True
            )
        except Error as error:
            raise RefusedError(f"No browser answers at {url[:200]}", _HOW, code="no_browser_there") from error
        try:
            return await _read(browser, page, signs, site)
        finally:
            with suppress(Error):
                await browser.close()  # lets go of it; it goes on running


async def _read(browser: Browser, address: str, signs: SessionSigns, site: str) -> SignedIn:
    if not browser.contexts:
        raise RefusedError(f"That browser has no profile open for {site}", _HOW, code="no_browser_there")
    tab = await browser.contexts[0].new_page()
    try:
        with suppress(Error):
            await tab.goto(address, wait_until="commit", timeout=_PAGE_TIMEOUT_MS)
        report = await look_until_told(tab, signs)
        if report.signed_in is not True:
            raise NeedsOwnerError(
                f"That browser is not signed in to {site}",
                "Sign in there, then give the same command.",
                code=SIGNED_OUT,
            )
        return SignedIn(await read_state(tab, signs), report)
    finally:
        with suppress(Error):
            await tab.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
