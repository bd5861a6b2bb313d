"""Files on the dashboard's pages, in a real browser: looked at, played, handed over, and never executed."""

from __future__ import annotations

import io
import os
import wave
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from operations.filing import HTML, SVG, TEXT, attached, bring, png, post, refuse, stored
from operations.shelf import Shelf
from polyhost.browser.locate import find_browser
from polyhost.files.contents import Contents
from polyhost.ledger.files import FileReason, FileState
from web.axe import is_for_everyone
from web.serving import PHONE, Served, serve

pytestmark = pytest.mark.requirement("SL-2")

HOSTILE = (
    "</script><script>document.title='executed'</script><img src=x onerror=\"document.title='executed'\">\u202egnp.png"
)
MANY = 500


def sound() -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 4000)
    return made.getvalue()


def one_page() -> bytes:
    """A PDF that a viewer can show: one page, all red."""
    drawing = b"1 0 0 rg 0 0 300 300 re f"
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing),
    ]
    made, places = b"%PDF-1.4\n", list[int]()
    for number, part in enumerate(parts, 1):
        places.append(len(made))
        made += b"%d 0 obj%sendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 5\n0000000000 65535 f \n%strailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return made + end % (table, len(made))


FILM = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 64
FILES = {
    "F1": ("harbour.png", "image/png", png(3, width=400, height=300)),
    "F2": (HOSTILE, "image/png", png(5, width=300, height=300)),
    "F3": ("a page that says it is a picture.png", "image/png", HTML),
    "F4": ("drawing.svg", "image/svg+xml", SVG),
    "F5": ("berth plan.pdf", "application/pdf", one_page()),
    "F6": ("voice note.wav", "audio/wav", sound()),
    "F7": ("pier.mp4", "video/mp4", FILM),
    "F8": ("notes.txt", "text/plain", TEXT),
    "F9": ("later.png", "image/png", None),
    "F10": ("secret.doc", "application/msword", None),
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    made = Shelf(tmp_path_factory.mktemp("files") / "home")
    made.home.mkdir()
    await made.connect()
    await made.label(C1="harbour", C2="many")
    for number, (name, kind) in enumerate((name, kind) for name, kind, _ in FILES.values()):
        await post(made, number, f"message {number}", attached(f"F{number + 1}", name, kind))
    await post(made, 90, "three at once", *(attached(f"F{number}", *FILES[f"F{number}"][:2]) for number in (1, 5, 9)))
    await bring(made, {number: data for number, (*_, data) in FILES.items() if data is not None})
    await refuse(made, "F10", FileState.REFUSED, FileReason.NOT_ALLOWED)
    many = [attached(f"M{number}", f"picture {number}.png") for number in range(MANY)]
    for start in range(0, MANY, 50):
        await post(made, -1000 + start, "an album", *many[start : start + 50], channel="C2")
    await bring(made, {f"M{number}": png(number, width=640, height=480) for number in range(MANY)})
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shown(shelf: Shelf, chromium: Browser) -> AsyncGenerator[Served]:
    async with serve(shelf.home, chromium) as one:
        yield one


PAGES = {
    "gallery": "/connections/slack/files",
    "missing": "/connections/slack/files?state=to_come",
    "records": "/connections/slack/records/messages?partition=C1",
    "overview": "/connections/slack",
}


async def drawn(page: Page) -> dict[str, bool]:
    """Every picture that is in view, by its text, and whether the browser could draw it."""
    return await page.evaluate(
        """async () => {
            const all = [...document.querySelectorAll("img[data-picture]")].filter((one) => one.checkVisibility());
            for (const one of all) { one.loading = "eager"; await one.decode().catch(() => undefined); }
            return Object.fromEntries(all.map((one) => [one.alt, one.naturalWidth > 0]));
        }"""
    )


@pytest.mark.parametrize("path", PAGES.values(), ids=list(PAGES))
@pytest.mark.parametrize("viewport", [None, PHONE], ids=["desk", "phone"])
async def test_a_page_with_files_is_for_everyone_and_runs_nothing(shown: Served, path: str, viewport: Any):
    async with shown.visit(path, viewport=viewport) as visit:
        await is_for_everyone(visit.page)
        assert "executed" not in await visit.page.title()
        wide = await visit.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0


async def test_records_show_pictures_players_links_and_what_is_missing(shown: Served):
    async with shown.visit("/connections/slack/records/messages?partition=C1") as visit:
        page = visit.page
        assert await drawn(page) == {"harbour.png": True, HOSTILE.replace("\u202e", " "): True}
        assert await page.locator("audio").evaluate("one => one.readyState >= 0 && one.preload") == "none"
        assert await page.locator("video").count() == 1
        for name in ("berth plan.pdf", "notes.txt"):
            link = page.get_by_role("link", name=name).first
            assert await link.get_attribute("target") == "_blank"
        for name in ("drawing.svg", "a page that says it is a picture.png"):
            assert await page.get_by_role("link", name=name).get_attribute("download") is not None
        away = page.locator("[data-state=to_come]").first
        assert await away.inner_text() == "later.png not here: It has not been fetched yet."
        assert "The source does not let your account have it." in await page.locator("main").inner_text()
        assert await page.locator("iframe, object, embed").count() == 0


async def test_a_pdf_is_shown_by_the_browsers_own_viewer_and_is_in_a_sandbox(shelf: Shelf):
    """Only a browser that could have windows has a viewer."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=find_browser(), headless=False, args=["--headless=new", *sandbox]
        )
        async with (
            serve(shelf.home, browser) as windowed,
            windowed.visit("/connections/slack/records/messages?partition=C1") as visit,
        ):
            address = await visit.page.get_by_role("link", name="berth plan.pdf").first.get_attribute("href")
            async with visit.page.expect_event("framenavigated", lambda one: "chrome-extension:" in one.url) as shown:
                answer = await visit.page.goto(f"{windowed.base}{address}")
            viewer = await shown.value
            assert answer is not None
            assert (await answer.all_headers())["content-security-policy"].startswith("sandbox; default-src 'none'")
            await viewer.locator("#pagelength", has_text="1").wait_for(state="attached")  # it has read it
        await browser.close()


async def test_sound_is_played_from_the_middle(shown: Served):
    """The player asks for ranges."""
    async with shown.visit("/connections/slack/records/messages?partition=C1") as visit:
        length = await visit.page.locator("audio").evaluate(
            """one => new Promise((resolve, reject) => {
                one.onerror = () => reject(new Error(one.error.message));
                one.onseeked = () => resolve([one.duration, one.currentTime]);
                one.onloadedmetadata = () => { one.currentTime = 0.25; };
                one.preload = "auto"; one.load();
            })"""
        )
    assert length == [0.5, 0.25]


@pytest.mark.parametrize("number", ["F3", "F4"])
async def test_what_could_run_is_saved_and_not_opened(shown: Served, shelf: Shelf, number: str, tmp_path: Path):
    file_id = (await stored(shelf))[number]
    async with shown.visit("/connections/slack/files") as visit:
        place = f"/v1/connections/slack/files/{file_id}/content"
        async with visit.page.expect_download() as coming:
            await visit.page.evaluate("place => { location.href = place; }", place)
        await (await coming.value).save_as(tmp_path / "saved")
        assert "executed" not in await visit.page.title()
    assert (tmp_path / "saved").read_bytes() == FILES[number][2]


async def test_text_that_is_opened_is_text(shown: Served, shelf: Shelf):
    file_id = (await stored(shelf))["F8"]
    async with shown.visit(f"/v1/connections/slack/files/{file_id}/content") as visit:
        assert await visit.page.title() != "executed"
        assert "<script>" in await visit.page.locator("body").inner_text()


async def test_a_drawing_or_a_page_is_no_picture_of_another_page(shown: Served, shelf: Shelf):
    """Even where a page of this server asked for it as one: it is not sent as anything that is drawn."""
    numbers = await stored(shelf)
    async with shown.visit("/connections/slack/files") as visit:
        for number in ("F3", "F4"):
            is_drawn = await visit.page.evaluate(
                """place => new Promise((done) => {
                    const picture = new Image(); picture.onload = () => done(true); picture.onerror = () => done(false);
                    picture.src = place;
                })""",
                f"/v1/connections/slack/files/{numbers[number]}/content",
            )
            assert is_drawn is False


async def test_the_gallery_is_narrowed_and_says_why_some_are_missing(shown: Served):
    async with shown.visit("/connections/slack/files") as visit:
        page = visit.page
        assert await page.locator("[data-field=here]").get_attribute("data-value") == str(MANY + 8)
        await page.get_by_role("link", name="Refused 1").click()
        assert await page.locator("[data-file]").count() == 1
        assert await page.locator("[data-missing=to_come]").inner_text() != ""
        await page.get_by_role("link", name="All 510").click()
        await page.get_by_role("link", name="Video").click()
        assert await page.locator(".tile .name").all_inner_texts() == ["pier.mp4"]


async def test_a_long_name_is_cut_and_told_whole_beside_the_pointer(shown: Served):
    async with shown.visit("/connections/slack/files?partition=C1") as visit:
        name = visit.page.locator(".tile .name[title*=executed]").first
        assert await name.get_attribute("title") == HOSTILE.replace("\u202e", " ")
        assert await name.evaluate("one => one.clientHeight < one.scrollHeight")


async def test_a_page_of_five_hundred_pictures_draws_what_is_in_view(shown: Served):
    asked: list[str] = []
    async with shown.visit("/connections/slack") as visit:
        visit.page.on("request", lambda request: asked.append(request.url))
        await visit.page.goto(f"{shown.base}/connections/slack/files?partition=C2&limit={MANY}")
        assert await visit.page.locator("img[data-picture]").count() == MANY
        first = visit.page.locator("img[data-picture]").first
        assert await first.evaluate("async one => { await one.decode(); return one.naturalWidth; }") == 640
        assert len([url for url in asked if url.endswith("/content")]) < MANY / 2
        last = visit.page.locator("img[data-picture]").last
        await last.scroll_into_view_if_needed()
        assert await last.evaluate("async one => { await one.decode(); return one.naturalWidth; }") == 640


async def test_a_picture_whose_bytes_are_gone_has_its_place_say_so(home: Path, chromium: Browser):
    mine = Shelf(home)
    await mine.connect()
    await post(mine, 1, "x", attached("F1", "lost.png"))
    kept = await bring(mine, {"F1": png(9)})
    Contents(home).remove([kept["F1"].digest])
    async with serve(home, chromium) as served, served.visit("/connections/slack/records/messages") as visit:
        await visit.page.get_by_text("lost.png: this picture cannot be shown.").wait_for()
        await visit.page.reload()
        await visit.page.get_by_text("It was here, and somebody took it out of the home.").wait_for()
