"""An export with its files, opened from the disk in a browser."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from operations.filing import HTML, SVG
from operations.shelf import Shelf
from operations.test_export_files import HOSTILE, exported, pages_of, shelf
from web.serving import launched

__all__ = ["shelf"]

pytestmark = pytest.mark.requirement("SL-2")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def chromium() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright, launched(playwright) as browser:
        yield browser


async def test_pages_draw_pictures_and_run_nothing(shelf: Shelf, tmp_path: Path, chromium: Browser):
    folder = await exported(shelf, tmp_path / "out", "html")
    (page_file,) = [one for one in pages_of(folder, "html") if one.name != "index.html"]
    page = await chromium.new_page()
    try:
        await page.goto(page_file.as_uri())
        drawn = await page.evaluate(
            """async () => {
                const all = [...document.images];
                for (const one of all) { one.loading = "eager"; await one.decode().catch(() => undefined); }
                return all.map((one) => [one.alt, one.naturalWidth]);
            }"""
        )
        names = ("harbour.png", HOSTILE, "harbour.png", "../../../../etc/passwd", "harbour.png")
        assert drawn == [[name, 64] for name in names]
        assert "executed" not in await page.title()
        told = await page.locator("body").inner_text()
        for name, data in (("page.png", HTML), ("drawing.svg", SVG)):
            assert await page.get_by_role("link", name=name).count() == 0
            assert f"{name} {len(data)} B, in files/" in told
        assert "later.png not here: The source does not let your account have it." in told
    finally:
        await page.close()
