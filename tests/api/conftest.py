"""One home in every situation and one server over it, for all tests that only read."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from api.serving import Client, connect_process, served
from polyhost.engine.hosting.server_lock import on_duty
from web.situations import make_home


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def situations(tmp_path_factory) -> Path:
    return await make_home(tmp_path_factory.mktemp("situations") / "home")


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def client(situations: Path) -> AsyncGenerator[Client]:
    """Nothing it does may change what is stored: others read it too."""
    with on_duty(situations):  # the server's scheduler waits for its turn: nothing is started by itself
        async with served(situations, failures=1_000_000) as one:
            yield one


@pytest_asyncio.fixture(loop_scope="session")
async def own(home: Path) -> AsyncGenerator[Client]:
    """A server of this test's own, with the connection `work`."""
    await connect_process(home)
    async with served(home) as one:
        yield one


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def still(tmp_path_factory) -> AsyncGenerator[Client]:
    """A server with the connection `work`, on which no test may start a run."""
    home = tmp_path_factory.mktemp("still") / "home"
    await connect_process(home)
    async with served(home) as one:
        yield one
