"""Any sequence of writes leaves every store alike, in every way it can be read."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given

from polyhost.store.base import RecordQuery, Store, WriteOp
from store.implementations import STORES
from store.making import connect_and_open, run_rows
from store.writing_strategies import KEYS, PARTITIONS, STREAMS, writes


async def everything(store: Store, connection_id: int) -> dict[str, Any]:
    """All that can be read, in every way it can be asked for."""
    seen: dict[str, Any] = {
        "counts": await store.records.count(connection_id),
        "changes": await store.records.changes(connection_id, after=0, limit=1000),
        "later changes": await store.records.changes(connection_id, after=7, limit=3),
    }
    for stream in STREAMS:
        seen[stream, "data"] = await store.records.content(connection_id, stream, KEYS)
        for key in KEYS:
            seen[stream, key] = await store.records.versions(connection_id, stream, key)
        for partition in PARTITIONS:
            for since, deleted in ((None, True), ("2", False)):
                choice = {"partition": partition, "since": since, "deleted": deleted}
                page = await store.records.page(connection_id, stream, RecordQuery(limit=3, **choice))
                rest = (
                    await store.records.page(connection_id, stream, RecordQuery(after=page.next, **choice))
                    if page.next
                    else None
                )
                seen[stream, partition, since] = (page, rest)
        for partition in ("C1", "C2"):
            seen[stream, partition, "groups"] = await store.records.groups(
                connection_id, stream, partition, ["1", "2", "9"]
            )
            for heads, before in ((1, None), (2, None), (2, "3")):
                found = await store.records.lookback(connection_id, stream, partition, heads=heads, before=before)
                seen[stream, partition, heads, before] = found
    return seen


async def left_by(store: Store, script: list[tuple[int, list[WriteOp]]]) -> dict[str, Any]:
    connection = await connect_and_open(store)
    await store.runs.open(*run_rows(connection, 2))
    for number, write in script:
        await store.write(connection.id, f"bat_{number}", write)
    return await everything(store, connection.id)


async def compare(make_home: Callable[[], Path], script: list[tuple[int, list[WriteOp]]]) -> None:
    found: dict[str, dict[str, Any]] = {}
    for kind, make in STORES.items():
        store = await make(make_home)
        found[kind] = await left_by(store, script)
        await store.close()
    assert all(one == found["memory"] for one in found.values())


@given(script=writes)
def test_any_writes_leave_every_store_alike(make_home: Callable[[], Path], script: list[tuple[int, list[WriteOp]]]):
    """Ours: no promise of `Store` may hold in one implementation only."""
    asyncio.run(compare(make_home, script))
