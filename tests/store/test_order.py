"""What is the latest, whatever every clock said: any shift of any of them leaves the order as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyhost.instants import iso_from_seconds
from polyhost.store.base import Store, WriteRecords
from store.implementations import STORES
from store.making import connect, record, run_rows

pytestmark = pytest.mark.requirement("RS-3")

_clocks = st.lists(st.floats(0, 4e9).map(iso_from_seconds), min_size=1, max_size=5)


async def _written(store: Store, clocks: list[str]) -> tuple[list[str], list[str], list[str], int]:
    """Runs, batches and one record's versions, each written while the clock stood so."""
    row = await connect(store)
    for number, at in enumerate(clocks, start=1):
        run, batch = run_rows(row, number, at)
        await store.runs.open(run, batch)
        await store.write(row.id, batch.id, [WriteRecords([record("a", text=str(number), at=at)])])
        await store.runs.close(replace(run, status="complete", finished_at=at), replace(batch, finished_at=at))
    runs = [run.id for run in await store.runs.newest(row.id)]
    batches = [batch.id for batch in await store.runs.newest_batches(row.id)]
    versions = [str((one.data or {})["text"]) for one in await store.records.versions(row.id, "messages", "a")]
    (changed,) = await store.records.changes(row.id, after=0, limit=10)
    return runs, batches, versions, changed.version


@pytest.mark.parametrize("kind", STORES)
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clocks=_clocks)
def test_no_shift_of_clocks_changes_what_is_the_latest(kind: str, clocks: list[str], make_home: Callable[[], Path]):
    async def write() -> tuple[list[str], list[str], list[str], int]:
        store = await STORES[kind](make_home)
        try:
            return await _written(store, clocks)
        finally:
            await store.close()

    numbers = [str(number) for number in range(1, len(clocks) + 1)]
    newest_first = numbers[::-1]
    assert asyncio.run(write()) == (
        [f"run_{number}" for number in newest_first],
        [f"bat_{number}" for number in newest_first],
        numbers,
        len(clocks),
    )
