"""What an owner does in the page: start a run, watch, pause, stop and answer it, import a file, let a partition go."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from e2e.owner import NAME, Owner
from engine.notices.listening import listening
from fakes.slack import FakeSlack, scenarios
from media_artifacts import PNG, write_chat
from playbooks import manifest_json, stream
from polyhost.engine.events import (
    BrowserStarted,
    ConnectorRestarted,
    OwnerAsked,
    ProgressReported,
    RequestsCounted,
    RunPaused,
    RunResumed,
    RunStarted,
)
from polyhost.engine.hosting.run_host import Voice
from polyhost.engine.sessions.saved import save_session
from polyhost.engine.settings.config import config_path
from polyhost.protocol.reach import Reach
from polyhost.store import memos
from polyhost.store.opening import open_store
from web.axe import is_for_everyone
from web.serving import Served, serve
from web.situations import CHAT

AT = "2026-11-22T03:15:58.000Z"
HOSTILE_NAME = "WhatsApp Chat with Ada.txt"
PATIENCE = 40_000
"""Milliseconds a real run may take on a busy machine."""


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(scenarios.small()) as running:
        yield running


@pytest.fixture
async def mine(slack: FakeSlack, home: Path, chromium: Browser) -> AsyncGenerator[Served]:
    """A dashboard over a connection to the fake workspace, which was never run."""
    await Owner(slack, home).connect()
    async with serve(home, chromium) as served:
        yield served


async def test_a_run_is_started_watched_and_read_on_pages(mine: Served):
    async with mine.visit(f"/connections/{NAME}") as visit:
        page = visit.page
        await page.locator(".head").get_by_role("button", name="Run now").click()
        await page.wait_for_url("**/runs/run_*", timeout=PATIENCE)
        await expect(page.get_by_role("link", name="Receipt", exact=True)).to_be_visible(timeout=PATIENCE)
        await expect(page.locator('[data-field="status"]').first).to_have_text("complete")
        run = page.url.rpartition("/")[2]
        details = await mine.api(f"/v1/runs/{run}")
        shown = page.locator('[data-stream="messages"] [data-count="new"]')
        assert await shown.inner_text() == str(details["streams"]["messages"]["new"])
        assert details["streams"]["messages"]["new"] > 0
        await visit.go(f"/connections/{NAME}/coverage")
        assert await page.locator(".strip rect.gained").count() > 0, "what the run brought is shown as new"


async def test_a_run_that_goes_on_is_followed_paused_and_cancelled(mine: Served, slack: FakeSlack):
    gate = slack.faults.hold("conversations.history", after=2)
    async with mine.visit(f"/connections/{NAME}") as visit:
        page = visit.page
        await page.locator(".head").get_by_role("button", name="Run now").click()
        await page.wait_for_url("**/runs/run_*", timeout=PATIENCE)
        await expect(page.locator("[data-moving] tr").first).to_be_visible(timeout=PATIENCE)
        await expect(page.locator("[data-partitions]")).to_contain_text("partitions are whole")
        await page.get_by_role("button", name="Pause").click()
        await expect(page.get_by_role("button", name="Resume")).to_be_visible(timeout=PATIENCE)
        await page.get_by_role("button", name="Cancel").click()
        await expect(page.locator('[data-field="status"]').first).to_have_text("cancelled", timeout=PATIENCE)
        gate.release()


async def test_what_happens_to_a_run_is_told_on_its_page(served: Served):
    """Rate limits, waits and restarts, as the run says them."""
    going = asyncio.Event()

    async def job(voice: Voice) -> Mapping[str, Any]:
        voice.watch(RunStarted("run_told", "good", "test", ("messages",)))
        voice.watch(BrowserStarted("page"))
        voice.watch(RequestsCounted(1204, 3, 61.0))
        voice.watch(ConnectorRestarted("crash", 1))
        await going.wait()
        return {}

    await served.runs.start(job, connection="good")
    async with served.visit("/runs/run_told") as visit:
        page = visit.page
        await expect(page.locator("[data-requests]")).to_have_text("1,204")
        await expect(page.locator("[data-limited]")).to_have_text("3")
        await expect(page.locator("[data-waited]")).to_have_text("61 s")
        await expect(page.locator("[data-restarts]")).to_have_text("1")
        await is_for_everyone(page)
        going.set()


async def test_one_button_pauses_and_resumes_by_keyboard_and_without_a_reload(served: Served):
    going = asyncio.Event()
    at, until = "2026-11-22T03:15:58.000Z", "2026-11-22T04:15:58.000Z"

    async def job(voice: Voice) -> Mapping[str, Any]:
        voice.watch(RunStarted("run_waits", "good", "test", ("messages",)))
        voice.watch(BrowserStarted("page"))
        for told in (RunPaused("run_waits", at, until), RunResumed("run_waits", at)):
            await voice.pause.change().wait()
            voice.watch(told)
            voice.watch(ProgressReported("under way", None, None, None))
        await going.wait()
        return {}

    await served.runs.start(job, connection="good")
    async with served.visit("/runs/run_waits") as visit:
        page = visit.page
        button, doing = page.locator("[data-pause]"), page.locator("[data-doing]")
        await page.evaluate("window.untouched = true")
        await expect(doing).to_have_text("Asking what there is")
        await button.focus()
        await page.keyboard.press("Enter")
        await expect(button).to_have_text("Resume")
        await expect(button).to_be_focused()
        await expect(page.locator("#told")).to_have_text("The run is paused.")
        await expect(doing).to_have_text("Paused; nothing is asked of the site. Ends by itself at 04:15")
        assert (await served.api("/v1/runs/run_waits"))["paused"] is True
        assert await page.evaluate("window.untouched") is True
        await page.reload()
        await expect(button).to_have_text("Resume")
        await button.press("Space")
        await expect(button).to_have_text("Pause")
        await expect(page.locator("#told")).to_have_text("The run goes on.")
        await expect(doing).to_have_text("under way")
        going.set()


async def test_a_pause_that_is_refused_says_why_and_leaves_the_button_as_it_was(served: Served):
    going = asyncio.Event()

    async def job(voice: Voice) -> Mapping[str, Any]:
        voice.watch(RunStarted("run_goes", "good", "test", ("messages",)))
        voice.watch(BrowserStarted("page"))
        await going.wait()
        return {}

    await served.runs.start(job, connection="good")
    async with served.visit("/runs/run_goes") as visit:
        button = visit.page.locator("[data-pause]")
        await button.evaluate("(button) => { button.dataset.run = 'run_of_before'; }")
        await button.click()
        await expect(visit.page.locator("#told")).to_contain_text("No run 'run_of_before' is going on")
        await expect(button).to_have_text("Pause")
        going.set()


@pytest.mark.requirement("PR-4.4")
@pytest.mark.parametrize("where", ["/questions", "/runs/run_asks"])
async def test_a_question_is_answered_in_the_page_and_shown_nowhere_else(served: Served, where: str):
    answers: list[tuple[str, Any]] = []

    async def job(voice: Voice) -> Mapping[str, Any]:
        voice.watch(RunStarted("run_asks", "good", "test", ("messages",)))
        asked = OwnerAsked("q1", "credentials", "Who are <you>?", None)
        voice.watch(asked)
        answers.append(await voice.answer(asked))
        return {}

    run_id = await served.runs.start(job, connection="good")
    async with served.visit(where) as visit:
        page = visit.page
        await expect(page.locator("[data-questions]")).to_contain_text("1")
        form = page.locator("form.question")
        await expect(form).to_contain_text("Who are <you>?")
        await form.get_by_label("username").fill("ada")
        secret = form.get_by_label("password")
        assert await secret.get_attribute("type") == "password"
        await secret.fill("a secret")
        await page.keyboard.press("Enter")
        await served.runs.finished(run_id)
        assert answers == [("success", {"username": "ada", "password": "a secret"})]
        await expect(page.locator("form.question")).to_have_count(0)
        assert "a secret" not in await page.content()


async def test_a_question_may_be_left_unanswered(served: Served):
    answers: list[tuple[str, Any]] = []

    async def job(voice: Voice) -> Mapping[str, Any]:
        voice.watch(RunStarted("run_declined", "good", "test", ("messages",)))
        asked = OwnerAsked("q2", "manual_action", "Press the button there", None)
        voice.watch(asked)
        answers.append(await voice.answer(asked))
        return {}

    run_id = await served.runs.start(job, connection="good")
    async with served.visit("/questions") as visit:
        await visit.page.get_by_role("button", name="Do not answer").click()
        await served.runs.finished(run_id)
    assert answers == [("cancelled", None)]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def empty(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> AsyncGenerator[Served]:
    """A dashboard over a home with nothing in it."""
    async with serve(tmp_path_factory.mktemp("empty") / "home", chromium) as served:
        yield served


async def test_a_file_is_dropped_previewed_and_imported(empty: Served):
    async with empty.visit("/import") as visit:
        page = visit.page
        await page.get_by_label("Into connection").fill("family")
        await page.evaluate(
            "([text, name]) => { const data = new DataTransfer(); data.items.add(new File([text], name));"
            " document.querySelector('[data-drop]').dispatchEvent("
            " new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })); }",
            [CHAT, HOSTILE_NAME],
        )
        preview = page.locator("[data-preview]")
        await expect(preview).to_be_visible(timeout=PATIENCE)
        assert await preview.locator('[data-count="accepted"]').inner_text() == "3"
        assert (await empty.api("/v1/connections"))["connections"] == [], "a preview writes nothing"
        await is_for_everyone(page)
        await preview.get_by_role("button", name="Import it into family").click()
        await page.wait_for_url("**/runs/run_*", timeout=PATIENCE)
        await page.get_by_role("link", name="Receipt", exact=True).click(timeout=PATIENCE)
        assert await page.locator('[data-count="accepted"]').inner_text() == "3"
        batches = await empty.api("/v1/connections/family/batches")
        assert batches["batches"][0]["counts"]["accepted"] == 3


async def test_a_preview_shows_what_is_only_worth_knowing(empty: Served, tmp_path: Path):
    """That files can be taken too is no gap and no error."""
    file = write_chat(tmp_path / "WhatsApp Chat - Ada.zip", {"IMG-1.png": PNG})
    async with empty.visit("/import?name=another") as visit:
        await visit.page.locator("#file").set_input_files(file)
        preview = visit.page.locator("[data-preview]")
        await expect(preview.locator("[data-gap=files_not_taken]")).to_be_visible(timeout=PATIENCE)
        assert await preview.locator("[data-gap=files_not_taken] .tone-note svg path").count() == 1
        await is_for_everyone(visit.page)


async def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(empty: Served, tmp_path: Path):
    file = tmp_path / "<img src=x onerror=document.title='broken'>.zip"
    file.write_bytes(b"no export")
    async with empty.visit("/import?name=other") as visit:
        page = visit.page
        await page.locator("#file").set_input_files(file)
        await expect(page.locator("#told")).not_to_be_empty(timeout=PATIENCE)
        await expect(page.locator("[data-preview]")).to_be_hidden()
        assert "broken" not in await page.title()


async def test_a_partition_is_let_go_and_taken_back(served: Served):
    async with served.visit("/connections/vanished-twice-reported/coverage") as visit:
        page = visit.page
        visit.expects_dialog()
        await page.get_by_role("button", name="Retire C1").click()
        await expect(page.get_by_role("button", name="Restore C1")).to_be_visible()
        await page.wait_for_load_state()  # the page came anew: buttons do something once its scripts are there
        await page.get_by_role("button", name="Restore C1").click()
        await expect(page.get_by_role("button", name="Retire C1")).to_be_visible()


@pytest.mark.requirement("RS-1.1")
async def test_an_exception_is_set_aside_and_taken_back(served: Served):
    async with served.visit("/connections/invalid-records/coverage") as visit:
        page = visit.page
        visit.expects_dialog()
        await page.get_by_role("button", name="Set aside").click()
        await expect(page.get_by_role("button", name="Take back")).to_be_visible()
        await page.wait_for_load_state()
        await page.get_by_role("button", name="Take back").click()
        await expect(page.get_by_role("button", name="Set aside")).to_be_visible()


@pytest.mark.requirement("SE-1")
async def test_a_source_that_wants_more_is_looked_at_and_agreed_to(home: Path, chromium: Browser):
    """What is agreed to is what the page shows: a manifest that changes meanwhile is not agreed to with it."""
    declare(home, "gulls.example", "*.new.example", "other.example")
    store = await open_store(home)
    row = await store.connections.create(name="gulls", source="gulls", nature="live", options={}, account={}, at=AT)
    await store.connections.save_memo(row.id, memos.REACH, Reach(hosts=("gulls.example",)).as_json())
    await store.close()
    save_session(home, "gulls", {"cookies": [], "origins": []})
    async with serve(home, chromium) as served, served.visit("/") as visit:
        page = visit.page
        await page.locator('[data-row="next_action"]').get_by_role("link", name="Look").click()
        await page.wait_for_url("**/connections/gulls#hosts")
        hosts = page.locator("[data-hosts]")
        new = hosts.locator('[data-field="unagreed"] li')
        assert await new.all_inner_texts() == ["any name below new.example", "other.example"]
        await is_for_everyone(page)
        declare(home, "gulls.example", "*.new.example", "other.example", "evil.example")
        await hosts.get_by_role("button", name="Agree to this").click()
        await expect(page.locator("#told")).to_contain_text("is not what was shown")
        await page.reload()
        await expect(new).to_have_count(3)
        await hosts.get_by_role("button", name="Agree to this").click()
        await expect(hosts).to_have_count(0)
        assert (await served.api("/v1/connections/gulls/hosts"))["unagreed"] == []
        await visit.go("/")
        await expect(page.locator('[data-row="next_action"]', has_text="reach more")).to_have_count(0)


@pytest.mark.requirement("RS-5")
async def test_a_host_that_a_site_has_named_is_looked_at_and_agreed_to(home: Path, chromium: Browser):
    """The address and the reason are shown as what they are, whatever stands in them."""
    declare(home, {"setup_field": "site", "allow_private": True, "rationale": "At home."}, page="{site}/start")
    named = [{"host": "https://files.gulls.example", "why": "<img src=x onerror=alert(1)>"}]
    options = {"settings": {"site": "https://gulls.example/w"}, "discovered": {"hosts": named, "page": None}}
    store = await open_store(home)
    row = await store.connections.create(
        name="gulls", source="gulls", nature="live", options=options, account={}, at=AT
    )
    agreed = Reach(hosts=("https://gulls.example",), private={"https://gulls.example": "At home."})
    await store.connections.save_memo(row.id, memos.REACH, agreed.as_json())
    await store.close()
    save_session(home, "gulls", {"cookies": [], "origins": []})
    async with serve(home, chromium) as served, served.visit("/") as visit:
        page = visit.page
        assert await page.locator('[data-field="site"]').all_inner_texts() == ["https://gulls.example/w"]
        await visit.go("/connections/gulls")
        hosts = page.locator("[data-hosts]")
        new = hosts.locator('[data-field="named"] li')
        shown = "files.gulls.example, which the site itself names (<img src=x onerror=alert(1)>)"
        await expect(new).to_have_text([f"{shown}, also at an address of your private network"])
        await expect(hosts.locator('[data-field="unagreed"]')).to_have_count(0)
        await is_for_everyone(page)
        await hosts.get_by_role("button", name="Agree to this").click()
        await expect(hosts).to_have_count(0)
        told = await served.api("/v1/connections/gulls/hosts")
        assert (told["named"], len(told["reaches"])) == ([], 2)
        assert (await served.api("/v1/connections/gulls/health"))["site"] == "https://gulls.example/w"


def declare(home: Path, *hosts: Any, page: str = "https://gulls.example/") -> None:
    """A source of the home's own that reaches these."""
    folder = home / "polyfills" / "gulls"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "polyfill.js").write_text("polyfill(async () => {});", encoding="utf-8")
    runs = {"polyfill": {"script": "polyfill.js", "page": page, "hosts": list(hosts)}}
    declared = manifest_json(stream("notes"), **runs)
    (folder / "manifest.json").write_text(json.dumps(declared), encoding="utf-8")


