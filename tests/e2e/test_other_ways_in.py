"""A session that is taken over from elsewhere: a browser that runs already, cookies of an installed one, a cookies.txt.

Provenance: HO-4, HO-6. Real commands and real browsers; none of them opens a window.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from e2e.at_the_window import port_of
from e2e.command import CommandLine, Finished
from fakes.slack import FakeSlack
from polyhost.browser.locate import find_browser
from polyhost.engine.sessions.saved import load_session

FOREIGN = "of-another-site"


@asynccontextmanager
async def running_browser(folder: Path, slack: FakeSlack) -> AsyncIterator[tuple[str, Browser]]:
    """An owner's browser with its debugging port, as a process of its own; and a hand on it."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    options = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={folder}", "--no-first-run", *sandbox]
    process = await asyncio.create_subprocess_exec(
        *(find_browser(), *options, *slack.chromium_args, "about:blank"), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{await port_of(folder)}"
        async with async_playwright() as playwright:
            yield url, await playwright.chromium.connect_over_cdp(url, no_defaults=True)
        assert process.returncode is None
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)


async def test_a_running_browser_lends_its_session_and_goes_on_as_it_was(
    slack: FakeSlack, command: CommandLine, tmp_path: Path
) -> None:
    async with running_browser(tmp_path / "profile", slack) as (url, browser):
        (context,) = browser.contexts
        page = context.pages[0]
        await page.goto("https://app.slack.com/client")
        words = ("connect", "slack", "--cdp", url, *command.mapped(slack), "--json")
        refused = await command(*words)
        assert refused.exit_code == 4
        assert "not signed in to Slack" in refused.stderr
        await page.dispatch_event("#sign-in", "click")
        await page.wait_for_function("document.body.dataset.booted !== undefined", polling=50)
        await context.add_cookies([{"name": "x", "value": FOREIGN, "domain": "example.org", "path": "/"}])
        await page.evaluate("window.mine = 'untouched'")
        connected = await command(*words)
        assert connected.exit_code == 0
        assert connected.value["workspaces"] == ["Lantern Bay"]
        assert [tab.url for tab in context.pages] == [page.url]
        assert await page.evaluate("window.mine") == "untouched"
        assert FOREIGN in {cookie["value"] for cookie in await context.cookies()}
    await runs_with(command, slack, connected)


async def test_nothing_that_answers_at_the_address_is_one_sentence(slack: FakeSlack, command: CommandLine) -> None:
    refused = await command("connect", "slack", "--cdp", "http://127.0.0.1:9", *command.mapped(slack))
    assert refused.exit_code == 2
    assert "--remote-debugging-port" in refused.complaint
    assert "--user-data-dir" in refused.complaint


