"""Fixtures of tests that drive a real browser; a conftest.py imports them by name."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from fakes.page_runs import PageRuns
from fakes.site import SiteHost, Sites, serve_sites
from polyhost.browser.launch import BrowserOptions, launch


@pytest_asyncio.fixture(scope="session")
async def sites() -> AsyncGenerator[Sites]:
    async with serve_sites() as serving:
        yield serving


@pytest_asyncio.fixture(scope="session")
async def pages(sites: Sites) -> AsyncGenerator[PageRuns]:
    """One browser for all tests that do not break it."""
    async with launch(BrowserOptions(map_hosts=sites.mapping)) as browser:
        yield PageRuns(sites, browser)


@pytest_asyncio.fixture
async def site(sites: Sites) -> SiteHost:
    """A site with a front page and nothing else."""
    fresh = sites.new()
    fresh.page()
    return fresh
