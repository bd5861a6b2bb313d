"""Signing in on a real wiki's own form, in a window, once; and reading it without one from then on (RS-5, RS-6)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from e2e.at_the_window import LONGEST, at_window, screen, wrapped_browser
from servers.mediawiki.wiki import PASSWORD
from servers.mediawiki.world import NAME, OWNER, World


async def sign_in(page: Page) -> None:
    """From the front page, by its link and its form."""
    await page.wait_for_selector("#pt-login a")
    await page.click("#pt-login a")
    await page.fill("#wpName1", OWNER)
    await page.fill("#wpPassword1", PASSWORD)
    await page.check("#wpRemember")
    await page.click("#wpLoginAttempt")


@pytest.mark.timeout(400)
@pytest.mark.requirement("RS-5", "RS-6", "HO-6")
async def test_an_owner_signs_in_on_the_form_of_their_wiki_once(unconnected: World, tmp_path: Path) -> None:
    world = unconnected
    with screen() as display:
        seen = {"DISPLAY": display, "WAYLAND_DISPLAY": "", "POLYHOST_BROWSER": str(wrapped_browser(tmp_path))}
        command = replace(world.command, environment=seen)
        words = ("connect", "mediawiki", "--site", world.front.address, "--name", NAME, "--json")
        async with async_playwright() as playwright, command.running(*words) as running:
            async with at_window(playwright, world.command.home / "profiles" / NAME) as page:
                page.set_default_timeout(LONGEST * 1000)
                await sign_in(page)
            connected = await running.finished()
    assert connected.exit_code == 0, connected.stderr
    assert connected.value["account"] == OWNER
    assert (await world.run()).exit_code == 0
    await world.check()
    assert PASSWORD not in connected.stderr + connected.stdout
