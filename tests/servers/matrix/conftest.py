"""One homeserver for each file of tests, and a newcomer to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from servers.matrix.owner import MatrixOwner, an_owner
from servers.matrix.world import World, a_world


@pytest.fixture(scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with a_world(tmp_path_factory.mktemp("matrix")) as made:
        yield made


@pytest.fixture
async def newcomer(world: World, tmp_path: Path) -> AsyncIterator[MatrixOwner]:
    """The same account in a home of its own, where nothing was collected."""
    async with an_owner(world.ada, tmp_path) as owner:
        yield owner
