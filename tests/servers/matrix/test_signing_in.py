"""Signing in at a homeserver: on its own form in a window, or with what a client of Element's code keeps (HO-6)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.async_api import Playwright, async_playwright

from e2e.at_the_window import at_window, screen, wrapped_browser
from e2e.command import CommandLine, Finished
from servers.matrix.owner import NAME
from servers.matrix.synapse import PASSWORD, Person, Synapse, synapse

pytestmark = [pytest.mark.requirement("RS-5", "RS-6", "HO-6"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Synapse]:
    async with synapse(tmp_path_factory.mktemp("homeserver")) as running:
        yield running


@pytest.fixture(scope="module")
async def ada(server: Synapse) -> Person:
    ada = await server.registers("ada")
    await ada.says(await ada.creates("Lamp room"), "lit")
    return ada


@pytest.fixture(scope="module")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as driver:
        yield driver


@pytest.fixture
def display() -> Iterator[str]:
    with screen() as name:
        yield name


async def test_on_the_homeservers_own_form_in_a_window(
    ada: Person, home: Path, tmp_path: Path, display: str, playwright: Playwright
) -> None:
    browser = wrapped_browser(tmp_path)
    seen = {"DISPLAY": display, "WAYLAND_DISPLAY": "", "POLYHOST_BROWSER": str(browser)}
    command = CommandLine(home, tmp_path, seen)
    words = ("connect", "matrix", "--site", ada.server.url, "--name", NAME, "--json")
    async with command.running(*words) as running:
        async with at_window(playwright, home / "profiles" / NAME) as page:
            await page.fill("#user_id", "ada")
            await page.fill("#password", PASSWORD)
            await page.click("#password_flow [type=submit]")
        connected = await running.finished()
    assert (connected.exit_code, connected.value["account"]) == (0, ada.id), connected.stderr
    assert PASSWORD not in connected.stdout + connected.stderr
    unseen = CommandLine(home, tmp_path, {"DISPLAY": "", "WAYLAND_DISPLAY": ""})
    ran = await unseen("run", NAME, "--json")
    assert (ran.exit_code, ran.value["status"]) == (0, "complete"), ran.stderr
    assert ran.value["streams"]["rooms"]["new"] == 1


async def connected_with(command: CommandLine, server: Synapse, stored: Mapping[str, str]) -> Finished:
    items = [{"name": name, "value": value} for name, value in stored.items()]
    session = command.folder / "session.json"
    session.write_text(json.dumps({"cookies": [], "origins": [{"origin": server.url, "localStorage": items}]}))
    return await command(
        *("connect", "matrix", "--site", server.url, "--name", NAME, "--storage-state", str(session), "--json")
    )


@pytest.fixture
def command(home: Path, tmp_path: Path) -> CommandLine:
    return CommandLine(home, tmp_path)


async def test_with_the_token_that_element_keeps_at_the_same_origin(ada: Person, command: CommandLine) -> None:
    stored = {"mx_access_token": ada.token, "mx_user_id": ada.id, "mx_hs_url": ada.server.url}
    connected = await connected_with(command, ada.server, stored)
    assert (connected.exit_code, connected.value["account"]) == (0, ada.id), connected.stderr
    assert (await command("run", NAME)).exit_code == 0


async def test_a_token_that_ended_asks_for_signing_in(ada: Person, server: Synapse, command: CommandLine) -> None:
    bob = await server.registers("bob")
    kept = {"polyhost.matrix": json.dumps({"access_token": bob.token, "user_id": bob.id})}
    assert (await connected_with(command, server, kept)).exit_code == 0
    await bob.ask("POST", "/logout", {})
    ran = await command("run", NAME, "--json")
    assert (ran.exit_code, ran.value["status"], ran.value["error"]["code"]) == (4, "needs_owner", "signed_out")


async def test_without_a_token_nobody_is_in(server: Synapse, command: CommandLine) -> None:
    refused = await connected_with(command, server, {"mx_theme": "dark"})
    assert refused.exit_code == 4, refused.stderr
