"""Every implementation of the store. Another database is one more line here: the whole contract is held against it."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from polyhost.store.base import Store
from polyhost.store.memory import MemoryStore
from polyhost.store.sqlite.store import SqliteStore

__all__ = ["STORES"]

MakeHome = Callable[[], Path]


async def _memory(make_home: MakeHome) -> Store:
    del make_home
    return MemoryStore()


async def _sqlite(make_home: MakeHome) -> Store:
    return await SqliteStore.open(make_home())


STORES: Mapping[str, Callable[[MakeHome], Awaitable[Store]]] = {"memory": _memory, "sqlite": _sqlite}
"""An empty store of each kind. `make_home` makes a new home."""
