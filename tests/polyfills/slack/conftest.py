"""A small workspace that was collected once: most tests ask what the second run makes of a change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from copy import deepcopy

import pytest

from fakes.slack import FakeSlack, scenarios
from polyfills.slack.host import BROWSER, Home, collect, fake_slack


@pytest.fixture(scope="session", autouse=True)
async def _browser() -> AsyncIterator[None]:
    async with BROWSER:
        yield


@pytest.fixture(scope="session")
async def _collected(_browser: None) -> Home:
    home = Home()
    async with fake_slack(scenarios.small()) as slack:
        report = await collect(slack, home)
    assert report.status == "succeeded"
    return home


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """Lantern Bay. What no client may ever do makes the test fail."""
    async with fake_slack(scenarios.small()) as running:
        yield running
        assert running.violations == []
        assert running.requests("conversations.mark") == []


@pytest.fixture
def home(_collected: Home) -> Home:
    """Lantern Bay as the first run has left it."""
    return deepcopy(_collected)
