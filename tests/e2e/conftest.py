"""Lantern Bay, served afresh for each test, and a home in which it was collected once: most tests ask what is next."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2e.command import CommandLine
from e2e.owner import BROWSER, Owner
from fakes.slack import FakeSlack, scenarios, usual_port


@pytest.fixture(scope="session", autouse=True)
async def _browser() -> AsyncIterator[None]:
    async with BROWSER:
        yield


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """What no client may ever do makes the test fail."""
    async with FakeSlack(scenarios.small(), port=usual_port()) as running:
        yield running
        assert running.violations == []
        assert running.requests("conversations.mark") == []


@pytest.fixture(scope="session")
async def collected_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lantern Bay as the first run leaves it. Nobody writes here: tests take copies."""
    home = tmp_path_factory.mktemp("collected") / "home"
    async with FakeSlack(scenarios.small()) as running:
        owner = Owner(running, home)
        await owner.connect()
        assert (await owner.run()).status == "complete"
    return home


@pytest.fixture
async def newcomer(slack: FakeSlack, home: Path) -> Owner:
    """Connected, and nothing collected yet."""
    owner = Owner(slack, home)
    await owner.connect()
    return owner


@pytest.fixture
def owner(slack: FakeSlack, home: Path, collected_home: Path) -> Owner:
    """Has collected Lantern Bay once."""
    owner = Owner(slack, home)
    owner.copy_of(collected_home)
    return owner


@pytest.fixture
def command(home: Path, tmp_path: Path) -> CommandLine:
    """The real command, on this test's home."""
    return CommandLine(home=home, folder=tmp_path)
