"""Every store, each empty, for the contract; and the SQLite one alone where files and processes are the matter."""

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from polyhost.store.base import Store
from polyhost.store.preview import PreviewStore
from polyhost.store.sqlite import opening
from polyhost.store.sqlite.store import SqliteStore
from store.implementations import STORES
from store.making import connect_and_open


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


@pytest_asyncio.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, make_home: Callable[[], Path]) -> AsyncIterator[Store]:
    """An empty store of each kind."""
    opened = await STORES[request.param](make_home)
    yield opened
    await opened.close()


@dataclass(frozen=True, slots=True)
class Opened:
    """A store, and its one connection with a run under way, whose batch is `bat_1`."""

    store: Store
    connection_id: int


@pytest_asyncio.fixture(params=["itself", "preview"])
async def opened(request: pytest.FixtureRequest, store: Store) -> AsyncIterator[Opened]:
    """Each store, and a preview beside each: for what a preview promises too, which is writing and reading by key."""
    connection = await connect_and_open(store)
    if request.param == "itself":
        yield Opened(store, connection.id)
    else:
        preview = PreviewStore(store)
        yield Opened(preview, connection.id)
        await preview.close()


@pytest_asyncio.fixture
async def sqlite_store(make_home: Callable[[], Path]) -> AsyncIterator[SqliteStore]:
    opened = await SqliteStore.open(make_home())
    yield opened
    await opened.close()
