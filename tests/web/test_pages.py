"""Every page, in light and dark, on a desk and on a phone: usable by everyone, and safe from what it shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from operations.shelf import Shelf, message, ts
from polyhost.ledger.state import PartitionState, Range
from polyhost.store.base import SavePartitions
from web.axe import is_for_everyone
from web.serving import Served, serve

SHOWN = "</script><script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\"> gnp. exe 2 x"
HOSTILE = SHOWN.replace("gnp. exe 2 x", "gnp.\u202eexe\x1b2\u2066x")
"""Text that would be a script wherever it were not escaped, and turns what follows it wherever it is not cleaned."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hostile(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Any:
    """A home whose every name and text is a script, with threads, old versions and deleted records."""
    shelf = Shelf(tmp_path_factory.mktemp("hostile") / "home")
    shelf.home.mkdir()
    await shelf.connect()
    await shelf.put(
        {"messages": [message(1, HOSTILE), message(2, "a reply to it", thread=1), message(3, "first words")]}
    )
    await shelf.put({"messages": [message(3, f"later words {HOSTILE}", user_id=HOSTILE), message(4, "goes away")]})
    await shelf.delete("messages", message(4, "goes away"))
    await shelf.put({"users": [{"id": "U1", "real_name": "Ada Quay"}]})
    await shelf.label(C1=HOSTILE)
    async with shelf.context.store() as store:
        row = await shelf.context.connection(store, "slack")
        covered = PartitionState(
            stream="messages", key="C1", label=HOSTILE, covered=(Range(None, ts(3)),), last_seen="2026-11-22T00:00:00Z"
        )
        await store.write(row.id, None, [SavePartitions([covered])])
    async with serve(shelf.home, chromium) as served:
        yield served


def _key(number: int) -> str:
    return quote(json.dumps(["C1", ts(number)], separators=(",", ":")))


PAGES = {
    "connections": "/",
    "connection": "/connections/slack",
    "coverage": "/connections/slack/coverage",
    "records": "/connections/slack/records",
    "partition": "/connections/slack/records/messages?partition=C1&deleted=yes",
    "thread": f"/connections/slack/thread?stream=messages&key={_key(1)}",
    "record": f"/connections/slack/record?stream=messages&key={_key(3)}",
    "runs": "/connections/slack/runs",
    "receipts": "/connections/slack/receipts",
    "search": "/search?q=words",
    "no-search": "/search",
    "questions": "/questions",
    "settings": "/settings",
    "no-connection": "/connections/nobody",
    "no-page": "/records",
    "import": "/import",
}


async def written_out(page: Page) -> str:
    """The page without the data that is embedded in it and never shown."""
    return await page.evaluate(
        "() => { const all = document.documentElement.cloneNode(true);"
        " all.querySelectorAll('script').forEach((one) => one.remove()); return all.outerHTML; }"
    )


@pytest.mark.parametrize("path", PAGES.values(), ids=list(PAGES))
async def test_a_page_is_for_everyone_and_runs_nothing_that_it_shows(hostile: Served, path: str):
    async with hostile.visit(path) as visit:
        await is_for_everyone(visit.page)
        assert "broken" not in await visit.page.title()
        assert [char for char in "\x1b\u202e\u2066" if char in await written_out(visit.page)] == []
        assert await visit.page.locator("img, script:not([src]):not([type='application/json'])").count() == 0


@pytest.mark.parametrize("name", ["many-vanished", "vanished-with-holes", "limited", "paused", "blocking-gap"])
async def test_a_connection_is_for_everyone_whatever_its_state(served: Served, name: str):
    async with served.visit(f"/connections/{name}") as visit:
        await visit.page.locator("details").evaluate_all("all => all.forEach(one => (one.open = true))")
        await is_for_everyone(visit.page)


@pytest.mark.parametrize("path", ["/", "/connections/good/coverage", "/connections/good/records", "/search?q=word"])
async def test_a_page_over_many_situations_is_for_everyone(served: Served, path: str):
    async with served.visit(path) as visit:
        await is_for_everyone(visit.page)


@pytest.mark.parametrize("name", ["good", "blocking-gap", "failed-for-good", "imported"])
async def test_what_is_told_of_a_run_or_an_import_is_for_everyone(served: Served, name: str):
    runs = await served.api(f"/v1/connections/{name}/runs")
    batches = await served.api(f"/v1/connections/{name}/batches")
    async with served.visit(f"/runs/{runs['runs'][0]['run_id']}") as visit:
        await is_for_everyone(visit.page)
        await visit.go(f"/receipts/{batches['batches'][0]['batch_id']}")
        await is_for_everyone(visit.page)


