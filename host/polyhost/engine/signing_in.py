"""The ways an owner's session is come by: a window, a browser that runs already, cookies from elsewhere.

Owns: what each way needs of a source, and that what comes out was seen to be signed in. Must not know: surfaces,
connections, where a session is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.async_api import Error

from polyhost.browser.attach import read_running_browser
from polyhost.browser.bridge.scripts import PageScript
from polyhost.browser.launch import BrowserOptions, launch
from polyhost.browser.session import SIGNED_OUT, SessionSigns
from polyhost.browser.signed_in import SignedIn, look_until_told, read_state
from polyhost.browser.signin import SignInWindow, sign_in_visibly
from polyhost.connectors.loading import LoadedSource
from polyhost.errors import NeedsOwnerError, RefusedError

__all__ = ["Site", "enter_running", "enter_visibly", "enter_with_cookies", "session_signs", "site_of"]

_PAGE_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What signing in needs to know of a source."""

    name: str
    page: str
    signs: SessionSigns
    browser: BrowserOptions


def site_of(source: LoadedSource, browser: BrowserOptions, *, page: str | None = None) -> Site:
    """RefusedError where the source does not run in a browser."""
    declared = source.manifest.polyfill
    if declared is None:
        raise RefusedError(
            f"{source.name} does not run in a browser", "It needs no session: connect it as it is.", code="no_polyfill"
        )
    name = source.manifest.display_name or source.name
    return Site(name=name, page=page or declared.page, signs=session_signs(source), browser=browser)


def session_signs(source: LoadedSource) -> SessionSigns:
    """How this source tells whether anybody is signed in."""
    declared = source.manifest.polyfill
    if declared is None:
        return SessionSigns(hosts=())
    probe = source.read_probe()
    scripts = [*source.read_libraries(), probe] if probe is not None else []
    return SessionSigns(
        hosts=declared.hosts,
        signed_out=declared.session.signed_out,
        signed_in=declared.session.signed_in,
        probe=tuple(PageScript(f"{source.name}/{name}", text) for name, text in scripts),
    )


async def enter_visibly(
    site: Site, profile: Path, *, wait_seconds: float, cancelled: asyncio.Event, state: Mapping[str, Any] | None = None
) -> SignedIn:
    """The owner signs in in a window of their own."""
    window = SignInWindow(
        page=site.page,
        signs=site.signs,
        site=site.name,
        profile=profile,
        browser=replace(site.browser, headless=False, allow_hosts=None),
        wait_seconds=wait_seconds,
        state=state,
    )
    return await sign_in_visibly(window, cancelled)


async def enter_running(site: Site, url: str) -> SignedIn:
    """The owner is signed in in a browser that runs already."""
    return await read_running_browser(url, page=site.page, signs=site.signs, site=site.name)


async def enter_with_cookies(site: Site, cookies: Sequence[Mapping[str, Any]]) -> SignedIn:
    """Open the site once with the owner's cookies, unseen, and let it build up what it keeps besides them."""
    state = {"cookies": [*cookies], "origins": []}
    async with launch(replace(site.browser, headless=True, allow_hosts=site.signs.hosts)) as browser:
        context = await browser.new_context(state)
        page = await context.new_page()
        with suppress(Error):  # where it led is looked at, whatever went wrong on the way
            await page.goto(site.page, wait_until="commit", timeout=_PAGE_TIMEOUT_MS)
        report = await look_until_told(page, site.signs)
        if report.signed_in is not True:
            raise NeedsOwnerError(
                f"{site.name} does not take these cookies: they are of a session that has ended, or not all of them",
                "Sign in there again, or in a window: leave the cookies out.",
                code=SIGNED_OUT,
            )
        return SignedIn(await read_state(page, site.signs), report)
