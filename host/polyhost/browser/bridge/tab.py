"""One browser, one context, one page, one world: opened, reopened and closed as a whole.

Owns: the way from nothing to a polyfill that is ready for START, and back there after a navigation or a crash. Must not
know: messages, START, how often a restart is worth it.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import BrowserContext, Error, Page
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from polyhost.bounds import DEFAULT_BOUNDS, RunBounds
from polyhost.browser.bridge.restarts import Cause
from polyhost.browser.bridge.scripts import PageScript, sdk_scripts
from polyhost.browser.bridge.storms import Storms
from polyhost.browser.bridge.wire import Hello, Said, parse
from polyhost.browser.bridge.world import Hung, Lost, Navigated, World, WorldEvent
from polyhost.browser.fence import Fence
from polyhost.browser.governor import Gate
from polyhost.browser.launch import BrowserOptions, LaunchedBrowser, launch
from polyhost.browser.session import SignedOutRule
from polyhost.browser.site_access import SiteAccess
from polyhost.errors import RunFailedError
from polyhost.protocol.host_patterns import allows_url

__all__ = ["Launcher", "Prepare", "SignedOut", "Tab", "TabEvent", "TabLost", "TabMessage", "TabSettings", "TabStorm"]

Prepare = Callable[[BrowserContext], Awaitable[None]]
"""Called on every new context before its first page goes anywhere: a replayer or a recorder installs itself."""

Launcher = Callable[[BrowserOptions], AbstractAsyncContextManager[LaunchedBrowser]]
"""How a browser comes about: `launch`, or one that is kept running between the runs of a developer or a test."""

READY_TIMEOUT = 30.0
"""Seconds from a navigation to a polyfill that is ready; Playwright's own default for a navigation."""
CLOSE_TIMEOUT = 30.0
"""Seconds a context has to close: a recorder writes its file then."""
_DROP_TIMEOUT = 5.0
"""Seconds for what has crashed already."""
OPEN_TIMEOUT = 60.0
"""Seconds from nothing to a page on its way: what starting a browser may take by itself, and as much again."""
BATCH_OVERHEAD = 1024 * 1024
"""Characters of a payload beside its largest message: what else is in the batch, at most 256 KiB, and its wrapping."""
_LAST_WORDS = 1.0
"""Seconds for the driver to answer what was under way when its browser died; some calls it never answers."""
OPEN_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TabSettings:
    """What a tab opens with; the same again after a crash."""

    url: str
    hosts: tuple[str, ...]
    scripts: tuple[PageScript, ...]
    signed_out: SignedOutRule
    browser: BrowserOptions
    storage_state: Mapping[str, Any] | None = None
    context_options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    prepare: Prepare | None = None
    launcher: Launcher = launch
    bounds: RunBounds = DEFAULT_BOUNDS


@dataclass(frozen=True, slots=True)
class TabMessage:
    """The polyfill of this generation said something; never a Hello, that one the tab keeps."""

    generation: int
    said: Said


@dataclass(frozen=True, slots=True)
class TabLost:
    """The polyfill of this generation is gone."""

    generation: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class SignedOut:
    """The page was sent to an address for signed-out owners."""

    url: str


@dataclass(frozen=True, slots=True)
class TabStorm:
    """The page does something so often that going on would cost the machine: why the run ends."""

    error: RunFailedError


TabEvent = TabMessage | TabLost | SignedOut | TabStorm


class _NotOpenedError(RunFailedError):
    """This attempt to open failed in a way that another may not."""