async def test_an_import_is_told_as_one(served: Served):
    """Its run asked nothing of a site; what is known of its file stands line by line."""
    runs = await served.api("/v1/connections/imported/runs")
    async with served.visit(f"/runs/{runs['runs'][0]['run_id']}") as visit:
        told = await visit.page.locator("main").inner_text()
        assert "It reads a file of yours." in told
        assert "request" not in told
        await visit.page.get_by_role("link", name="Receipt", exact=True).click()
        about = await visit.page.locator("[data-file] li").all_inner_texts()
        assert "truncated: no" in about
        assert all(line.count(": ") == 1 for line in about if not line.startswith("next artifact"))


async def test_a_name_in_an_error_is_told_as_it_is(served: Served):
    for path in ("/connections/good/records/nothing", "/connections/good/record?stream=notes&key=x"):
        async with served.visit(path) as visit:
            reason = await visit.page.locator('[data-field="reason"]').inner_text()
        assert reason.startswith(("test has no stream", "good has no such record"))


async def test_an_address_that_leads_nowhere_is_a_page_for_a_browser(served: Served):
    """And problem details for a program."""
    async with served.visit("/records") as visit:
        assert await visit.page.locator("h1").inner_text() == "There is nothing here"
        await visit.page.get_by_role("link", name="All connections").click()
        await visit.page.wait_for_url(served.base + "/")
    assert (await served.api("/records"))["code"] == "no_such_page"


async def test_what_is_hostile_is_shown_as_the_text_it_is(hostile: Served):
    async with hostile.visit(PAGES["thread"]) as visit:
        assert await visit.page.locator(".record .text").first.inner_text() == SHOWN
    async with hostile.visit(PAGES["coverage"]) as visit:
        assert await visit.page.locator(".lane .name").inner_text() == SHOWN


async def test_a_script_that_got_into_a_page_would_not_run(hostile: Served):
    """The policy is the second wall: nothing that is not a file of this server runs."""
    async with hostile.visit("/") as visit:
        await visit.page.evaluate(
            "() => { const one = document.createElement('script'); one.textContent = \"document.title = 'broken'\";"
            " document.body.append(one); }"
        )
        assert "broken" not in await visit.page.title()
        assert visit.trouble, "the browser says that the policy was violated"
        visit.trouble.clear()


async def test_members_stand_under_their_head_and_a_record_keeps_what_it_was(hostile: Served):
    async with hostile.visit(PAGES["thread"]) as visit:
        assert await visit.page.locator(".members .record").all_inner_texts() != []
        assert "a reply to it" in await visit.page.locator(".members .record").inner_text()
    async with hostile.visit(PAGES["record"]) as visit:
        assert "first words" in await visit.page.locator("details").inner_text()
    async with hostile.visit(PAGES["records"]) as visit:
        shown = visit.page.locator("[data-record]")
        assert await shown.count() == 2, "a reply stands in its thread"
        await visit.page.get_by_label("Show deleted ones").check()
        await visit.page.wait_for_url("**deleted=yes**")
        assert "deleted at the source" in await visit.page.locator("main").inner_text()


async def test_search_marks_what_was_found(hostile: Served):
    async with hostile.visit("/") as visit:
        await visit.page.get_by_placeholder("Search everything").fill("words")
        await visit.page.keyboard.press("Enter")
        await visit.page.wait_for_url("**/search?q=words")
        assert await visit.page.locator("mark").all_inner_texts() == ["words"]


async def test_a_search_finds_in_the_page_what_it_finds_everywhere(hostile: Served):
    """What is gone at the source only where it is asked for."""
    async with hostile.visit("/search?q=goes") as visit:
        shown = visit.page.locator("[data-record]")
        assert await shown.count() == len((await hostile.api("/v1/search?text=goes"))["hits"]) == 0
        await visit.page.get_by_label("Show deleted ones").check()
        await visit.page.wait_for_url("**deleted=yes**")
        assert await shown.count() == 1
        assert "deleted at the source" in await shown.inner_text()


async def test_only_what_can_have_a_thread_leads_to_one(hostile: Served, served: Served):
    async with hostile.visit("/search?q=reply") as visit:
        await visit.page.get_by_role("link", name="in its thread").click()
        assert "2 records that hang together" in await visit.page.locator(".lead").inner_text()
        await visit.go(f"/connections/slack/thread?stream=messages&key={_key(3)}")
        assert "1 record that stands alone" in await visit.page.locator(".lead").inner_text()
    async with served.visit("/search?q=Three") as visit:
        assert await visit.page.locator("[data-record]").count() > 0
        assert await visit.page.get_by_role("link", name="in its thread").count() == 0


