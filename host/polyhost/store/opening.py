"""Opening the store of a home: the one place that says which database it is.

Must not know: what is stored.
"""

from __future__ import annotations

from pathlib import Path

from polyhost.store.base import Store
from polyhost.store.sqlite.store import SqliteStore

__all__ = ["open_store"]


async def open_store(home: Path) -> Store:
    """The store of this home, made or upgraded where needed.

    RefusedError where that cannot be: home_unwritable, home_unsuitable, disk_full, store_locked, store_corrupt,
    store_foreign, store_too_new.
    """
    return await SqliteStore.open(home)
