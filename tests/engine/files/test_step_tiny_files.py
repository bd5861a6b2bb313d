"""Many tiny files of one run; tests/faults/test_ten_thousand_tiny_files.py are the many."""

from __future__ import annotations

from pathlib import Path

import pytest

from media_artifacts import kept
from polyhost.ledger.files import FileState
from polyhost.store.base import Store
from store.conftest import make_home, store
from tiny_files import fetch_tiny, site_of_tiny_files, truth

__all__ = ["make_home", "store"]

pytestmark = pytest.mark.requirement("SL-2")

COUNT = 150


async def test_each_comes_whole_and_many_are_noted_in_one_transaction(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
):
    saved: list[int] = []
    save = store.files.save

    async def counted(connection_id: int, results: list[object]) -> None:
        saved.append(len(results))
        await save(connection_id, results)  # type: ignore[arg-type]

    monkeypatch.setattr(store.files, "save", counted)
    async with site_of_tiny_files() as port:
        connection_id = await fetch_tiny(store, home, port, COUNT)
    assert kept(home) == truth(COUNT)
    (count,) = await store.files.count(connection_id)
    assert (count.state, count.files) == (FileState.HERE, COUNT)
    assert sum(saved) == COUNT
    assert len(saved) <= COUNT // 4
    assert list((home / "files" / "partial").iterdir()) == []
