"""An owner's first minutes, drawn: a second hand signs in at the window, everything else is the real command. Used by
scripts/first-sync-picture; see there."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright
from terminal_picture import colours, draw

from e2e.at_the_window import at_window, screen, wrapped_browser
from e2e.command import CommandLine
from fakes.slack import FakeSlack, scenarios

AFTERWARDS = ("run slack", "status slack", "coverage slack")


async def main(out: str) -> None:
    """Connect, run, look; the picture is what these printed."""
    with tempfile.TemporaryDirectory() as folder, screen() as display:
        home = Path(folder) / "home"
        around = {"DISPLAY": display, "WAYLAND_DISPLAY": "", "POLYHOST_BROWSER": str(wrapped_browser(Path(folder)))}
        command = CommandLine(home, Path(folder), around | colours())
        async with FakeSlack(scenarios.small()) as slack:
            printed = [("polyhost connect slack", await _connect(command, slack))]
            for words in AFTERWARDS:
                done = await command(*words.split())
                printed.append((f"polyhost {words}", done.stdout))
        draw(Path(out), "polyhost, with a made-up Slack on this machine", printed, home=str(home))


async def _connect(command: CommandLine, slack: FakeSlack) -> str:
    async with async_playwright() as driver, command.running("connect", "slack", *command.mapped(slack)) as running:
        async with at_window(driver, command.home / "profiles" / "slack") as page:
            await page.wait_for_selector("#sign-in")
            await page.click("#sign-in")
        done = await running.finished()
    return f"{done.stderr}{done.stdout}"


asyncio.run(main(sys.argv[1]))
