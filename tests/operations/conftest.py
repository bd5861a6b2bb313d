"""A home with one empty connection to Slack, for what reads, searches and exports."""

import shutil
from pathlib import Path

import pytest

from operations.shelf import Shelf
from polyhost.store.sqlite import opening


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copied: migrating each store anew would take most of the time."""
    template = tmp_path_factory.mktemp("template") / opening.STORE_FILE
    opening.prepare(template)
    return template


@pytest.fixture
async def shelf(tmp_path: Path, empty_store: Path) -> Shelf:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(empty_store, home)
    shelf = Shelf(home)
    await shelf.connect()
    return shelf
