"""An HTML export as it is opened from the disk, in a real browser without a network."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from operations.shelf import Shelf, message
from polyhost.operations.export import ExportRequest, export
from web.axe import violations
from web.serving import PHONE

HOSTILE = "</style></p><script>document.title='broken'</script><style>body{display:none}</style><img src='http://x/'>"
DAY = 86_400
PEOPLE = [{"id": "U1", "display_name": "Ann", "real_name": "Ann Other", "title": "Keeper of the light"}]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days and two months of a conversation with a thread, an edit and a deletion; and a person."""
    shelf = Shelf(tmp_path_factory.mktemp("exported") / "home")
    shelf.home.mkdir()
    await shelf.connect()
    await shelf.label(C1="harbour")
    gone = message(DAY + 5, "goes away")
    rows = [message(1, "Is the lamp lit?"), message(2, HOSTILE, thread=2), message(DAY, "It is.", thread=2), gone]
    await shelf.put(
        {"messages": [*rows, message(DAY + 9, "frist words"), message(20 * DAY, "October")], "users": PEOPLE}
    )
    await shelf.put({"messages": [message(DAY + 9, "first words")]})
    await shelf.delete("messages", gone)
    folder = shelf.home.parent / "pages"
    await export(shelf.context, ExportRequest(name="slack", format="html", to=str(folder), deleted=True, versions=True))
    return folder


@pytest_asyncio.fixture(loop_scope="session")
async def offline(chromium: Browser) -> AsyncGenerator[Page]:
    """A page without a network. Fails where it asked for anything but itself, or its policy or a script complained."""
    context = await chromium.new_context(offline=True)
    page, trouble = await context.new_page(), list[str]()
    page.on("request", lambda asked: trouble.append(asked.url) if not asked.url.startswith("file:") else None)
    page.on("console", lambda said: trouble.append(said.text))
    yield page
    await context.close()
    assert trouble == []


async def test_an_export_is_read_from_page_to_page(offline: Page, folder: Path):
    page = offline
    await page.goto((folder / "index.html").as_uri())
    assert await page.get_by_role("heading", level=2).all_inner_texts() == ["Messages", "Also here"]
    await page.get_by_role("link", name="September 2026").click()
    assert await page.get_by_role("heading", level=2).all_inner_texts() == [
        "Monday, 21 September 2026",
        "Tuesday, 22 September 2026",
    ]
    replies = page.get_by_role("group", name="Replies")
    assert "Tuesday, 22 September 2026, 14:13" in await replies.inner_text()
    assert await replies.locator("xpath=preceding-sibling::article[1]").locator(".text").inner_text() == HOSTILE
    assert set(await page.locator(".marks").all_inner_texts()) == {"deleted", "before it was edited"}
    await page.get_by_role("link", name="→ October 2026").click()
    assert await page.title() == "harbour · October 2026"
    await page.get_by_role("link", name="← September 2026").click()
    await page.get_by_role("link", name="slack").click()
    await page.get_by_role("link", name="People").click()
    assert "Keeper of the light" in await page.locator("main").inner_text()


async def test_an_export_is_for_everyone_on_a_screen_a_phone_and_paper(offline: Page, folder: Path):
    page = offline
    for path in ("index.html", "messages/0001-harbour/2026-09.html", "users/all.html"):
        await page.goto((folder / path).as_uri())
        for theme in ("light", "dark"):
            await page.emulate_media(color_scheme=theme)
            assert (path, theme, await violations(page)) == (path, theme, [])
        await page.set_viewport_size(PHONE)
        assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        await page.emulate_media(media="print", color_scheme="dark")
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert await page.locator("nav:visible, footer:visible").count() == 0
        await page.emulate_media(media="screen")
