"""What the probe makes of Slack's signs: in, out, or not to be told (HO-4; SLACK.md: session).

In a real browser, in an isolated world, on the pages of the fake.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fakes.slack import FakeSlack, populated, scenarios
from polyfills.slack.host import FOLDER, fake_slack
from polyhost.browser.launch import BrowserOptions, LaunchedBrowser, launch
from polyhost.browser.session import SessionReport
from polyhost.connectors.loading import load_connector_folder
from polyhost.engine.sessions.sign_in import session_signs
from polyhost.operations.parsing import host_mappings

SIGNS = session_signs(load_connector_folder(FOLDER))
CLIENT = "https://app.slack.com/client"


@pytest.fixture
async def browser(slack: FakeSlack) -> AsyncIterator[LaunchedBrowser]:
    options = BrowserOptions(map_hosts=host_mappings(slack.map_host), insecure_tls=True, allow_hosts=SIGNS.hosts)
    async with launch(options) as running:
        yield running


async def look(
    browser: LaunchedBrowser, state: dict[str, Any] | None, *, identity: bool = False, before: Any = None
) -> SessionReport:
    """The probe's answer on the client's page. `before`: what happens between opening it and asking."""
    context = await browser.new_context(state)
    page = await context.new_page()
    await page.goto(CLIENT)
    if before is not None:
        before()
    report = await SIGNS.look(page, identity=identity)
    await context.close()
    return report


@pytest.mark.requirement("HO-4")
async def test_a_signed_in_owner_is_told_by_the_front_page_without_a_call_of_the_api(
    slack: FakeSlack, browser: LaunchedBrowser
) -> None:
    assert (await look(browser, slack.storage_state())).signed_in is True
    assert slack.log.counts() == {}


async def test_who_it_is_and_where_is_told_when_it_is_wanted(slack: FakeSlack, browser: LaunchedBrowser) -> None:
    report = await look(browser, slack.storage_state(), identity=True)
    assert report.account is not None
    assert (report.account.id, report.account.label) == (slack.world.account, "mina")
    (place,) = report.workspaces
    assert (place.id, place.label) == (slack.world.team_id, "Lantern Bay")
    assert place.url == f"{CLIENT}/{slack.world.team_id}"
    assert slack.log.counts() == {"auth.test": 1}


@pytest.mark.requirement("HO-4")
async def test_a_browser_without_a_session_is_signed_out(slack: FakeSlack, browser: LaunchedBrowser) -> None:
    assert (await look(browser, None)).signed_in is False


@pytest.mark.requirement("HO-4")
async def test_a_session_that_ended_under_an_open_page_is_signed_out(
    slack: FakeSlack, browser: LaunchedBrowser
) -> None:
    """The page is still the client's, and its storage still holds a token."""
    assert (await look(browser, slack.storage_state(), before=slack.sign_out_elsewhere)).signed_in is False


async def test_a_front_page_that_no_longer_tells_leaves_it_to_the_api(
    slack: FakeSlack, browser: LaunchedBrowser
) -> None:
    slack.behaviour.front_tells = False
    assert (await look(browser, slack.storage_state())).signed_in is True
    assert (await look(browser, slack.storage_state(), before=slack.sign_out_elsewhere)).signed_in is False


async def test_trouble_at_slack_is_not_taken_for_signed_out(slack: FakeSlack, browser: LaunchedBrowser) -> None:
    slack.behaviour.front_tells = False
    slack.faults.status("auth.test", 503, times=None)
    assert (await look(browser, slack.storage_state())).signed_in is None


async def test_a_token_kept_in_memory_only_still_says_who_it_is(slack: FakeSlack, browser: LaunchedBrowser) -> None:
    slack.behaviour.token_stored = False
    report = await look(browser, {**slack.storage_state(), "origins": []}, identity=True)
    assert report.names_someone
    assert [place.id for place in report.workspaces] == [slack.world.team_id]


async def test_the_workspace_that_is_shown_comes_first() -> None:
    async with fake_slack(scenarios.small(), populated(channels=1, messages=1)) as slack:
        second = list(slack.session.worlds.values())[1]
        options = BrowserOptions(map_hosts=host_mappings(slack.map_host), insecure_tls=True)
        async with launch(options) as browser:
            context = await browser.new_context(slack.storage_state())
            page = await context.new_page()
            await page.goto(f"{CLIENT}/{second.team_id}")
            await page.wait_for_selector("body[data-booted]")
            report = await SIGNS.look(page, identity=True)
    assert [place.id for place in report.workspaces] == [second.team_id, slack.world.team_id]
