"""Signing in once, in a window, whatever the site asks for; and what becomes of that session later.

Provenance: HO-4, HO-6; SLACK.md's ways through the sign-in pages. Real commands, a real window, real processes; the
owner is a second hand on the window's own browser.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Playwright, async_playwright

from conformance.terminal import at_terminal
from e2e.at_the_window import at_window, screen, wrapped_browser
from e2e.command import CommandLine
from e2e.owner import Owner
from e2e.truth import difference
from fakes.slack import FakeSlack, populated, scenarios
from polyhost.browser.locate import find_browser
from polyhost.engine.sessions.saved import load_session

NAME = "slack"


@pytest.fixture(scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """One screen for all of them."""
    with screen() as name:
        yield name


@pytest.fixture
def command(home: Path, tmp_path: Path, display: str) -> CommandLine:
    """The real command, where there is a screen."""
    browser = wrapped_browser(tmp_path)
    return CommandLine(home, tmp_path, {"DISPLAY": display, "WAYLAND_DISPLAY": "", "POLYHOST_BROWSER": str(browser)})


@pytest.fixture
def unseen(home: Path, tmp_path: Path) -> CommandLine:
    """The real command, where there is none."""
    return CommandLine(home, tmp_path, {"DISPLAY": "", "WAYLAND_DISPLAY": ""})


def profile(home: Path, name: str = NAME) -> Path:
    return home / "profiles" / name


async def fill_in(page: Page, **fields: str) -> None:
    """A form, sent off with its button."""
    for name, value in fields.items():
        await page.fill(f"[name={name}]", value)
    await page.click("#go")


async def to_the_workspace(page: Page, slack: FakeSlack) -> None:
    await page.wait_for_selector("[name=domain]")
    await fill_in(page, domain=slack.world.domain)


async def press_the_button(page: Page) -> None:
    """The fake's short cut: in, everywhere at once."""
    await page.wait_for_selector("#sign-in")
    await page.click("#sign-in")


@pytest.mark.requirement("HO-6", "HO-4")
async def test_an_owner_signs_in_once_in_a_window_and_runs_without_one(
    slack: FakeSlack, command: CommandLine, unseen: CommandLine, playwright: Playwright
) -> None:
    async with command.running("connect", "slack", *command.mapped(slack), "--json") as running:
        async with at_window(playwright, profile(command.home)) as page:
            await to_the_workspace(page, slack)
            await fill_in(page, email=slack.door.email, password=slack.door.password)
        connected = await running.finished()
    assert connected.exit_code == 0
    assert connected.value["account"] == "mina"
    assert connected.value["workspaces"] == ["Lantern Bay"]
    assert not profile(command.home).exists(), "what a browser leaves in its profile is not sealed"
    before = (command.home / "sessions" / "slack.sealed").read_bytes()
    ran = await unseen("run", "slack", "--json")
    assert (ran.exit_code, ran.value["status"]) == (0, "complete")
    assert (command.home / "sessions" / "slack.sealed").read_bytes() != before, "kept as the site renewed it"


async def test_a_wrong_password_and_a_wrong_code_are_between_the_owner_and_the_site(
    slack: FakeSlack, command: CommandLine, playwright: Playwright
) -> None:
    """And nothing of what was typed, or handed out for it, is in anything the command says or keeps."""
    slack.door.two_factor = True
    secrets = [slack.door.password, slack.door.code, slack.session.cookie, slack.world.token()]
    async with command.running("connect", "slack", *command.mapped(slack)) as running:
        async with at_window(playwright, profile(command.home)) as page:
            await to_the_workspace(page, slack)
            await fill_in(page, email=slack.door.email, password="a wrong one")
            await page.wait_for_selector("[role=alert]")
            await fill_in(page, email=slack.door.email, password=slack.door.password)
            await page.wait_for_selector("[name=code]")
            await fill_in(page, code="000000")
            await page.wait_for_url("**/sign-in/code")
            await page.goto(f"https://{slack.world.domain}.slack.com/")
            await fill_in(page, email=slack.door.email, password=slack.door.password)
            await page.wait_for_selector("[name=code]")
            await fill_in(page, code=slack.door.code)
        connected = await running.finished()
    assert connected.exit_code == 0
    assert "Signed in as mina, workspace Lantern Bay." in connected.stdout
    assert slack.door.tried == 3
    assert not [secret for secret in secrets if secret in connected.stdout + connected.stderr]
    assert found_in(command.home, secrets) == []


