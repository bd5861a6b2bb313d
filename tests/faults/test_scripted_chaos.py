"""Random faults of all kinds over random histories, through the real engine and the real stores (RS-1).

    POLYHOST_SEEDS=2000 .venv/bin/python -m pytest -q -n 2 tests/faults/test_scripted_chaos.py

A seed that fails says everything: `POLYHOST_SEEDS=1234-1234` runs it alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from faults.scripted.life import Life
from faults.seeds import seeds
from polyhost.store.memory import MemoryStore
from polyhost.store.sqlite.store import SqliteStore
from store.conftest import make_home

__all__ = ["make_home"]

pytestmark = pytest.mark.requirement("RS-1.1", "RS-1.3", "RS-1.6")
ON_DISK = 4
"""One in so many lives is kept by SQLite; the others in memory, which is faster."""


@pytest.mark.parametrize("seed", seeds(5))
async def test_what_is_touched_is_named_what_is_not_is_whole_and_all_heals(
    seed: int, make_home: Callable[[], Path]
) -> None:
    store = MemoryStore() if seed % ON_DISK else await SqliteStore.open(make_home())
    try:
        await Life(seed, store).through()
    finally:
        await store.close()
