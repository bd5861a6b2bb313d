"""One home full of situations, one server over it, one browser, for all tests of the dashboard."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from web.serving import Served, launched, serve
from web.situations import make_home


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def situations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a connection in every situation."""
    return await make_home(tmp_path_factory.mktemp("situations") / "home")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def chromium() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright, launched(playwright) as browser:
        yield browser


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def served(situations: Path, chromium: Browser) -> AsyncGenerator[Served]:
    """The dashboard over all situations."""
    async with serve(situations, chromium) as one:
        yield one
