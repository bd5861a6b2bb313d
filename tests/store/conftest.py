"""Both stores, each empty, for the contract; and the SQLite one alone where files and processes are the matter."""

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from polyhost.store.base import Store
from polyhost.store.memory import MemoryStore
from polyhost.store.sqlite import opening
from polyhost.store.sqlite.store import SqliteStore


@pytest.fixture(scope="session")
def make_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A new home with an empty store, copied: migrating each anew would take most of the time."""
    template = tmp_path_factory.mktemp("template") / opening.STORE_FILE
    opening.prepare(template)

    def make() -> Path:
        home = tmp_path_factory.mktemp("home")
        shutil.copy(template, home)
        return home

    return make


@pytest_asyncio.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, make_home: Callable[[], Path]) -> AsyncIterator[Store]:
    """An empty store of each kind."""
    opened: Store = MemoryStore() if request.param == "memory" else await SqliteStore.open(make_home())
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def sqlite_store(make_home: Callable[[], Path]) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(make_home())
    yield opened
    await opened.close()
