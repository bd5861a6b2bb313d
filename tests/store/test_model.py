"""Any sequence of writes leaves both stores alike: the SQLite store against the naive model in memory."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from polyhost.store.base import RecordQuery, RecordWrite, Store, TombstoneAbsent, WriteOp, WriteRecords
from polyhost.store.memory import MemoryStore
from polyhost.store.sqlite.store import SqliteStore
from store.making import AT, LATER, connect_and_open, record, run_rows

STREAMS = ["messages", "users"]
KEYS = ["a", "b", "c", "d", "", "a\0", "é", "\U0001d11e"]
PARTITIONS = ["C1", "C2", None]
POSITIONS = ["1", "2", "3", None]

records = st.builds(
    record,
    st.sampled_from(KEYS),
    text=st.sampled_from(["x", "y"]),
    stream=st.sampled_from(STREAMS),
    op=st.sampled_from(["upsert", "upsert", "upsert", "delete"]),
    partition=st.sampled_from(PARTITIONS),
    position=st.sampled_from(POSITIONS),
    cursor=st.sampled_from(["10", "11", "12"]),
    is_head=st.booleans(),
    at=st.sampled_from([AT, LATER]),
)
bare_deletions = st.builds(
    RecordWrite, st.sampled_from(STREAMS), st.sampled_from(KEYS), st.just("delete"), st.none(), st.none(), st.just(AT)
)
without_digest = records.map(lambda r: RecordWrite(r.stream, r.key, "upsert", r.data, None, r.emitted_at, r.partition))
walks = st.builds(
    TombstoneAbsent,
    stream=st.sampled_from(STREAMS),
    partition=st.sampled_from(["C1", "C2"]),
    since=st.sampled_from([None, "1", "2"]),
    until=st.sampled_from(["1", "2", "3"]),
    seen=st.sets(st.sampled_from(KEYS)),
    groups=st.sets(st.sampled_from(["1", "2", "3"])),
    at=st.just(LATER),
)
ops = st.one_of(st.lists(records | bare_deletions | without_digest, max_size=12).map(WriteRecords), walks)
writes = st.lists(st.tuples(st.sampled_from([1, 2]), st.lists(ops, min_size=1, max_size=4)), max_size=6)


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


async def compare(home: Path, script: list[tuple[int, list[WriteOp]]]) -> None:
    stores: list[Store] = [MemoryStore(), await SqliteStore.open(home)]
    try:
        connections = [await connect_and_open(store) for store in stores]
        for store, connection in zip(stores, connections, strict=True):
            await store.runs.open(*run_rows(connection, 2))
        for number, write in script:
            naive, real = [
                await store.write(connection.id, f"bat_{number}", write)
                for store, connection in zip(stores, connections, strict=True)
            ]
            assert real == naive
        naive, real = [
            await everything(store, connection.id) for store, connection in zip(stores, connections, strict=True)
        ]
        assert real == naive
    finally:
        for store in stores:
            await store.close()


@given(script=writes)
def test_any_writes_leave_both_stores_alike(make_home: Callable[[], Path], script: list[tuple[int, list[WriteOp]]]):
    """Ours: no promise of `Store` may hold in one implementation only."""
    asyncio.run(compare(make_home(), script))
