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
from polyhost.browser.session import UNTELLABLE, SessionSigns
from polyhost.browser.signed_in import SignedIn, read_state, wait_until_signed_in
from polyhost.browser.signin import SignInWindow, sign_in_visibly
from polyhost.browser.storage import kept_state
from polyhost.connectors.loading import LoadedSource
from polyhost.engine.sessions.account import account_at
from polyhost.engine.sessions.site_browser import for_site
from polyhost.errors import ErrorCode, NeedsOwnerError, RefusedError
from polyhost.protocol.reach import Reach

__all__ = [
    "HOW_TO_TELL",
    "Site",
    "check_tellable",
    "enter_running",
    "enter_visibly",
    "enter_with_cookies",
    "enter_with_state",
    "report_for_workspace",
    "session_signs",
    "site_of",
]

_PAGE_TIMEOUT_MS = 30_000
HOW_TO_TELL = (
    "Name in polyfill.session.signed_in where a signed-in owner ends up, or write a probe "
    "(docs/writing-a-polyfill.md, Signing in)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What signing in needs to know of a source."""

    name: str
    page: str
    signs: SessionSigns
    browser: BrowserOptions
    reach: Reach


def site_of(source: LoadedSource, browser: BrowserOptions, *, page: str | None = None) -> Site:
    """RefusedError where the source does not run in a browser."""
    declared = source.manifest.polyfill
    if declared is None:
        raise RefusedError(
            f"{source.name} does not run in a browser",
            "It needs no session: connect it as it is.",
            code=ErrorCode.NO_POLYFILL,
        )
    source.check_site()
    name = source.manifest.display_name or source.name
    return Site(
        name=name,
        page=page or source.page,
        signs=session_signs(source),
        browser=for_site(browser, source),
        reach=Reach.of(declared, source.named),
    )


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
        site=source.site,
        probe=tuple(PageScript(f"{source.name}/{name}", text) for name, text in scripts),
    )


def check_tellable(source: LoadedSource) -> None:
    """RefusedError where a sign-in could never be seen to be over: said before anybody signs in for nothing."""
    declared = source.manifest.polyfill
    if declared is not None and not declared.session.can_tell:
        raise RefusedError(UNTELLABLE, HOW_TO_TELL, code=ErrorCode.NO_SIGN_OF_SESSION)


async def enter_visibly(
    site: Site, profile: Path, *, wait_seconds: float, cancelled: asyncio.Event, state: Mapping[str, Any] | None = None
) -> SignedIn:
    """The owner signs in in a window of their own."""
    window = SignInWindow(
        page=site.page,
        signs=site.signs,
        site=site.name,
        profile=profile,
        browser=replace(
            site.browser,
            headless=False,
            allow_hosts=site.reach.window_hosts,
            private_hosts=(*site.reach.private, *site.reach.sign_in_private),
        ),
        wait_seconds=wait_seconds,
        state=state,
    )
    return await sign_in_visibly(window, cancelled)


async def enter_running(site: Site, url: str) -> SignedIn:
    """The owner is signed in in a browser that runs already."""
    return await read_running_browser(url, page=site.page, signs=site.signs, site=site.name)


async def enter_with_cookies(site: Site, cookies: Sequence[Mapping[str, Any]]) -> SignedIn:
    """The site builds up what it keeps besides the owner's cookies."""
    found = await _open_unseen(site, {"cookies": [*cookies], "origins": []})
    if found is None or found.report.signed_in is not True:
        raise NeedsOwnerError(
            f"{site.name} does not take these cookies: they are of a session that has ended, or not all of them",
            "Sign in there again, or in a window: leave the cookies out.",
            code=ErrorCode.SIGNED_OUT,
        )
    return found


async def enter_with_state(site: Site, state: Mapping[str, Any]) -> SignedIn:
    """A session from a file is tried at the site. Storage of origins that were not open is kept as it was. Where a
    source has no way to tell who is in, only what looks signed out is refused."""
    found = await _open_unseen(site, state)
    can_tell = bool(site.signs.probe or site.signs.signed_in)
    if found is None or found.report.signed_in is not (True if can_tell else None):
        raise NeedsOwnerError(
            f"{site.name} does not take that session: it has ended, or the site could not be asked",
            "Sign in there again and save it again; what is saved here stays as it was.",
            code=ErrorCode.SIGNED_OUT,
        )
    seen = {origin["origin"] for origin in found.state["origins"]}
    before = [origin for origin in state.get("origins", ()) if origin["origin"] not in seen]
    whole = {**found.state, "origins": [*before, *found.state["origins"]]}
    return SignedIn(kept_state(whole, site.signs.hosts), found.report)


async def report_for_workspace(site: Site, place: str | None, found: SignedIn) -> SignedIn:
    """The same, with a report of who it is at this workspace: the page may have ended up at another one, where the same
    person has another account. `site.page` is the workspace's."""
    opens = any(there.id == place for there in found.report.workspaces)
    if not opens or account_at(found.report, place) is not None:
        return found
    looked = await _open_unseen(site, found.state)
    return found if looked is None else SignedIn(found.state, looked.report)


async def _open_unseen(site: Site, state: Mapping[str, Any]) -> SignedIn | None:
    """Open the site once with a session, and hear what it says of it; None where the page could not be read."""
    unseen = replace(site.browser, headless=True, allow_hosts=site.signs.hosts, private_hosts=tuple(site.reach.private))
    async with launch(unseen) as browser:
        context = await browser.new_context(state)
        page = await context.new_page()
        with suppress(Error):  # where it led is looked at, whatever went wrong on the way
            await page.goto(site.page, wait_until="commit", timeout=_PAGE_TIMEOUT_MS)
        report = await wait_until_signed_in(page, site.signs)
        if report.signed_in is False or not site.signs.may_be_in(page.url):
            return None
        with suppress(Error):
            return SignedIn(await read_state(page, site.signs), report)
    return None