async def test_a_cookies_txt_is_enough_and_the_site_builds_up_the_rest(
    slack: FakeSlack, command: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "cookies.txt"
    file.write_text(
        "# Netscape HTTP Cookie File\n\n"
        f"#HttpOnly_.slack.com\tTRUE\t/\tTRUE\t4102444800\td\t{slack.session.cookie}\n"
        f".example.org\tTRUE\t/\tFALSE\t4102444800\tid\t{FOREIGN}\n"
    )
    connected = await command("connect", "slack", "--cookies", str(file), *command.mapped(slack), "--json")
    assert connected.exit_code == 0
    state = load_session(command.home, "slack")
    assert state is not None
    assert "localConfig_v2" in {item["name"] for origin in state["origins"] for item in origin["localStorage"]}
    await runs_with(command, slack, connected)


async def test_cookies_of_a_session_that_has_ended_need_the_owner(
    slack: FakeSlack, command: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "cookies.txt"
    file.write_text(f".slack.com\tTRUE\t/\tTRUE\t4102444800\td\t{slack.session.cookie}\n")
    slack.sign_out_elsewhere()
    refused = await command("connect", "slack", "--cookies", str(file), *command.mapped(slack))
    assert refused.exit_code == 4
    assert "does not take these cookies" in refused.complaint
    assert load_session(command.home, "slack") is None


@pytest.mark.requirement("SE-6")
async def test_of_a_storage_state_only_what_is_the_sites_is_kept(
    slack: FakeSlack, command: CommandLine, tmp_path: Path
) -> None:
    path = slack.write_storage_state(tmp_path / "session.json")
    state = json.loads(path.read_bytes())
    state["cookies"].append({**state["cookies"][0], "name": "bank", "value": FOREIGN, "domain": ".bank.example"})
    mine = {"name": "account", "value": FOREIGN}
    state["origins"].append({"origin": "https://bank.example", "localStorage": [mine]})
    path.write_text(json.dumps(state), encoding="utf-8")
    words = ("connect", "slack", "--name", "fake", "--storage-state", str(path), *command.mapped(slack), "--json")
    connected = await command(*words)
    assert (connected.exit_code, json.loads(connected.stdout)["workspaces"]) == (0, ["Lantern Bay"]), connected.stderr
    kept = load_session(command.home, "fake")
    assert kept is not None
    assert kept["cookies"]
    assert FOREIGN not in json.dumps(kept)


@pytest.mark.requirement("SE-6")
async def test_a_storage_state_that_the_site_does_not_take_connects_nothing(
    slack: FakeSlack, command: CommandLine, tmp_path: Path
) -> None:
    path = slack.write_storage_state(tmp_path / "session.json")
    slack.sign_out_elsewhere()
    done = await command("connect", "slack", "--name", "fake", "--storage-state", str(path), *command.mapped(slack))
    assert (done.exit_code, done.stdout) == (4, "")
    assert "Slack does not take that session" in done.stderr
    assert load_session(command.home, "fake") is None


async def test_firefox_lends_the_cookies_of_the_site_and_no_others(
    slack: FakeSlack, command: CommandLine, tmp_path: Path
) -> None:
    profile = firefox_profile(tmp_path, {".slack.com": slack.session.cookie, ".example.org": FOREIGN})
    words = ("connect", "slack", "--cookies-from", f"firefox:{profile}", *command.mapped(slack), "--json")
    connected = await command(*words)
    assert connected.exit_code == 0, connected.stderr
    await runs_with(command, slack, connected)


@pytest.mark.parametrize("there", [{}, {".example.org": FOREIGN}], ids=["empty", "other sites only"])
async def test_a_browser_without_cookies_of_the_site_is_one_sentence(
    slack: FakeSlack, command: CommandLine, tmp_path: Path, there: dict[str, str]
) -> None:
    profile = firefox_profile(tmp_path, there)
    refused = await command("connect", "slack", "--cookies-from", f"firefox:{profile}", *command.mapped(slack))
    assert refused.exit_code == 2
    assert "no cookies of this site" in refused.complaint


async def runs_with(command: CommandLine, slack: FakeSlack, connected: Finished) -> None:
    """The connection collects; it keeps nothing of other sites."""
    assert connected.value["account"] == "mina"
    ran = await command("run", "slack", "--stream", "workspace", "--json")
    assert ran.value["status"] == "complete"
    state = load_session(command.home, "slack")
    assert state is not None
    values = {cookie["name"]: cookie["value"] for cookie in state["cookies"]}
    assert values["d"] == slack.session.cookie
    assert FOREIGN not in values.values()


def firefox_profile(folder: Path, cookies: dict[str, str]) -> Path:
    """A profile as Firefox keeps one, as far as its cookies go."""
    profile = folder / "abcd.default-release"
    profile.mkdir()
    with sqlite3.connect(profile / "cookies.sqlite") as database:
        database.execute("PRAGMA user_version = 12")
        database.execute(
            "CREATE TABLE moz_cookies (host TEXT, name TEXT, value TEXT, path TEXT, expiry INTEGER,"
            " isSecure INTEGER, originAttributes TEXT)"
        )
        rows = [(host, "d", value, "/", 4_102_444_800, 1, "") for host, value in cookies.items()]
        database.executemany("INSERT INTO moz_cookies VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    database.close()
    return profile
