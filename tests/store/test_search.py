"""Searching of both stores: what an index holds after records came, changed and went. From the docstrings of
base.py."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyhost.errors import RefusedError, RunFailedError
from polyhost.ledger.digest import encode
from polyhost.searching.query import parse_query
from polyhost.searching.search_rules import SearchRules, StreamRules
from polyhost.store.base import RecordWrite, SearchWanted, Store, WriteRecords
from polyhost.store.memory import MemoryStore
from polyhost.store.sqlite import search_index
from polyhost.store.sqlite.opening import STORE_FILE
from polyhost.store.sqlite.store import SqliteStore
from store.making import AT, BEFORE_ORDER, connect_and_open, deletion

TIMES = (("at", {"type": "integer"}),)
RULES = SearchRules({"messages": StreamRules(("text", "title"), TIMES, "room"), "people": StreamRules(("name",))})
EPOCH = 1_700_000_000


def note(number: int, text: str, *, room: str = "C1", stream: str = "messages", **more: Any) -> RecordWrite:
    data = {"text": text, "name": text, "at": EPOCH + number, "room": room, **more}
    encoded = encode(data)
    return RecordWrite(stream, f"k{number}", "upsert", encoded.data, encoded.digest, AT, room, f"{number:04}")


async def put(store: Store, connection_id: int, *records: RecordWrite, batch: str = "bat_1") -> None:
    await store.write(connection_id, batch, [WriteRecords(records)])


async def catch_up(store: Store, connection_id: int, *, rules: SearchRules = RULES, limit: int = 1000) -> None:
    while await store.search.index(connection_id, rules, limit=limit):
        pass


async def find(store: Store, query: str, *connections: int, **choice: Any) -> list[str]:
    wanted = SearchWanted(connections=connections or (1,), query=parse_query(query), **choice)
    return [hit.record.key for hit in (await store.search.find(wanted)).hits]


async def filled(store: Store, *records: RecordWrite) -> int:
    connection = await connect_and_open(store)
    await put(store, connection.id, *records)
    await catch_up(store, connection.id)
    return connection.id


async def test_the_newest_come_first_whatever_order_they_came_in(store: Store):
    number = await filled(store, note(2, "harbour"), note(3, "harbour"), note(1, "Harbour lights"), note(4, "lights"))
    assert await find(store, "harbour", number) == ["k3", "k2", "k1"]
    assert await find(store, "harbour lights", number) == ["k1"]
    assert await find(store, '"lights harbour"', number) == []


async def test_what_has_no_moment_comes_before_the_newest(store: Store):
    number = await filled(store, note(1, "ann"), note(2, "ann", stream="people"), note(3, "ann"))
    assert await find(store, "ann", number) == ["k2", "k3", "k1"]


async def test_a_search_may_be_narrowed_to_a_stream_a_partition_and_a_stretch_of_time(store: Store):
    people = note(9, "ann", stream="people")
    number = await filled(store, note(1, "ann"), note(2, "ann", room="C2"), note(3, "ann"), people)
    assert await find(store, "ann", number, stream="messages") == ["k3", "k2", "k1"]
    assert await find(store, "ann", number, stream="messages", partition="C1") == ["k3", "k1"]
    assert await find(store, "ann", number, stream="people", partition="C1") == []
    assert await find(store, "ann", number, since=EPOCH + 2) == ["k3", "k2"]
    assert await find(store, "ann", number, until=EPOCH + 2) == ["k1"]
    assert await find(store, "ann", number, since=EPOCH + 1, until=EPOCH + 3) == ["k2", "k1"]


async def test_an_edit_is_found_by_its_new_words_only(store: Store):
    number = await filled(store, note(1, "harbour old"), note(2, "harbour"))
    await put(store, number, note(1, "harbour new", title="moved", at=EPOCH + 7))
    await catch_up(store, number)
    assert await find(store, "old", number) == []
    assert await find(store, "new moved", number) == ["k1"]
    assert await find(store, "harbour", number) == ["k1", "k2"]


async def test_a_record_that_changed_several_times_in_between_is_taken_in_as_it_is_now(store: Store):
    number = await filled(store, note(1, "first"))
    for text in ("second", "third", "fourth"):
        await put(store, number, note(1, text), note(2, text))
    await catch_up(store, number)
    assert await find(store, "fourth", number) == ["k2", "k1"]
    for text in ("first", "second", "third"):
        assert await find(store, text, number) == []


async def test_a_deleted_record_is_found_only_where_deleted_ones_are_asked_for(store: Store):
    number = await filled(store, note(1, "harbour"), note(2, "harbour"))
    await put(store, number, deletion("k1"), deletion("never seen"))
    await catch_up(store, number)
    assert await find(store, "harbour", number) == ["k2"]
    assert await find(store, "harbour", number, deleted=True) == ["k2", "k1"]
    await put(store, number, note(1, "harbour back"))
    await catch_up(store, number)
    assert await find(store, "harbour", number) == ["k2", "k1"]


async def test_an_index_says_how_much_it_has_not_seen_and_shows_nothing_it_has_not(store: Store):
    number = await filled(store, note(1, "harbour"))
    await put(store, number, note(1, "elsewhere"), note(2, "harbour"))
    index = await store.search.index_state(number)
    assert index is not None
    assert (index.indexed_through, index.pending, index.rules) == (1, 2, RULES)
    assert await find(store, "harbour", number) == await find(store, "elsewhere", number) == []
    assert await store.search.index(number, RULES, limit=1)
    assert await find(store, "elsewhere", number) == ["k1"]
    assert await store.search.index(number, RULES, limit=1)
    assert not await store.search.index(number, RULES, limit=1)
    assert await find(store, "harbour", number) == ["k2"]


async def test_other_rules_make_the_index_anew(store: Store):
    number = await filled(store, note(1, "harbour", title="lights"))
    only_title = SearchRules({"messages": StreamRules(("title",), TIMES, "room")})
    await catch_up(store, number, rules=only_title)
    assert await find(store, "harbour", number) == []
    assert await find(store, "lights", number) == ["k1"]


async def test_nothing_indexed_is_nothing_found(store: Store):
    connection = await connect_and_open(store)
    await put(store, connection.id, note(1, "harbour"))
    assert await store.search.index_state(connection.id) is None
    assert await store.search.index_state(99) is None
    assert await find(store, "harbour", connection.id, 99) == []
    with pytest.raises(RunFailedError) as failed:
        await store.search.index(99, RULES, limit=1)
    assert failed.value.code == "unknown_connection"


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_lead_through_all_connections_without_a_gap(store: Store, limit: int):
    """Moments that are shared within a connection and between connections, too."""
    first = await connect_and_open(store, "one", 1)
    second = await connect_and_open(store, "two", 2)
    shared = {"at": EPOCH}
    await put(store, first.id, note(1, "ann", **shared), note(2, "ann", **shared), note(5, "ann"), note(6, "bob"))
    await put(store, second.id, note(3, "ann", **shared), note(4, "ann", **shared), note(7, "ann"), batch="bat_2")
    await catch_up(store, first.id)
    await catch_up(store, second.id)
    found: list[tuple[int, str]] = []
    after = None
    while True:
        wanted = SearchWanted(connections=(second.id, first.id), query=parse_query("ann"), limit=limit, after=after)
        page = await store.search.find(wanted)
        found += [(hit.connection_id, hit.record.key) for hit in page.hits]
        after = page.next
        if after is None:
            break
        assert len(page.hits) == limit
    one, two = first.id, second.id
    assert found == [(two, "k7"), (one, "k5"), (one, "k2"), (one, "k1"), (two, "k4"), (two, "k3")]


@pytest.mark.parametrize(
    "cursor", ["", "!", "WzEsMl0", "WyJhIiwxLDFd", "Wy0xLDEsMV0", "WzEsMSwxMDAwMDAwMDAwMDAwMDAwMDAwMDBd"]
)
async def test_a_cursor_that_was_not_given_out_is_refused(store: Store, cursor: str):
    number = await filled(store, note(1, "ann"))
    with pytest.raises(RefusedError) as refused:
        await find(store, "ann", number, after=cursor)
    assert refused.value.code == "bad_cursor"


async def test_a_deleted_connection_leaves_no_word_behind(store: Store):
    """Its number and those of its records are given out again: nothing of it may be found under them."""
    number = await filled(store, note(1, "harbour"))
    await store.connections.delete(number)
    assert await find(store, "harbour", number) == []
    again = await connect_and_open(store, "again", 2)
    await put(store, again.id, note(1, "lights"), batch="bat_2")
    await catch_up(store, again.id)
    assert await find(store, "harbour", again.id) == []
    assert await find(store, "lights", again.id) == ["k1"]


async def test_no_table_of_a_deleted_connection_stays(make_home: Callable[[], Path]):
    home = make_home()
    store = await SqliteStore.open(home)
    await store.connections.delete(await filled(store, note(1, "harbour")))
    await store.close()
    with closing(sqlite3.connect(home / STORE_FILE)) as db:
        assert (
            db.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'search\\_%\\_%' ESCAPE '\\'").fetchall() == []
        )


WORDS = ["alpha", "Béta", "beta", "gam", "gamma", "会", "会議", "🎉", "x_y", '"quoted"', "NOT", "text:alpha"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)
STEPS = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 4), TEXTS, st.integers(0, 2)),
    st.tuples(st.just("delete"), st.integers(0, 4)),
    st.tuples(st.just("index"), st.integers(1, 3)),
)
QUERIES = [
    "alpha",
    "beta",
    "ga*",
    "gam -gamma",
    "会",
    '"会議"',
    '"alpha beta"',
    "🎉",
    "x",
    '"x y"',
    "not",
    "text alpha",
]


async def _step(store: Store, connection_id: int, step: Sequence[Any]) -> None:
    match step:
        case ("put", number, text, moment):
            await put(store, connection_id, note(number, text, at=EPOCH + moment))
        case ("delete", number):
            await put(store, connection_id, deletion(f"k{number}"))
        case (_, limit):
            await store.search.index(connection_id, RULES, limit=limit)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=25))
async def test_whatever_happens_both_stores_find_the_same(make_home: Callable[[], Path], steps: list[Sequence[Any]]):
    """Any interleaving of writes and indexing: the index in SQLite answers as texts gone through one by one do."""
    memory, sqlite = MemoryStore(), await SqliteStore.open(make_home())
    try:
        number = (await connect_and_open(memory)).id
        assert (await connect_and_open(sqlite)).id == number
        for step in steps:
            await _step(memory, number, step)
            await _step(sqlite, number, step)
        for query in QUERIES:
            for deleted in (False, True):
                expected = await find(memory, query, number, deleted=deleted)
                assert await find(sqlite, query, number, deleted=deleted) == expected
        check = "INSERT INTO search_1(search_1) VALUES ('integrity-check')"
        if await sqlite.search.index_state(number) is not None:
            sqlite.threads._writer.execute(check)
    finally:
        await sqlite.close()


async def test_words_that_mean_something_to_sqlite_are_only_words(sqlite_store: SqliteStore):
    number = await filled(sqlite_store, note(1, 'a AND b OR NOT NEAR(c, 2) col:d ^e "f" g* {h} +i'))
    for query in ("AND", "OR b", "NEAR(c", "col:d", "^e", '"f"', "{h}", "+i", "col:*", "'; DROP TABLE records; --"):
        assert await find(sqlite_store, query, number) in (["k1"], [])
    assert await find(sqlite_store, "NEAR(c, 2)", number) == ["k1"]
    assert orjson.loads(orjson.dumps(await sqlite_store.records.count(number)))


async def test_a_step_that_is_cut_off_leaves_the_index_as_it_was(sqlite_store: SqliteStore, monkeypatch: Any):
    """Watermark and entries are one transaction: what a kill leaves is what a rollback leaves."""
    number = await filled(sqlite_store, note(1, "harbour"))
    await put(sqlite_store, number, note(1, "lights"), note(2, "harbour"))

    class CutError(Exception):
        pass

    def cut_off(*_: Any) -> None:
        raise CutError

    with monkeypatch.context() as patch:
        patch.setattr(search_index._Step, "finish", cut_off)
        with pytest.raises(CutError):
            await sqlite_store.search.index(number, RULES, limit=10)
    index = await sqlite_store.search.index_state(number)
    assert index is not None
    assert (index.indexed_through, index.pending) == (1, 2)
    await catch_up(sqlite_store, number)
    assert await find(sqlite_store, "harbour", number) == ["k2"]
    assert await find(sqlite_store, "lights", number) == ["k1"]


async def test_a_store_from_before_there_was_search_is_upgraded_and_searched(make_home: Callable[[], Path]):
    home = make_home()
    with closing(sqlite3.connect(home / STORE_FILE)) as db:
        db.executescript(BEFORE_ORDER)
        db.executescript(
            "DROP TABLE exceptions; DROP TABLE search_steps; DROP TABLE search_indexes;"
            "UPDATE alembic_version SET version_num = '0001'; PRAGMA user_version = 1"
        )
    store = await SqliteStore.open(home)
    try:
        number = await filled(store, note(1, "harbour"))
        assert await find(store, "harbour", number) == ["k1"]
    finally:
        await store.close()


async def test_a_snapshot_searches_what_it_sees_and_writes_nothing(sqlite_store: SqliteStore):
    number = await filled(sqlite_store, note(1, "harbour"))
    async with sqlite_store.snapshot() as snapshot:
        await put(sqlite_store, number, note(2, "harbour"))
        await catch_up(sqlite_store, number)
        assert await find(snapshot, "harbour", number) == ["k1"]
        with pytest.raises(RunFailedError) as failed:
            await snapshot.search.index(number, RULES, limit=1)
        assert failed.value.code == "store_snapshot"