async def test_a_schedule_is_paused_resumed_and_changed(served: Served):
    async with served.visit("/connections/scheduled") as visit:
        page = visit.page
        status = page.locator('[data-axis="schedule"] [data-field="status"]')
        await page.get_by_role("button", name="Pause").click()
        await expect(status).to_have_text("paused")
        await page.wait_for_load_state()
        await page.get_by_role("button", name="Resume").click()
        await expect(status).not_to_have_text("paused")
        await page.wait_for_load_state()
        await page.locator('[data-axis="schedule"] summary', has_text="Change").click()
        await page.get_by_label("When it runs").select_option("Only when I start it")
        await page.get_by_role("button", name="Save").click()
        await expect(status).to_have_text("manual")


async def test_a_notification_is_tried_out_and_its_end_is_told(empty: Served):
    async with listening() as hook:
        empty.home.mkdir(exist_ok=True)
        config_path(empty.home).write_text(f'[notify]\nwebhook = "{hook.url}"\n', encoding="utf-8")
        hook.answers.append(403)
        async with empty.visit("/settings") as visit:
            told = visit.page.locator("#told")
            await visit.page.get_by_role("button", name="Send a test").click()
            await expect(told).to_contain_text("By webhook: ", timeout=PATIENCE)
            assert await told.locator(".tone-bad").count() == 1
            await visit.page.get_by_role("button", name="Send a test").click()
            await expect(told).to_contain_text("it was taken", timeout=PATIENCE)
        assert len(hook.posted) == 2
        config_path(empty.home).unlink()


