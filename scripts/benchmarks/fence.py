"""`bench fence`: what a request that is allowed costs with the fence and without it, side by side; and what it costs
that images, fonts and media are not loaded.

Owns: the three browsers and the report. Must not know: how the fence holds.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median
from typing import Any

import trustme
from aiohttp import web
from playwright.async_api import Page, async_playwright

from benchmarks.report import Line, show
from polyhost.browser.fence import KINDS, Fence
from polyhost.browser.launch import BrowserOptions, launch
from polyhost.browser.locate import find_browser

__all__ = ["fence"]

BODY = b"x" * 120_000
"""A page of two hundred messages, roughly."""
_WAYS = ("no fence", "fence", "fence, no images, fonts, media")
_FETCH = """async (count) => {
  const began = performance.now();
  for (let n = 0; n < count; n += 1) await (await fetch(`/data?${n}`, {cache: "no-store"})).text();
  return (performance.now() - began) / count;
}"""


def fence(*, requests: int, rounds: int) -> tuple[dict[str, Any], list[str]]:
    """Measure; the figures as JSON, and as lines to print."""
    found = asyncio.run(_measure(requests, rounds))
    figures = {name: median(times) for name, times in found.items()}
    ratio = figures[_WAYS[1]] / figures[_WAYS[0]]
    table = [("", "ms a request", "all rounds")]
    table += [(name, f"{figures[name]:.2f}", " ".join(f"{one:.2f}" for one in found[name])) for name in _WAYS]
    lines = show(table, [Line("fence : no fence", ratio, "≤ 1.1", most=1.1)])
    return {"requests": requests, "milliseconds": found, "ratio": ratio}, lines


async def _measure(requests: int, rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {name: [] for name in _WAYS}
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(_site())
        pages = {name: await stack.enter_async_context(_page(name, port)) for name in _WAYS}
        for page in pages.values():
            await page.evaluate(_FETCH, requests // 4)  # warm
        for number in range(rounds):
            for name in _WAYS if number % 2 else reversed(_WAYS):
                found[name].append(await pages[name].evaluate(_FETCH, requests))
    return found


@asynccontextmanager
async def _page(way: str, port: int) -> AsyncIterator[Page]:
    if way == "no fence":
        flags = [flag for flag in BrowserOptions().flags(None) if "resolver" not in flag]
        async with async_playwright() as playwright:
            bare = await playwright.chromium.launch(executable_path=find_browser(), args=flags)
            context = await bare.new_context(ignore_https_errors=True)
            yield await _at_the_site(await context.new_page(), port)
        return
    allow = (f"127.0.0.1:{port}",)
    async with launch(BrowserOptions(allow_hosts=allow)) as browser, asyncio.TaskGroup() as tasks:
        context = await browser.new_context(extra={"ignore_https_errors": True})
        page = await context.new_page()
        barrier = Fence(allow, {}, spawn=tasks.create_task, load=KINDS if way == "fence" else ())
        barrier.watch(context)
        await barrier.close_page(await context.new_cdp_session(page))
        yield await _at_the_site(page, port)


async def _at_the_site(page: Page, port: int) -> Page:
    await page.goto(f"https://127.0.0.1:{port}/")
    return page


@asynccontextmanager
async def _site() -> AsyncIterator[int]:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/":
            return web.Response(text="<p>", content_type="text/html")
        return web.Response(body=BODY)

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    certified = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(certified)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certified).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
