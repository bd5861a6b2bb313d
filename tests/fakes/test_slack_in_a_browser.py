"""The fake Slack as a real Chromium sees it: the client page, cross-origin rules, signing in.

Provenance: the in-page behaviour a connector depends on; only a browser enforces CORS, CSP and cookies.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from fakes.slack import FakeSlack, scenarios
from polyhost.browser.locate import find_browser

CALL = """async ({url, token}) => {
  const body = new URLSearchParams({token});
  try { return await (await fetch(url, {method: 'POST', body, credentials: 'include'})).json(); }
  catch (error) { return {failed: String(error)}; }
}"""


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(scenarios.small()) as running:
        yield running


@pytest.fixture
async def chromium(slack: FakeSlack) -> AsyncIterator[Browser]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_browser(unseen=True), args=[*slack.chromium_args, *sandbox]
        )
        yield browser
        await browser.close()


@pytest.fixture
async def signed_in(slack: FakeSlack, chromium: Browser) -> AsyncIterator[BrowserContext]:
    context = await chromium.new_context(storage_state=json.loads(json.dumps(slack.storage_state())))
    yield context
    await context.close()


async def ready(page: Page) -> str:
    """The token the client page stores once it has booted."""
    await page.goto("https://app.slack.com/client")
    await page.wait_for_selector("body[data-booted]")
    config = json.loads(await page.evaluate("localStorage.getItem('localConfig_v2')"))
    return config["teams"][config["lastActiveTeamId"]]["token"]


async def test_the_client_page_stores_its_token_and_forbids_eval(slack: FakeSlack, signed_in: BrowserContext) -> None:
    page = await signed_in.new_page()
    await page.add_init_script("localStorage.clear()")
    assert await ready(page) == slack.world.token()
    assert page.url == f"https://app.slack.com/client/{slack.world.team_id}"
    # in a task of the page's own: what the debugger evaluates directly is exempt from the page's policy
    tried = "() => new Promise(done => setTimeout(() => { try { done(eval('1')) } catch (e) { done(e.name) } }))"
    assert await page.evaluate(tried) == "EvalError"


async def test_only_gantry_requests_may_carry_the_session_across_origins(
    slack: FakeSlack, signed_in: BrowserContext
) -> None:
    page = await signed_in.new_page()
    token = await ready(page)

    async def call(url: str) -> dict[str, str]:
        return await page.evaluate(CALL, {"url": url, "token": token})

    workspace = f"https://{slack.world.domain}.slack.com/api/auth.test"
    assert "Failed to fetch" in (await call(workspace))["failed"]
    assert (await call(f"{workspace}?_x_gantry=true"))["user_id"] == slack.world.account
    assert (await call("https://app.slack.com/api/auth.test"))["user_id"] == slack.world.account
    slack.faults.drop("auth.test")
    assert "Failed to fetch" in (await call(f"{workspace}?_x_gantry=true"))["failed"]


async def test_an_authorization_header_fails_its_preflight(slack: FakeSlack, signed_in: BrowserContext) -> None:
    page = await signed_in.new_page()
    await ready(page)
    url = f"https://{slack.world.domain}.slack.com/api/auth.test?_x_gantry=true"
    send = "async url => fetch(url, {method: 'POST', headers: {Authorization: 'Bearer x'}}).catch(e => String(e))"
    assert "Failed to fetch" in await page.evaluate(send, url)
    assert slack.requests("auth.test") == []


async def test_a_stranger_is_sent_to_the_sign_in_page_and_its_button_signs_in(
    slack: FakeSlack, chromium: Browser
) -> None:
    slack.sign_out()
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto("https://app.slack.com/client")
    assert page.url.startswith("https://app.slack.com/workspace-signin")
    await page.click("#sign-in")
    assert await ready(page) == slack.world.token()
    await context.close()