async def test_single_sign_on_leads_to_another_host_and_back(
    slack: FakeSlack, command: CommandLine, playwright: Playwright
) -> None:
    slack.door.single_sign_on = True
    mapped = (*command.mapped(slack), "--map-host", slack.map_identity)
    async with command.running("connect", "slack", *mapped) as running:
        async with at_window(playwright, profile(command.home)) as page:
            await to_the_workspace(page, slack)
            await page.click("#sso")
            await page.wait_for_url("https://login.identity.example/**")
            await fill_in(page, email=slack.door.email, password=slack.door.password)
        connected = await running.finished()
    assert connected.exit_code == 0
    state = load_session(command.home, NAME)
    assert state is not None
    assert {cookie["domain"] for cookie in state["cookies"]} == {".slack.com"}


async def test_a_code_by_mail_leads_over_the_list_of_workspaces(
    slack: FakeSlack, command: CommandLine, playwright: Playwright
) -> None:
    """The cookie comes with the workspace that is opened, on a page that first offers the app."""
    async with command.running("connect", "slack", *command.mapped(slack)) as running:
        async with at_window(playwright, profile(command.home)) as page:
            await page.wait_for_selector("[name=domain]")
            await page.goto("https://slack.com/signin")
            await fill_in(page, email=slack.door.email)
            await page.wait_for_selector("[name=code]")
            await fill_in(page, code=slack.door.code)
            await page.click(f"#open-{slack.world.domain}")
            await page.click("text=use Slack in your browser")
        connected = await running.finished()
    assert connected.exit_code == 0


async def test_an_owner_who_changes_their_mind_leaves_nothing_behind(
    slack: FakeSlack, command: CommandLine, playwright: Playwright
) -> None:
    async with command.running("connect", "slack", *command.mapped(slack)) as running:
        async with at_window(playwright, profile(command.home)) as page:
            await page.wait_for_selector("[name=domain]")
        running.interrupt()
        ended = await running.finished()
    assert ended.exit_code == 130
    assert "nothing was saved" in ended.stdout
    assert kept(command.home) == []


async def test_a_window_that_is_closed_ends_in_one_sentence(
    slack: FakeSlack, command: CommandLine, playwright: Playwright
) -> None:
    """And while it is open, a second one of the same connection is refused."""
    async with command.running("connect", "slack", *command.mapped(slack)) as running:
        async with at_window(playwright, profile(command.home)) as page:
            await page.wait_for_selector("[name=domain]")
            second = await command("connect", "slack", *command.mapped(slack))
            assert second.exit_code == 2
            assert "open already" in second.stderr
            await page.close()
        ended = await running.finished()
    assert ended.exit_code == 4
    assert "was closed before Slack said that you are in" in ended.stderr
    assert kept(command.home) == []


