"""`status` over a store: what it says is proven where it is judged; here, what it costs to say it."""

from collections import Counter
from typing import Any

import pytest

from operations.shelf import Shelf
from polyhost.engine.health import connection_history
from polyhost.engine.sources.lookup import Loaded, source_of
from polyhost.operations.status import StatusRequest, status
from polyhost.store.base import Store


class Counted:
    """A part of a store; which calls it was asked for, by name."""

    def __init__(self, part: Any, calls: Counter[str]) -> None:
        self._part, self._calls = part, calls

    def __getattr__(self, name: str) -> Any:
        self._calls[name] += 1
        return getattr(self._part, name)


class CountedStore(Counted):
    """A store whose runs and connections are counted."""

    def __init__(self, store: Store, calls: Counter[str]) -> None:
        super().__init__(store, Counter())
        self.runs, self.connections = Counted(store.runs, calls), Counted(store.connections, calls)


async def test_runs_batches_and_source_of_a_connection_are_read_once(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    await shelf.end_run()
    calls: Counter[str] = Counter()

    def counted(*asked: Any) -> Loaded:
        calls["source_of"] += 1
        return source_of(*asked)

    monkeypatch.setattr(connection_history, "source_of", counted)
    context = shelf.context
    async with context.store() as store:
        context.shared = CountedStore(store, calls)  # type: ignore[assignment]
        found = (await status(context, StatusRequest(name="slack"))).value
    assert found["axes"]["collection"]["status"] == "ok"
    assert {name: calls[name] for name in ("newest", "newest_batches", "source_of", "get")} == {
        "newest": 1,
        "newest_batches": 1,
        "source_of": 1,
        "get": 1,
    }
