"""The dashboard as it is served, and a browser that is signed in to it.

Must not know: what is on a page.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Browser, BrowserContext, Page, Playwright, ViewportSize

from polyhost.api.gate import Gate, read_token
from polyhost.api.login import link_to
from polyhost.api.metrics import Metrics
from polyhost.api.names import Names, Place
from polyhost.api.surface import Surface
from polyhost.browser.locate import find_browser
from polyhost.engine.clock import Clock
from polyhost.engine.hosting.run_host import RunHost
from polyhost.server.application import build_app, make_dashboard
from polyhost.server.listening import answering, listening
from polyhost.server.resources import open_resources
from polyhost.server.signed_in import SignInsHere
from web.read_back import Seen, see

__all__ = ["DESKTOP", "NARROWEST", "PHONE", "Served", "Visit", "launched", "serve"]

PHONE: ViewportSize = {"width": 390, "height": 844}
NARROWEST: ViewportSize = {"width": 320, "height": 568}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}


@dataclass(slots=True)
class Visit:
    """One page in one browser, and what went wrong in it: nothing may."""

    base: str
    page: Page
    trouble: list[str] = field(default_factory=list)
    dialog: Any = None

    async def go(self, path: str) -> Seen:
        """Another address; all that is seen there."""
        await self.page.goto(self.base + path)
        return await see(self.page)

    def watch(self) -> None:
        self.dialog = lambda dialog: self.trouble.append(f"dialog: {dialog.message}")
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.dialog(dialog))  # noqa: PLW0108  it may change
        heard = self._heard
        self.page.on("console", lambda message: heard(message))  # noqa: PLW0108  playwright marks what it is given

    def expects_dialog(self) -> None:
        """This page asks before it does what is next."""
        self.dialog = lambda dialog: dialog.accept()

    def _heard(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.trouble.append(f"console: {message.text}")


@dataclass(slots=True)
class Served:
    """`base`: the dashboard's, for a browser. `address`: the API's, for a program."""

    base: str
    address: str
    home: Path
    browser: Browser
    token: str
    runs: RunHost
    signed_in: Any = None

    async def sign_in(self, link: str) -> None:
        """With a link that works once; every visit afterwards has the cookie."""
        context = await self.browser.new_context()
        page = await context.new_page()
        await page.goto(link)
        self.signed_in = await context.storage_state()
        await context.close()

    async def api(self, path: str) -> Any:
        """What the owner API answers."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with aiohttp.ClientSession(headers=headers) as session, session.get(self.address + path) as answer:
            return await answer.json(content_type=None)

    @asynccontextmanager
    async def visit(
        self, path: str, *, theme: Any = "light", viewport: Any = None, javascript: bool = True
    ) -> AsyncGenerator[Visit]:
        """This page in a fresh browser context. Fails where a script broke or the policy was violated."""
        context: BrowserContext = await self.browser.new_context(
            viewport=viewport or DESKTOP,
            color_scheme=theme,
            java_script_enabled=javascript,
            storage_state=self.signed_in,
        )
        try:
            context.set_default_timeout(15_000)
            visit = Visit(self.base, await context.new_page())
            visit.watch()
            await visit.page.goto(self.base + path)
            yield visit
            assert visit.trouble == []
        finally:
            await context.close()


@asynccontextmanager
async def launched(playwright: Playwright) -> AsyncGenerator[Browser]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = await playwright.chromium.launch(executable_path=find_browser(unseen=True), args=sandbox)
    try:
        yield browser
    finally:
        await browser.close()


@asynccontextmanager
async def serve(home: Path, browser: Browser) -> AsyncGenerator[Served]:
    """All of `polyhost serve` but what starts by itself: situations stay as they are."""
    async with AsyncExitStack() as stack:
        gate, metrics = Gate(read_token(home)), Metrics()
        at = stack.enter_context(listening(0))
        names = Names(at.port)
        resources = await stack.enter_async_context(open_resources(home, Clock(), metrics.count, SignInsHere(gate)))
        surface = Surface(context=resources.context, gate=gate, names=names, metrics=metrics)
        await stack.enter_async_context(answering(build_app(surface, make_dashboard(resources)), at, close=1))
        served = Served(
            names.origin(Place.DASHBOARD), f"http://{at.address}", home, browser, gate.token, resources.runs
        )
        await served.sign_in(link_to(surface))
        yield served