async def test_a_record_says_who_it_is_from(hostile: Served):
    """By name where they are known, else as the record calls them."""
    for path in (PAGES["thread"], "/search?q=reply"):
        async with hostile.visit(path) as visit:
            assert "Ada Quay" in await visit.page.locator("[data-record] .meta").last.inner_text()
    async with hostile.visit(PAGES["record"]) as visit:
        assert f"from {SHOWN}" in await visit.page.locator(".lead").inner_text()


async def test_pages_are_whole_without_scripts(served: Served):
    async with served.visit("/connections/holes", javascript=False) as visit:
        assert await visit.page.locator("rect.hole").count() > 0
        assert await visit.page.locator("[data-axis]").count() == 6


async def test_the_picture_is_zoomed_and_read_by_keyboard_alone(served: Served):
    async with served.visit("/connections/vanished/coverage") as visit:
        page = visit.page
        bar = page.locator(".strip rect.gone").first
        whole = await bar.get_attribute("width")
        await _tab_to(page, ".lane")
        assert "C1" in await page.locator("[data-detail]").inner_text()
        await page.keyboard.press("+")
        assert await bar.get_attribute("width") != whole
        await page.keyboard.press("0")
        assert await bar.get_attribute("width") == whole
        await page.keyboard.press("ArrowDown")
        assert "C2" in await page.locator("[data-detail]").inner_text()
        await page.keyboard.press("Enter")
        await page.wait_for_url("**partition=C2**")


async def test_the_wheel_zooms_where_it_points_and_scrolls_without_a_key(served: Served):
    async with served.visit("/connections/vanished/coverage") as visit:
        page = visit.page
        bar, strip = page.locator(".strip rect.gone").first, page.locator(".strip").first
        whole = await bar.get_attribute("width")
        await strip.hover()
        await page.mouse.wheel(0, 200)
        assert await bar.get_attribute("width") == whole
        await page.keyboard.down("Control")
        await page.mouse.wheel(0, -300)
        await page.keyboard.up("Control")
        await page.wait_for_function(
            "width => document.querySelector('.strip rect.gone').getAttribute('width') !== width", arg=whole
        )
        await page.get_by_role("button", name="All", exact=True).first.click()
        assert await bar.get_attribute("width") == whole


async def test_an_owner_gets_everywhere_by_keyboard(served: Served):
    """From the first page to a record's partition, with Tab and Enter only; every stop can be seen."""
    async with served.visit("/") as visit:
        page = visit.page
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
        await _tab_to(page, '[data-connection="good"] a')
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/connections/good")
        await _tab_to(page, 'a[href$="/coverage"]')
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/connections/good/coverage")
        await _tab_to(page, "tbody a")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/records/messages?partition=**")
        assert await page.locator("[data-record]").count() == 1


async def _tab_to(page: Any, selector: str) -> None:
    """Tab until there, looking at every stop on the way."""
    for _ in range(120):
        await page.keyboard.press("Tab")
        there, outlined = await page.evaluate(
            "one => { const at = document.activeElement; const style = getComputedStyle(at);"
            " return [at.matches(one), style.outlineStyle !== 'none' && style.outlineWidth !== '0px']; }",
            selector,
        )
        assert outlined, await page.evaluate("document.activeElement.outerHTML")
        if there:
            return
    raise AssertionError(f"no stop is {selector}")


async def test_a_thousand_partitions_are_shown_a_page_at_a_time(tmp_path: Path, chromium: Browser):
    shelf = Shelf(tmp_path / "home")
    shelf.home.mkdir()
    await shelf.connect()
    async with shelf.context.store() as store:
        row = await shelf.context.connection(store, "slack")
        states = [
            PartitionState(
                stream="messages", key=f"C{number:04}", label=f"room {number}", covered=(Range(None, ts(number)),)
            )
            for number in range(1000)
        ]
        await store.write(row.id, None, [SavePartitions(states)])
    async with serve(shelf.home, chromium) as many, many.visit("/connections/slack") as visit:
        assert await visit.page.locator(".lane[data-key]").count() == 12
        await visit.page.get_by_role("link", name="the coverage page").click()
        assert await visit.page.locator(".lane[data-key]").count() == 100
        await visit.page.get_by_role("link", name="Next").click()
        await visit.page.wait_for_url("**page=2")
        assert "101–200 of 1,000" in await visit.page.locator("main").inner_text()
