"""Indices that follow what is stored: a step after a run, more before a search, the rest while a server is idle."""

import asyncio
from pathlib import Path

from background import background
from polyhost.engine.clock import Clock
from polyhost.engine.events import RecordsIndexed, RunEvent
from polyhost.engine.reading import indexing
from polyhost.engine.reading.indexing import Indexer, catch_up, index_after_run
from polyhost.engine.sources.lookup import find_source
from polyhost.ledger.digest import encode
from polyhost.searching.declared import search_rules
from polyhost.store.base import RecordWrite, Store, WriteRecords
from polyhost.store.memory import MemoryStore
from store.making import AT, connect_and_open

RULES = search_rules(find_source("slack", Path("/nowhere")).manifest)


async def filled(count: int) -> tuple[MemoryStore, int]:
    store = MemoryStore()
    connection = await connect_and_open(store)
    data = [encode({"id": f"U{number}", "name": "ann"}) for number in range(count)]
    records = [
        RecordWrite("users", f"U{number}", "upsert", one.data, one.digest, AT) for number, one in enumerate(data)
    ]
    await store.write(connection.id, "bat_1", [WriteRecords(records)])
    return store, connection.id


async def pending(store: Store, connection_id: int) -> int | None:
    index = await store.search.index_state(connection_id)
    return None if index is None else index.pending


async def test_a_run_leaves_at_most_one_step_behind_it(monkeypatch):
    monkeypatch.setattr(indexing, "STEP_RECORDS", 3)
    store, number = await filled(5)
    await index_after_run(store, number, RULES)
    assert await pending(store, number) == 2


async def test_an_index_that_cannot_be_written_is_no_failure_of_the_run():
    store, number = await filled(1)
    await store.connections.delete(number)
    await index_after_run(store, number, RULES)
    assert await pending(store, number) is None


async def test_catching_up_ends_with_the_last_record_or_at_its_time(monkeypatch):
    monkeypatch.setattr(indexing, "STEP_RECORDS", 2)
    store, number = await filled(5)
    row = (await store.connections.all())[0]
    seen: list[RunEvent] = []
    clock = Clock()
    await catch_up(store, row, RULES, until=clock.up() - 1, clock=clock, watch=seen.append)
    assert (await pending(store, number), seen) == (None, [])
    await catch_up(store, row, RULES, until=clock.up() + 60, clock=clock, watch=seen.append)
    assert await pending(store, number) == 0
    assert seen == [RecordsIndexed("work", 2), RecordsIndexed("work", 4)]


async def test_a_server_takes_in_what_is_left_while_no_run_goes_on(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(indexing, "STEP_RECORDS", 2)
    rests: list[float] = []
    idle = asyncio.Event()

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 5:
            idle.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(indexing.asyncio, "sleep", rest)
    store, number = await filled(3)
    left: list[int | None] = []
    busy = iter([True, False, False, False])

    def is_busy() -> bool:
        return next(busy, False)

    async with background(Indexer(store=store, home=tmp_path, busy=is_busy).run()):
        await asyncio.wait_for(idle.wait(), 5)
    left.append(await pending(store, number))
    look, soon = indexing.LOOK_SECONDS, indexing.REST_SECONDS
    assert (left, rests[:3]) == ([0], [look, soon, look])
