"""A visible browser in which the owner signs in, with a profile of its own.

Owns: the window's life, waiting for the moment the owner is in, and what is taken along: cookies and storage of the
site's own hosts. Must not know: where sessions are kept, connections, terminals.

Nothing is typed, clicked, filled in or watched here: password, single sign-on, code and captcha are between the owner
and whoever asks for them. The window reaches whom the manifest declares for signing in, by the proxy that every browser
has; all that is looked at is whether an address of the site has come up at which the manifest's probe may ask.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout
from playwright.async_api import BrowserContext, Error, Page, async_playwright

from polyhost.browser._kept_out import KeptOut
from polyhost.browser.display import has_display, no_display
from polyhost.browser.launch import BrowserOptions
from polyhost.browser.locate import find_browser
from polyhost.browser.session import SessionReport, SessionSigns
from polyhost.browser.signed_in import LOOK_SECONDS, SETTLE_SECONDS, SignedIn, read_state
from polyhost.errors import ErrorCode, NeedsOwnerError, RefusedError, RunFailedError
from polyhost.humanize import interval

__all__ = ["SignInWindow", "check_display", "sign_in_visibly"]

_START_TIMEOUT_MS = 30_000
_CLOSE_SECONDS = 10.0
_OTHER_WAYS = (
    "Sign in on another machine or in your own browser and hand it over: --cdp URL, --cookies-from BROWSER, "
    "--cookies FILE or --storage-state FILE (docs/signing-in.md)."
)
_TAKEN_SIGNS = ("ProcessSingleton", "existing browser session", "profile appears to be in use", "SingletonLock")
_NO_SCREEN_SIGNS = ("Missing X server", "cannot open display", "Unable to open X display", "ozone_platform")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInWindow:
    """Where to sign in, and with what. `profile` is made for this window and goes with it."""

    page: str
    signs: SessionSigns
    site: str
    profile: Path
    browser: BrowserOptions
    wait_seconds: float
    state: Mapping[str, Any] | None = None
    """The session so far: what of it is still good spares the owner a step."""


def check_display() -> None:
    """RefusedError where no window can be opened, with the ways that need none."""
    if not has_display():
        raise no_display(_OTHER_WAYS)


async def sign_in_visibly(window: SignInWindow, cancelled: asyncio.Event) -> SignedIn:
    """Open the window, wait for the owner, take the session, close it.

    RefusedError where no window can be opened; NeedsOwnerError where the owner closed it, took too long or cancelled.
    """
    check_display()
    kept_out = KeptOut()
    try:
        async with _own_profile(window.profile), _opened(window, kept_out) as context:
            return await _until_in(context, window, cancelled)
    except NeedsOwnerError as error:
        told = kept_out.told(error, _OTHER_WAYS)
        if told is None:
            raise
        raise told from error


async def _until_in(context: BrowserContext, window: SignInWindow, cancelled: asyncio.Event) -> SignedIn:
    closed = asyncio.Event()
    context.on("close", lambda _: closed.set())
    watching = _Watch(context, window, closed)
    try:
        async with asyncio.timeout(window.wait_seconds):
            while not cancelled.is_set():
                found = await watching.look()
                if found is not None:
                    return found
                with suppress(TimeoutError):
                    await asyncio.wait_for(_either(closed, cancelled), LOOK_SECONDS)
    except TimeoutError:
        waited = interval(window.wait_seconds)
        why = f": {watching.why}" if watching.why else ""
        raise _not_in(f"Nobody signed in to {window.site} within {waited}{why}", ErrorCode.SIGN_IN_TIMEOUT) from None
    raise _not_in("The sign-in was cancelled", ErrorCode.SIGN_IN_CANCELLED)


class _Watch:
    """Looks at the window's pages, in each round at those that may be the signed-in site."""

    def __init__(self, context: BrowserContext, window: SignInWindow, closed: asyncio.Event) -> None:
        self._context = context
        self._window = window
        self._closed = closed
        self._known_since: float | None = None
        self.why = ""
        """What kept the owner from being known to be in, at the page that came nearest when it was looked last."""

    async def look(self) -> SignedIn | None:
        if self._closed.is_set() or not self._context.pages:
            raise _not_in(
                f"The window was closed before {self._window.site} said that you are in", ErrorCode.SIGN_IN_CLOSED
            )
        pages, signs = list(self._context.pages), self._window.signs
        self.why = next((why for page in reversed(pages) if (why := signs.why_not_in(page.url))), self.why)
        for page in pages:
            if signs.may_be_in(page.url):
                found = await self._ask(page)
                if found is not None:
                    return found
        return None

    async def _ask(self, page: Page) -> SignedIn | None:
        looked = await self._window.signs.look_closely(page, identity=True)
        report = looked.report
        if report.signed_in is not True or not self._is_told(report):
            self.why = looked.why or "the probe has not yet said as whom"
            return None
        try:
            return SignedIn(await read_state(page, self._window.signs), report)
        except Error:
            return None  # it is closing; the next look says so

    def _is_told(self, report: SessionReport) -> bool:
        """Who it is, too; or the site has had its time to say."""
        now = asyncio.get_running_loop().time()
        self._known_since = self._known_since or now
        return report.names_someone or now - self._known_since >= SETTLE_SECONDS


