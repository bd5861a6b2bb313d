"""Asking a site, before anybody signs in there, which hosts are its own besides the one that its owner has named.

The manifest's script runs in an empty page of the site's origin, in an isolated world, with nobody's session: what it
asks the site for goes out as of that origin, to that host alone, and nothing that the site serves is run.

Owns: that page, and that it is gone afterwards. Must not know: what an answer means, connections.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from playwright.async_api import Error, Route

from polyhost.browser.bridge.scripts import PageScript
from polyhost.browser.isolated import run_isolated
from polyhost.browser.launch import BrowserOptions, launch
from polyhost.errors import ErrorCode, RunFailedError

__all__ = ["ask_for_hosts"]

DISCOVER_SECONDS = 30.0
"""How long a script has for its few requests."""


async def ask_for_hosts(script: PageScript, site: str, origin: str, browser: BrowserOptions) -> object:
    """What the script answers, as it came. RunFailedError where it throws, or has no answer in time. `browser`: held to
    the site's own hosts."""
    name = script.name.rpartition("/")[2]
    refused: dict[str, None] = {}
    async with launch(replace(browser, headless=True)) as launched:
        launched.on_attempt(lambda attempt: refused.setdefault(f"{attempt.host} ({attempt.verdict.value})", None))
        context = await launched.new_context()
        page = await context.new_page()
        try:
            await page.route(f"{origin}/", _empty)
            await page.goto(f"{origin}/", wait_until="commit")
            await page.unroute(f"{origin}/")
            answer, thrown = await asyncio.wait_for(run_isolated(page, _expression(script, site)), DISCOVER_SECONDS)
        except TimeoutError:
            raise _failed(site, f"{name} did not answer within {DISCOVER_SECONDS:g} s") from None
        except Error:
            raise _failed(site, f"{name} was cut off") from None
    if thrown is not None:
        raise _failed(site, f"{name} threw {thrown}")
    return answer


async def _empty(route: Route) -> None:
    await route.fulfill(status=200, content_type="text/html", body="<!doctype html>")


def _expression(script: PageScript, site: str) -> str:
    return (
        "(async () => { let look; const discover = (given) => { look = given; };\n"
        f"{script.text}\nreturn await look({json.dumps({'site': site})}); }})()\n//# sourceURL={script.url}"
    )


def _failed(site: str, why: str) -> RunFailedError:
    return RunFailedError(
        f"{site} could not be asked which hosts are its own: {why}",
        "See that the address is right, and that the site answers.",
        code=ErrorCode.SITE_NOT_ASKED,
    )
