"""The dashboard as it is served, and a browser that is signed in to it.

Must not know: what is on a page.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, Playwright

from polyhost.browser.locate import find_browser
from polyhost.operations.catalog import OPERATIONS
from polyhost.operations.context import Context
from polyhost.web.dashboard import Dashboard
from polyhost.web.pages import add_pages
from web.read_back import Seen, see

__all__ = ["PHONE", "Served", "Visit", "launched", "serve"]

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@dataclass(slots=True)
class Visit:
    """One page in one browser, and what went wrong in it: nothing may."""

    base: str
    page: Page
    trouble: list[str] = field(default_factory=list)

    async def go(self, path: str) -> Seen:
        """Another address; all that is seen there."""
        await self.page.goto(self.base + path)
        return await see(self.page)

    def watch(self) -> None:
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.trouble.append(f"dialog: {dialog.message}"))
        heard = self._heard
        self.page.on("console", lambda message: heard(message))  # noqa: PLW0108  playwright marks what it is given

    def _heard(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.trouble.append(f"console: {message.text}")


@dataclass(slots=True)
class Served:
    base: str
    home: Path
    browser: Browser

    @asynccontextmanager
    async def visit(
        self, path: str, *, theme: Any = "light", viewport: Any = None, javascript: bool = True
    ) -> AsyncGenerator[Visit]:
        """This page in a fresh browser context. Fails where a script broke or the policy was violated."""
        context: BrowserContext = await self.browser.new_context(
            viewport=viewport or DESKTOP, color_scheme=theme, java_script_enabled=javascript
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
    browser = await playwright.chromium.launch(executable_path=str(find_browser()), args=sandbox)
    try:
        yield browser
    finally:
        await browser.close()


@asynccontextmanager
async def serve(home: Path, browser: Browser) -> AsyncGenerator[Served]:
    table = {operation.name: operation for operation in OPERATIONS}

    async def operate(name: str, request: Any) -> Any:
        return (await table[name].load()(Context(home=home), request)).value

    app = web.Application()
    add_pages(app, Dashboard(operate, list))
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield Served(f"http://127.0.0.1:{runner.addresses[0][1]}", home, browser)
    finally:
        await runner.cleanup()
