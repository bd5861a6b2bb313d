"""An owner in front of the sign-in window: a second hand on the same browser, over its debugging port.

The command drives its browser through a pipe and knows nothing of this; the port comes from a wrapper around the
browser's executable, as an owner might put one into POLYHOST_BROWSER. Must not know: what the command does.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from playwright.async_api import BrowserContext, Page, Playwright

from polyhost.browser.locate import find_browser

__all__ = ["LONGEST", "at_window", "port_of", "screen", "wrapped_browser"]

LONGEST = 45.0
"""Seconds a window may take to appear, or anything in it to happen, on two shared cores that are full."""


@contextmanager
def screen() -> Iterator[str]:
    """The DISPLAY of a screen nobody sees, of its own where Xvfb is installed; else the one there is."""
    server = shutil.which("Xvfb")
    if server is None:
        if sys.platform == "darwin" or os.environ.get("DISPLAY"):
            yield os.environ.get("DISPLAY", "")
            return
        raise RuntimeError("signing in is tested in a real window: install Xvfb (Debian: apt-get install xvfb)")
    read, write = os.pipe()
    process = subprocess.Popen(
        [server, "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as told:
            yield f":{told.readline().strip()}"
    finally:
        process.terminate()
        process.wait(10)


def wrapped_browser(folder: Path) -> Path:
    """The browser of this machine, with a debugging port besides."""
    wrapper = folder / "browser"
    wrapper.write_text(f'#!/bin/sh\nexec "{find_browser()}" --remote-debugging-port=0 "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


@asynccontextmanager
async def at_window(playwright: Playwright, profile: Path) -> AsyncIterator[Page]:
    """The page the window shows, once it shows one. Leaving the block lets go of it; the window stays open."""
    browser = await playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{await port_of(profile)}", no_defaults=True)
    try:
        page = await _first_page(browser.contexts[0])
        page.set_default_timeout(LONGEST * 1000)
        yield page
    finally:
        await browser.close()


async def _first_page(context: BrowserContext) -> Page:
    async with asyncio.timeout(LONGEST):
        while not context.pages:  # noqa: ASYNC110  another process opens it
            await asyncio.sleep(0.05)
    return context.pages[0]


async def port_of(profile: Path) -> int:
    """The debugging port of the browser that has this profile open."""
    file = profile / "DevToolsActivePort"
    async with asyncio.timeout(LONGEST):
        while True:
            try:
                return _first_number(file)
            except (OSError, ValueError, IndexError):
                await asyncio.sleep(0.05)


def _first_number(file: Path) -> int:
    return int(file.read_text().splitlines()[0])