async def test_signing_out_ends_this_browsers_session(empty: Served):
    headers = {"Authorization": f"Bearer {empty.token}"}
    async with aiohttp.ClientSession(empty.address, headers=headers) as owner, owner.post("/v1/session-links") as made:
        link = (await made.json())["link"]
    context = await empty.browser.new_context(base_url=empty.base)
    page = await context.new_page()
    await page.goto(link)
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_role("button", name="Sign out here").click()
    await expect(page.locator("nav")).to_have_count(0, timeout=PATIENCE)
    assert await context.cookies() == []
    await context.close()


async def test_whoever_is_not_signed_in_is_told_how(served: Served):
    context = await served.browser.new_context()
    page = await context.new_page()
    await page.goto(served.base + "/connections/good")
    assert "polyhost serve --link" in await page.locator("main").inner_text()
    assert await page.locator("nav, #state").count() == 0, "nothing is shown of what is there"
    await page.goto(served.base + "/login?code=used")
    await expect(page.get_by_role("alert")).to_contain_text("used already")
    await context.close()


async def test_another_browser_is_listed_and_signed_out_and_then_every_one(empty: Served):
    headers = {"Authorization": f"Bearer {empty.token}"}
    async with aiohttp.ClientSession(empty.address, headers=headers) as owner:
        pages: list[Page] = []
        for _ in range(2):
            async with owner.post("/v1/session-links") as made:
                link = (await made.json())["link"]
            page = await (await empty.browser.new_context()).new_page()
            await page.goto(link)
            pages.append(page)
        mine, other = pages
        await mine.goto(empty.base + "/settings")
        rows = mine.locator('[data-row="sign-in"]')
        assert await rows.count() >= 2
        await expect(rows.first).to_contain_text("this one")
        await expect(rows.first).to_contain_text("Chrome")
        await rows.nth(1).get_by_role("button", name="Sign out").click()
        await mine.wait_for_load_state()
        await other.goto(empty.base + "/")
        await expect(other.get_by_role("heading", name="Sign in from your terminal")).to_be_visible(timeout=PATIENCE)
        mine.on("dialog", lambda dialog: dialog.accept())
        await mine.get_by_role("button", name="Sign out everywhere").click()
        await expect(mine.get_by_role("heading", name="Sign in from your terminal")).to_be_visible(timeout=PATIENCE)
        async with owner.get("/v1/sign-ins") as left:
            assert (await left.json())["sign_ins"] == []
        async with owner.post("/v1/session-links") as made:
            await empty.sign_in((await made.json())["link"])
        for page in pages:
            await page.context.close()