async def test_a_profile_that_another_browser_has_open_is_left_to_it(
    slack: FakeSlack, command: CommandLine, home: Path, display: str
) -> None:
    folder = profile(home)
    folder.mkdir(parents=True)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = await asyncio.create_subprocess_exec(
        *(find_browser(), f"--user-data-dir={folder}", "--no-first-run", *sandbox, "about:blank"),
        env={**os.environ, "DISPLAY": display},
        stderr=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(30):
            while not (folder / "SingletonLock").is_symlink():  # noqa: ASYNC110  another process makes it
                await asyncio.sleep(0.05)
        refused = await command("connect", "slack", *command.mapped(slack))
        assert refused.exit_code == 2
        assert "open already" in refused.stderr
        assert browser.returncode is None
        assert folder.exists()
    finally:
        browser.terminate()
        await asyncio.wait_for(browser.wait(), 20)


async def test_nobody_signing_in_ends_the_wait(slack: FakeSlack, command: CommandLine) -> None:
    ended = await command("connect", "slack", "--wait", "2", *command.mapped(slack))
    assert ended.exit_code == 4
    assert "Nobody signed in to Slack" in ended.stderr
    assert "which polyfill.session.signed_out calls signed out" in ended.stderr
    assert kept(command.home) == []


async def test_a_machine_without_a_screen_is_told_the_other_ways(slack: FakeSlack, unseen: CommandLine) -> None:
    refused = await unseen("connect", "slack", *unseen.mapped(slack))
    assert refused.exit_code == 2
    assert all(way in refused.complaint for way in ("--cdp", "--cookies-from", "--storage-state"))
    await unseen.connect(slack)
    headed = await unseen("run", "fake", "--headed")
    assert headed.exit_code == 2
    assert "no display" in headed.stderr


async def test_two_workspaces_become_two_connections_each_of_its_own(
    command: CommandLine, unseen: CommandLine, playwright: Playwright
) -> None:
    async with FakeSlack(scenarios.small(), populated(channels=2, messages=3)) as slack:
        other = list(slack.session.worlds.values())[1]
        async with command.running("connect", "slack", "--all", *command.mapped(slack), "--json") as running:
            async with at_window(playwright, profile(command.home)) as page:
                await press_the_button(page)
            connected = await running.finished()
        assert connected.exit_code == 0
        names = connected.value["connections"]
        assert sorted(names) == sorted(["slack-lantern-bay", f"slack-{other.name.lower().replace(' ', '-')}"])
        teams = set()
        for name in names:
            assert (await unseen("run", name, "--stream", "workspace")).exit_code == 0
            (record,) = (await unseen("records", name, "workspace", "--json")).value["records"]
            teams.add(record["data"]["id"])
        assert teams == {world.team_id for world in slack.session.worlds.values()}


async def test_of_two_workspaces_the_owner_is_asked_which_and_offered_the_first_run(
    command: CommandLine, playwright: Playwright
) -> None:
    async with FakeSlack(scenarios.small(), populated(channels=2, messages=3)) as slack:
        words = ("connect", "slack", *command.mapped(slack))
        async with at_terminal(command.home, *words, environment=command.environment) as terminal:
            async with at_window(playwright, profile(command.home)) as page:
                await press_the_button(page)
            await terminal.shows("Which one?")
            terminal.press("lantern\n")
            await terminal.shows("Collect for the first time now?")
            terminal.press("yes\n")
            assert await terminal.exit_code() == 0
        assert "Signed in as mina, workspace Lantern Bay." in terminal.shown
        assert "everything asked for is covered" in terminal.shown


async def is_the_whole_truth_in_one_run(owner: Owner) -> None:
    (ran,) = await owner.runs()
    assert ran["status"] == "complete"
    assert await difference(owner) == {}


@pytest.mark.requirement("HO-4")
async def test_a_session_that_ends_in_the_middle_pauses_the_run_which_goes_on_where_it_was(
    slack: FakeSlack, command: CommandLine, playwright: Playwright
) -> None:
    """At a terminal with a screen: Enter opens the window, signing in there lets the same run finish."""
    await command.connect(slack)
    slack.behaviour.page_cap = 20
    slack.faults.expire_session_at(3, "conversations.history")
    async with at_terminal(command.home, "run", "fake", environment=command.environment) as terminal:
        await terminal.shows("Press Enter when that is done")
        terminal.press("\n")
        async with at_window(playwright, profile(command.home, "fake")) as page:
            await press_the_button(page)
        assert await terminal.exit_code() == 0
    await is_the_whole_truth_in_one_run(Owner(slack, command.home))


@pytest.mark.requirement("HO-4")
async def test_a_colleague_who_signs_in_in_the_middle_is_refused_and_the_owner_asked_again(
    slack: FakeSlack, command: CommandLine, playwright: Playwright
) -> None:
    await command.connect(slack)
    mina = slack.world.account
    slack.behaviour.page_cap = 20
    slack.faults.expire_session_at(3, "conversations.history")
    async with at_terminal(command.home, "run", "fake", environment=command.environment) as terminal:
        await terminal.shows("Press Enter when that is done")
        saved = (command.home / "sessions" / "fake.sealed").read_bytes()
        slack.world.account = "U0OTTO0002"
        terminal.press("\n")
        async with at_window(playwright, profile(command.home, "fake")) as page:
            await press_the_button(page)
        await terminal.shows("that session is not of the account that fake is of")
        assert (command.home / "sessions" / "fake.sealed").read_bytes() == saved
        slack.world.account = mina
        slack.sign_out_elsewhere()
        terminal.press("\n")
        async with at_window(playwright, profile(command.home, "fake")) as page:
            await press_the_button(page)
        assert await terminal.exit_code() == 0
    await is_the_whole_truth_in_one_run(Owner(slack, command.home))


@pytest.mark.requirement("HO-4")
async def test_an_owner_signed_out_elsewhere_is_asked_to_sign_in_and_then_goes_on(
    slack: FakeSlack, command: CommandLine, unseen: CommandLine, playwright: Playwright
) -> None:
    await command.connect(slack)
    assert (await unseen("run", "fake")).exit_code == 0
    saved = (command.home / "sessions" / "fake.sealed").read_bytes()
    slack.sign_out_elsewhere()
    ended = await unseen("run", "fake")
    assert ended.exit_code == 4
    assert "polyhost connect slack --name fake --renew" in ended.stdout + ended.stderr
    assert (command.home / "sessions" / "fake.sealed").read_bytes() == saved
    async with command.running("connect", "slack", "--name", "fake", "--renew") as running:
        async with at_window(playwright, profile(command.home, "fake")) as page:
            await press_the_button(page)
        assert (await running.finished()).exit_code == 0
    again = await unseen("run", "fake", "--json")
    assert again.exit_code == 0
    assert again.value["streams"]["messages"]["new"] == 0, "the ledger was kept"


def kept(home: Path) -> list[str]:
    """What is in a home besides locks: sessions, keys, profiles, a store."""
    files = (path.relative_to(home) for path in home.rglob("*") if path.is_file())
    return sorted(str(path) for path in files if not path.name.endswith("lock"))


def found_in(home: Path, secrets: list[str]) -> list[str]:
    """Files that hold one of these."""
    return [
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets)
    ]