async def _either(*events: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(event.wait()) for event in events]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()


@asynccontextmanager
async def _own_profile(profile: Path) -> AsyncGenerator[None]:
    """A fresh folder that only the owner can enter, ours alone while the window is open, and gone afterwards: what a
    browser leaves in its profile is not sealed. What a crash left is cleared away first."""
    lock = _taken(profile)
    try:
        yield
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, profile, ignore_errors=True))
        lock.release()


def _taken(profile: Path) -> FileLock:
    """The profile's lock, held; the system lets go of it when this process is killed."""
    for folder in (profile.parent.parent, profile.parent):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    profile.parent.chmod(0o700)
    lock = FileLock(profile.with_name(f".{profile.name}.lock"), mode=0o600, thread_local=False)
    try:
        lock.acquire(blocking=False)
        if _is_in_use(profile):
            raise Timeout(lock.lock_file)
        shutil.rmtree(profile, ignore_errors=True)
        profile.mkdir(mode=0o700)
    except OSError as error:
        lock.release()
        raise (_profile_taken() if isinstance(error, Timeout) else _unwritable(profile, error)) from None
    return lock


def _unwritable(profile: Path, error: OSError) -> RefusedError:
    return RefusedError(
        f"{profile.parent} cannot be written: {error.strerror}",
        "Choose another --home.",
        code=ErrorCode.HOME_UNWRITABLE,
    )


def _is_in_use(profile: Path) -> bool:
    """Chromium's own lock: a link to `host-pid`. One whose process is gone is a crash's."""
    try:
        pid = int(str((profile / "SingletonLock").readlink()).rpartition("-")[2])
    except (OSError, ValueError):
        return False
    return psutil.pid_exists(pid)


@asynccontextmanager
async def _opened(window: SignInWindow, kept_out: KeptOut) -> AsyncGenerator[BrowserContext]:
    executable = find_browser(window.browser.executable)
    async with window.browser.way_out(kept_out.hear) as way_out, async_playwright() as playwright:
        try:
            context = await playwright.chromium.launch_persistent_context(
                window.profile,
                executable_path=executable,
                headless=False,
                args=window.browser.flags(way_out),
                no_viewport=True,
                ignore_https_errors=window.browser.insecure_tls,
                timeout=_START_TIMEOUT_MS,
                handle_sigint=False,  # the first Ctrl-C is answered here, politely
                handle_sigterm=False,
                handle_sighup=False,
            )
        except Error as error:
            raise _not_started(error, executable) from error
        try:
            kept_out.watch(context)
            await _show(context, window)
            yield context
        finally:
            with suppress(Error, TimeoutError):
                await asyncio.wait_for(asyncio.shield(context.close()), _CLOSE_SECONDS)


async def _show(context: BrowserContext, window: SignInWindow) -> None:
    for page in context.pages:
        _leave_dialogs(page)
    context.on("page", _leave_dialogs)
    if window.state is not None:
        await context.add_cookies(window.state.get("cookies", []))
    page = context.pages[0] if context.pages else await context.new_page()
    with suppress(Error):  # an error page is the owner's to see
        await page.goto(window.page, wait_until="commit", timeout=_START_TIMEOUT_MS)


def _leave_dialogs(page: Page) -> None:
    """Without a listener Playwright would dismiss what the site asks the owner."""
    page.on("dialog", lambda _: None)


def _not_started(error: Error, executable: Path) -> RefusedError | RunFailedError:
    if any(sign in error.message for sign in _TAKEN_SIGNS):
        return _profile_taken()
    if any(sign in error.message for sign in _NO_SCREEN_SIGNS):
        return no_display(_OTHER_WAYS)
    return RunFailedError(
        f"{executable} did not open a window: {error.message.strip().splitlines()[0][:200]}",
        "Try it by hand, or set POLYHOST_BROWSER to another one.",
    )


def _profile_taken() -> RefusedError:
    return RefusedError(
        "A sign-in window of this connection is open already",
        "Finish there, or close it and try again.",
        code=ErrorCode.PROFILE_IN_USE,
    )


def _not_in(reason: str, code: ErrorCode) -> NeedsOwnerError:
    return NeedsOwnerError(reason, "Nothing was saved or changed; give the same command to try again.", code=code)
