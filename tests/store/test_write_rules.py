"""What a write comes to, in every store and a preview of it, against the meaning said naively."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from polyhost.errors import PolyhostError
from polyhost.store.base import Store, StoredRecord, WriteOp, WriteRecords
from polyhost.store.preview import PreviewStore
from polyhost.store.write_rules import Decisions, Known
from store.implementations import STORES
from store.making import AT, LATER, connect_and_open, record, run_rows, text_of, walk
from store.naive_records import NaiveRecord, NaiveRecords, Version
from store.test_base import everything
from store.writing_strategies import KEYS, STREAMS, additions, writes

Script = list[tuple[int, list[WriteOp]]]


def shown(version: Version) -> tuple[Any, ...]:
    return (None if version.data is None else text_of(version.data), version.emitted_at, version.deleted)


def stored(version: StoredRecord) -> tuple[Any, ...]:
    return (version.data, version.emitted_at, version.deleted)


async def written(store: Store, connection_id: int, naive: NaiveRecords, script: Script) -> None:
    """Write to both, and hold what the store says of it against what it means."""
    for number, ops in script:
        assert await store.write(connection_id, f"bat_{number}", ops) == naive.apply(f"bat_{number}", ops)


async def check_versions(store: Store, connection_id: int, entries: Mapping[tuple[str, str], NaiveRecord]) -> None:
    for stream in STREAMS:
        for key in KEYS:
            found = await store.records.versions(connection_id, stream, key)
            expected = entries[stream, key].versions if (stream, key) in entries else []
            assert [(*stored(one), one.batch_id) for one in found] == [(*shown(v), v.batch_id) for v in expected]
            assert [one.version for one in found] == list(range(1, len(found) + 1))


async def check_current(store: Store, connection_id: int, entries: Mapping[tuple[str, str], NaiveRecord]) -> None:
    for stream in STREAMS:
        expected = {key: entry for (of, key), entry in entries.items() if of == stream}
        now = await store.records.by_key(connection_id, stream, KEYS)
        assert {key: stored(one) for key, one in now.items()} == {key: shown(e.now) for key, e in expected.items()}
        assert {key: one.partition for key, one in now.items()} == {k: e.write.partition for k, e in expected.items()}
        digests = await store.records.digests(connection_id, stream, KEYS)
        assert {key: tuple(one) for key, one in digests.items()} == {
            key: (entry.write.digest, entry.now.deleted, entry.now.emitted_at) for key, entry in expected.items()
        }
        content = await store.records.content(connection_id, stream, KEYS)
        assert content == {key: one.data for key, one in now.items() if one.data is not None}


async def compare(store: Store, script: Script) -> None:
    connection = await connect_and_open(store)
    await store.runs.open(*run_rows(connection, 2))
    naive = NaiveRecords()
    await written(store, connection.id, naive, script)
    await check_versions(store, connection.id, naive.entries)
    await check_current(store, connection.id, naive.entries)
    await store.close()


async def compare_preview(store: Store, before: Script, added: Sequence[WriteOp]) -> None:
    connection = await connect_and_open(store)
    await store.runs.open(*run_rows(connection, 2))
    naive = NaiveRecords()
    await written(store, connection.id, naive, before)
    as_it_was = await everything(store, connection.id)
    preview = PreviewStore(store)
    await written(preview, connection.id, naive, [(1, [op]) for op in added])
    await check_current(preview, connection.id, naive.entries)
    await preview.close()
    assert await everything(store, connection.id) == as_it_was
    await store.close()


@pytest.mark.parametrize("kind", STORES)
@given(script=writes)
def test_any_writes_come_to_what_they_mean(make_home: Callable[[], Path], kind: str, script: Script):
    async def run() -> None:
        await compare(await STORES[kind](make_home), script)

    asyncio.run(run())


@pytest.mark.parametrize("kind", STORES)
@given(before=writes, added=additions)
def test_a_preview_tells_what_a_write_would_come_to_and_writes_nothing(
    make_home: Callable[[], Path], kind: str, before: Script, added: Sequence[WriteOp]
):
    async def run() -> None:
        await compare_preview(await STORES[kind](make_home), before, added)

    asyncio.run(run())


async def test_a_preview_refuses_to_say_what_a_source_no_longer_has(store: Store):
    """Only a walk of the source proves that, and a preview keeps no places."""
    connection = await connect_and_open(store)
    preview = PreviewStore(store)
    with pytest.raises(PolyhostError) as refused:
        await preview.write(connection.id, "bat_1", [walk()])
    assert refused.value.code == "store_preview"
    await preview.close()


def test_changes_are_numbered_in_the_order_of_the_records():
    """Ours: what is new and what is updated share one sequence, so that "everything after N" misses nothing."""
    decisions = Decisions[str](7)
    known = {"messages": {"b": Known("row of b", b"other", deleted=False, emitted_at=AT)}}
    changes = decisions.write([record("a"), record("b"), record("c")], known)
    assert [number for number, _ in changes.inserts] == [8, 10]
    assert [(number, row) for number, row, _ in changes.updates] == [(9, "row of b")]
    assert decisions.sequence == 10


@pytest.mark.parametrize("ops", [[WriteRecords([record("a", at=LATER)])], [walk()]])
async def test_records_are_never_written_without_a_batch(store: Store, ops: list[WriteOp]):
    connection = await connect_and_open(store)
    preview = PreviewStore(store)
    for target in (store, preview):
        with pytest.raises(PolyhostError) as refused:
            await target.write(connection.id, None, ops)
        assert refused.value.code == "unknown_batch"
    await preview.close()