class Tab:
    """`tell` is called in the order things happen, and never awaits; `spawn` starts a task of the run's own group."""

    def __init__(
        self,
        settings: TabSettings,
        *,
        fence: Fence,
        tell: Callable[[TabEvent], None],
        spawn: Callable[[Any], asyncio.Task[None]],
    ) -> None:
        self._settings = settings
        self._fence = fence
        self._tell = tell
        self._spawn = spawn
        self._name = f"polyhost-{secrets.token_hex(8)}"
        self._generations = itertools.count(1)
        self._ready = asyncio.Event()
        self._broken: Cause | None = None
        self._at = ""
        self._astray = False
        self._browser: LaunchedBrowser | None = None
        self._context: BrowserContext | None = None
        self._page: Page | None = None
        self._world: World | None = None
        self._in_browser = AsyncExitStack()
        self._in_page = AsyncExitStack()
        self._patience = asyncio.Timeout(None)
        self._storms = Storms(settings.hosts[0], settings.bounds, lambda error: tell(TabStorm(error)))
        self._opening = False
        self._process: tuple[LaunchedBrowser, int] | None = None
        self.generation = 0

    @property
    def url(self) -> str:
        """Where the page is, or was last."""
        return self._at

    @property
    def page(self) -> Page | None:
        """The page that is open now, if one is."""
        return self._page

    @property
    def browser(self) -> LaunchedBrowser | None:
        """The browser that is running now, if one is."""
        return self._browser

    async def process_id(self) -> int | None:
        """The browser's own process; None where there is no browser now, or it does not say."""
        browser = self._browser
        if browser is None:
            return None
        if self._process is None or self._process[0] is not browser:
            try:
                async with asyncio.timeout(_LAST_WORDS):
                    self._process = (browser, await browser.process_id())
            except (Error, TimeoutError):
                return None
        return self._process[1]

    async def site_access(self, gate: Gate) -> SiteAccess | None:
        """What the site is asked with now; None where there is no browser, or it does not say."""
        browser, context = self._browser, self._context
        if browser is None or context is None:
            return None
        try:
            async with asyncio.timeout(_LAST_WORDS):
                cookies = await context.cookies()
        except (Error, TimeoutError):
            return None
        return SiteAccess(
            options=self._settings.browser,
            gate=gate,
            page=self._settings.url,
            user_agent=browser.user_agent,
            cookies=[{**cookie} for cookie in cookies],
        )

    async def open(self) -> Cause:
        """From nothing, or from whatever a crash left, to ready. Tries a few times; then the last reason is raised.

        Says what it recovered from: a browser that dies takes its pages along, and they say so first.
        """
        found = Cause.NAVIGATION
        attempts = 1 if self._settings.browser.offline else OPEN_ATTEMPTS
        retrying = AsyncRetrying(
            stop=stop_after_attempt(attempts),
            wait=wait_exponential(multiplier=0.25, max=5),
            retry=retry_if_exception_type(_NotOpenedError),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                found = max(found, self._broken or found, key=list(Cause).index)
                await self._open_once()
        return found

    async def settle(self) -> Cause:
        """After a navigation: wait until the polyfill is ready again; go back to its page where it was led astray."""
        try:
            await self._until_ready()
        except _NotOpenedError:
            return await self.open()
        return Cause.NAVIGATION

    def post(self, generation: int, item: Mapping[str, Any]) -> None:
        if self._world is not None:
            self._world.post(generation, item)

    async def close(self, *, within: float = CLOSE_TIMEOUT) -> None:
        """Never raises, never takes longer than twice `within` seconds."""
        self._browser = self._context = self._page = self._world = None  # first: what closes now was not lost
        for stack in (self._in_page, self._in_browser):
            with suppress(Error, TimeoutError, OSError):
                await asyncio.wait_for(stack.aclose(), within)

    async def _open_once(self) -> None:
        try:
            async with asyncio.timeout(OPEN_TIMEOUT) as self._patience:
                await self._open_page()
        except Error as error:
            why = self._fence.why(self._settings.url) if _is_the_proxys(error) else None
            raise self._not_opened(why or _reason(error)) from error
        except TimeoutError as error:
            self._broken = Cause.BROWSER_CRASH
            raise self._not_opened("the browser does not answer") from error
        await self._until_ready()

    async def _open_page(self) -> None:
        if self._context is None or self._broken is Cause.BROWSER_CRASH:
            await self._new_browser()
        if self._page is None or self._broken is not None:
            await self._new_page()
        await self._go()

    async def _new_browser(self) -> None:
        await self.close(within=_DROP_TIMEOUT)
        self._in_browser = AsyncExitStack()
        browser = await self._in_browser.enter_async_context(self._settings.launcher(self._settings.browser))
        self._broken = None
        self._browser = browser  # before the first call, which may meet its death
        self._in_browser.callback(browser.on_attempt(self._fence.hear))
        browser.on_disconnected(lambda: self._broke(Cause.BROWSER_CRASH, browser))
        context = await browser.new_context(self._settings.storage_state, self._settings.context_options)
        self._in_browser.push_async_callback(_close_context, context)
        self._context = context
        context.on("page", self._page_opened)
        self._fence.watch(context)
        if self._settings.prepare is not None:
            await self._settings.prepare(context)

    async def _new_page(self) -> None:
        assert self._context is not None  # noqa: S101  _new_browser came first
        self._page = None
        with suppress(Error, TimeoutError):
            await asyncio.wait_for(self._in_page.aclose(), _DROP_TIMEOUT)
        self._in_page = AsyncExitStack()
        self._opening = True
        try:
            page = self._page = await self._context.new_page()
        finally:
            self._opening = False
        for other in self._context.pages:  # opened meanwhile, by one that crashed
            self._page_opened(other)
        self._broken = None
        self._in_page.push_async_callback(page.close)
        page.on("crash", lambda _: self._broke(Cause.PAGE_CRASH, page))
        page.on("close", lambda _: self._broke(Cause.PAGE_CRASH, page))
        page.on("frameattached", lambda _: self._storms.frame())
        page.on("worker", lambda _: self._storms.worker())
        page.on("download", lambda _: self._storms.download())
        world = self._world = World(
            self._name, self._settings.hosts, self._generations, self._heard, noise=self._storms.console_line
        )
        session = await world.attach(page, [*sdk_scripts(), *self._settings.scripts])
        await self._fence.close_page(session)
        pump = self._spawn(world.pump())
        self._in_page.callback(pump.cancel)

    def _page_opened(self, page: Page) -> None:
        """A page that is not ours was opened by the site: it is closed, and so is whatever it wanted to show."""
        if self._opening or page is self._page or self._context is None:
            return
        self._spawn(_close_page(page))
        self._storms.popup()

    async def _go(self) -> None:
        assert self._page is not None  # noqa: S101  _new_page came first
        self._ready.clear()
        self._astray = False
        try:
            await self._page.goto(self._settings.url, wait_until="commit", timeout=READY_TIMEOUT * 1000)
        except Error as error:
            if "interrupted by another navigation" not in error.message:
                await self._where_it_failed()
                raise

    async def _where_it_failed(self) -> None:
        """A redirect to where signed-out owners are sent may lead outside the fence; then only its address is seen."""
        if self._world is not None and self._broken is None:
            self._settings.signed_out.check(await self._world.address(), self._settings.hosts[0])

    async def _until_ready(self) -> None:
        """Ready; or NeedsOwnerError where the owner is signed out; or not opened."""
        try:
            await asyncio.wait_for(self._ready.wait(), READY_TIMEOUT)
        except TimeoutError:
            self._astray = True
        self._settings.signed_out.check(self._at, self._settings.hosts[0])
        if self._broken is not None:
            raise self._not_opened(self._broken.replace("_", " "))
        if self._astray:
            raise self._not_opened(f"it led to {_without_query(self._at)}, where the polyfill cannot run")

    def _not_opened(self, why: str) -> _NotOpenedError:
        return _NotOpenedError(f"{self._settings.url} could not be opened: {why}", "Look at it in your own browser.")

    def _heard(self, event: WorldEvent) -> None:
        match event:
            case Navigated(url):
                self._moved(url)
            case Lost(generation):
                self._ready.clear()
                self._tell(TabLost(generation, Cause.NAVIGATION))
            case Hung():
                self._broke(Cause.PAGE_HUNG, self._page)
            case _:
                said = parse(event.text, self._settings.bounds.message_bytes + BATCH_OVERHEAD)
                if isinstance(said, Hello):
                    self.generation = event.generation
                    self._astray = False
                    self._ready.set()
                else:
                    self._tell(TabMessage(event.generation, said))

    def _moved(self, url: str) -> None:
        self._at = url
        if self._settings.signed_out.matches(url):
            self._ready.set()
            self._tell(SignedOut(url))
        elif not allows_url(self._settings.hosts, url):
            self._astray = True
            self._ready.set()

    def _broke(self, cause: Cause, where: LaunchedBrowser | Page | None) -> None:
        """A crash of something that is still ours; closing it on purpose is none."""
        if where is not None and (where is self._page or where is self._browser):
            if self._broken is not Cause.BROWSER_CRASH:
                self._broken = cause
            self._ready.set()
            self._give_up_soon()
            self._tell(TabLost(self.generation, cause))

    def _give_up_soon(self) -> None:
        with suppress(RuntimeError):  # nothing is being opened
            self._patience.reschedule(asyncio.get_running_loop().time() + _LAST_WORDS)


async def _close_context(context: BrowserContext) -> None:
    with suppress(Error):
        await context.close()


async def _close_page(page: Page) -> None:
    with suppress(Error):
        await page.close()


def _is_the_proxys(error: Error) -> bool:
    """Whether the browser has only seen that its proxy let nothing through; the proxy knows why."""
    return "ERR_TUNNEL_CONNECTION_FAILED" in error.message or "ERR_EMPTY_RESPONSE" in error.message


def _reason(error: Error) -> str:
    line = error.message.split("\n")[0]
    _, _, code = line.partition("net::")
    return (f"net::{code}" if code else line)[:200]


def _without_query(url: str) -> str:
    return url.partition("?")[0].partition("#")[0] or "nowhere"
