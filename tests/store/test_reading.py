"""Reading of both stores: pages, history, changes, and what the ledger asks. From the docstrings of store/base.py."""

from typing import Any

import pytest

from polyhost.errors import RefusedError
from polyhost.ledger.state import PartitionState
from polyhost.store.base import RecordQuery, SavePartitions, Store, WriteRecords
from store.making import connect_and_open, deletion, record


async def filled(store: Store) -> int:
    """Two partitions whose positions interleave, a group, a tombstone, and records without a partition."""
    connection = await connect_and_open(store)
    records = [
        record("c1-1", partition="C1", position="1"),
        record("c1-5", partition="C1", position="5"),
        record("c1-5-reply", partition="C1", position="5", cursor="6", is_head=False),
        record("c2-3", partition="C2", position="3"),
        record("c2-5", partition="C2", position="5"),
        record("none", partition=None, position=None),
        record("gone", partition="C2", position="4"),
        deletion("gone"),
    ]
    await store.write(connection.id, "bat_1", [WriteRecords(records)])
    return connection.id


ORDER = ["none", "c1-1", "c2-3", "c1-5", "c1-5-reply", "c2-5"]


async def read_all(store: Store, connection_id: int, limit: int, **choice: Any) -> list[str]:
    """Every page of a choice, each started from `next` of the one before."""
    keys: list[str] = []
    after = None
    while True:
        page = await store.records.page(connection_id, "messages", RecordQuery(limit=limit, after=after, **choice))
        keys += [stored.key for stored in page.records]
        if page.next is None:
            return keys
        assert len(page.records) == limit
        after = page.next


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_go_through_all_partitions_in_order(store: Store, limit: int):
    connection_id = await filled(store)
    assert await read_all(store, connection_id, limit) == ORDER
    assert await read_all(store, connection_id, limit, partition="C2") == ["c2-3", "c2-5"]
    assert await read_all(store, connection_id, limit, since="4") == ["c1-5", "c1-5-reply", "c2-5"]
    assert await read_all(store, connection_id, limit, since="3", partition="C1") == ["c1-5", "c1-5-reply"]
    assert await read_all(store, connection_id, limit, deleted=True, partition="C2") == ["c2-3", "gone", "c2-5"]


@pytest.mark.parametrize("newest", [False, True])
async def test_positions_of_any_script_come_by_their_characters(store: Store, newest: bool):
    """By code points, as the ledger compares them: not by the letters of a language, nor by UTF-16."""
    connection = await connect_and_open(store)
    texts = ["\u00a0", "a\u200db", "ab", "a\u00a0b", "e\u0301", "\u00e9", "\u202ex", "\uffff", "\U00010000", "Z", "z"]
    records = [record(f"k{number}", partition="C1", position=text) for number, text in enumerate(texts)]
    await store.write(connection.id, "bat_1", [WriteRecords(records)])
    wanted = [f"k{texts.index(text)}" for text in sorted(texts, reverse=newest)]
    assert await read_all(store, connection.id, 3, partition="C1", newest=newest) == wanted
    assert await read_all(store, connection.id, 3, newest=newest) == wanted


async def test_a_page_that_is_just_full_has_no_next(store: Store):
    connection_id = await filled(store)
    assert (await store.records.page(connection_id, "messages", RecordQuery(limit=len(ORDER)))).next is None


async def test_a_cursor_stays_good_while_records_come_and_go(store: Store):
    connection_id = await filled(store)
    first = await store.records.page(connection_id, "messages", RecordQuery(limit=3))
    changes = [deletion("c2-3"), record("before", position="0"), record("after", partition="C3", position="5")]
    await store.write(connection_id, "bat_1", [WriteRecords(changes)])
    rest = await store.records.page(connection_id, "messages", RecordQuery(after=first.next))
    assert [stored.key for stored in rest.records] == ["after", "c1-5", "c1-5-reply", "c2-5"]


async def test_a_later_since_outweighs_the_cursor(store: Store):
    connection_id = await filled(store)
    first = await store.records.page(connection_id, "messages", RecordQuery(limit=1))
    rest = await store.records.page(connection_id, "messages", RecordQuery(after=first.next, since="5"))
    assert [stored.key for stored in rest.records] == ["c1-5", "c1-5-reply", "c2-5"]


@pytest.mark.parametrize("cursor", ["", "!", "bm90IGpzb24", "é", "WzEsMl0", "WyJhIl0", "eyJhIjoxfQ", "MQ"])
async def test_a_cursor_that_was_not_given_out_is_refused(store: Store, cursor: str):
    connection_id = await filled(store)
    with pytest.raises(RefusedError) as refused:
        await store.records.page(connection_id, "messages", RecordQuery(after=cursor))
    assert refused.value.code == "bad_cursor"


async def test_what_was_never_written_reads_as_empty(store: Store):
    connection = await connect_and_open(store)
    for connection_id in (connection.id, 99):
        assert (await store.records.page(connection_id, "messages")).records == []
        assert await store.records.versions(connection_id, "messages", "a") == []
        assert await store.records.changes(connection_id, after=0, limit=10) == []
        assert await store.records.count(connection_id) == {}
        assert await store.records.content(connection_id, "messages", ["a"]) == {}
        assert await store.records.groups(connection_id, "messages", "C1", ["1"]) == {"1": (0, None)}
        assert await store.records.lookback(connection_id, "messages", "C1", heads=1) == (None, 0)
        assert await store.ledger.partitions(connection_id) == []
        assert await store.ledger.checkpoints(connection_id) == {}


async def test_stored_data_holds_deleted_records_too_but_none_without_content(store: Store):
    connection_id = await filled(store)
    await store.write(connection_id, "bat_1", [WriteRecords([deletion("never seen")])])
    found = await store.records.content(connection_id, "messages", ["gone", "c1-1", "never seen", "unknown"])
    assert {key: data["key"] for key, data in found.items()} == {"gone": "gone", "c1-1": "c1-1"}


async def test_many_keys_and_positions_may_be_asked_for_at_once(store: Store):
    connection = await connect_and_open(store)
    heads = [record(f"h{number:04}", position=f"{number:04}") for number in range(1200)]
    members = [record(f"m{number:04}", position=f"{number:04}", cursor="x", is_head=False) for number in range(1200)]
    await store.write(connection.id, "bat_1", [WriteRecords([*heads, *members])])
    found = await store.records.content(connection.id, "messages", [head.key for head in heads])
    assert len(found) == 1200
    groups = await store.records.groups(connection.id, "messages", "C1", [f"{number:04}" for number in range(1200)])
    assert set(groups.values()) == {(1, "x")}


async def test_groups_count_live_members_and_name_the_greatest_cursor(store: Store):
    connection = await connect_and_open(store)
    member = {"position": "1", "is_head": False}
    records = [
        record("head", position="1"),
        record("m1", cursor="1.1", **member),
        record("m2", cursor="1.3", **member),
        record("m3", cursor="1.2", **member),
        record("late", cursor="1.9", **member),
        record("lone head", position="2"),
        record("elsewhere", partition="C2", cursor="1.8", **member),
        deletion("late"),
    ]
    await store.write(connection.id, "bat_1", [WriteRecords(records)])
    assert await store.records.groups(connection.id, "messages", "C1", ["1", "2", "3"]) == {
        "1": (3, "1.3"),
        "2": (0, None),
        "3": (0, None),
    }


async def test_lookback_finds_the_nth_newest_live_head_and_the_groups_from_it_on(store: Store):
    connection = await connect_and_open(store)
    records = [record(f"h{number}", position=str(number), cursor=f"raw {number}") for number in range(1, 8)]
    members = [record(f"m{number}", position=str(number), is_head=False) for number in (1, 4, 6)]
    await store.write(connection.id, "bat_1", [WriteRecords([*records, *members, deletion("h5"), deletion("m6")])])
    assert await store.records.lookback(connection.id, "messages", "C1", heads=1) == ("raw 7", 0)
    assert await store.records.lookback(connection.id, "messages", "C1", heads=3) == ("raw 4", 1)
    assert await store.records.lookback(connection.id, "messages", "C1", heads=6) == ("raw 1", 2)
    assert await store.records.lookback(connection.id, "messages", "C1", heads=7) == (None, 2)
    assert await store.records.lookback(connection.id, "messages", "C1", heads=2, before="4") == ("raw 2", 0)
    assert await store.records.lookback(connection.id, "messages", "C1", heads=9, before="4") == (None, 1)


async def test_changes_come_once_per_record_at_its_last_change(store: Store):
    connection_id = await filled(store)
    await store.write(connection_id, "bat_1", [WriteRecords([record("c1-1", text="edited", position="1")])])
    changes = await store.records.changes(connection_id, after=5, limit=2)
    assert [(stored.key, stored.sequence) for stored in changes] == [("none", 6), ("gone", 8)]
    rest = await store.records.changes(connection_id, after=8, limit=10)
    assert [(stored.key, stored.deleted) for stored in rest] == [("c1-1", False)]


async def test_keys_with_nul_and_letters_beyond_ascii_are_told_apart(store: Store):
    """SQLite's own JSON functions end a text at NUL: keys must never pass through them."""
    connection = await connect_and_open(store)
    odd = ["", "a", "a\0", "a\0b", "é", "\U0001d11e", "\uffff"]
    await store.write(connection.id, "bat_1", [WriteRecords([record(key) for key in odd])])
    counts = await store.write(connection.id, "bat_1", [WriteRecords([record(key) for key in odd])])
    assert counts["messages"].unchanged == len(odd)
    page = await store.records.page(connection.id, "messages")
    assert [stored.key for stored in page.records] == sorted(odd)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_the_newest_come_first_where_that_is_asked_for(store: Store, limit: int):
    connection_id = await filled(store)
    assert await read_all(store, connection_id, limit, newest=True) == ORDER[::-1]
    assert await read_all(store, connection_id, limit, newest=True, partition="C1") == ["c1-5-reply", "c1-5", "c1-1"]
    assert await read_all(store, connection_id, limit, newest=True, since="4") == ["c2-5", "c1-5-reply", "c1-5"]


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_a_page_may_end_before_a_position_hold_one_position_or_heads_alone(store: Store, limit: int):
    connection_id = await filled(store)
    assert await read_all(store, connection_id, limit, until="5") == ["none", "c1-1", "c2-3"]
    assert await read_all(store, connection_id, limit, until="5", newest=True) == ["c2-3", "c1-1", "none"]
    assert await read_all(store, connection_id, limit, since="3", until="5", deleted=True) == ["c2-3", "gone"]
    assert await read_all(store, connection_id, limit, partition="C1", position="5") == ["c1-5", "c1-5-reply"]
    heads = [key for key in ORDER if key != "c1-5-reply"]
    assert await read_all(store, connection_id, limit, heads=True) == heads
    assert await read_all(store, connection_id, limit, heads=True, newest=True) == heads[::-1]


async def test_partitions_are_counted_one_by_one(store: Store):
    connection_id = await filled(store)
    assert await store.records.count_partitions(connection_id, "messages", ["C1", "C2", "C9"]) == {
        "C1": (3, 0),
        "C2": (2, 1),
        "C9": (0, 0),
    }
    assert await store.records.count_partitions(connection_id, "elsewhere", ["C1"]) == {"C1": (0, 0)}


async def test_labels_are_those_of_the_ledger(store: Store):
    connection_id = await filled(store)
    states = [PartitionState(stream="messages", key="C1", label="général"), PartitionState(stream="messages", key="C2")]
    await store.write(connection_id, None, [SavePartitions(states)])
    assert await store.ledger.labels(connection_id, "messages", ["C1", "C2", "C9"]) == {"C1": "général"}
    assert await store.ledger.labels(connection_id, "elsewhere", ["C1"]) == {}


async def test_partitions_that_hold_records_are_listed_those_without_last(store: Store):
    connection_id = await filled(store)
    assert await store.records.partition_keys(connection_id, "messages") == ["C1", "C2", None]
    assert await store.records.partition_keys(connection_id, "elsewhere") == []


async def test_the_last_change_is_the_newest_of_this_connection(store: Store):
    connection_id = await filled(store)
    other = await connect_and_open(store, "other", 2)
    assert (await store.records.last_change(connection_id), await store.records.last_change(other.id)) == (8, 0)


async def test_a_snapshot_stays_as_it_was_while_the_store_goes_on(store: Store):
    connection_id = await filled(store)
    async with store.snapshot() as snapshot:
        changes = [record("c1-1", text="edited", position="1"), deletion("c2-3"), record("new", position="0")]
        await store.write(connection_id, "bat_1", [WriteRecords(changes)])
        assert await read_all(snapshot, connection_id, 2) == ORDER
        (first,) = (
            await snapshot.records.page(connection_id, "messages", RecordQuery(partition="C1", limit=1))
        ).records
        assert first.data == {"key": "c1-1", "text": "hello"}
        assert (await snapshot.records.last_change(connection_id), await snapshot.connections.get("other")) == (8, None)
    assert await read_all(store, connection_id, 100, partition="C1") == ["new", "c1-1", "c1-5", "c1-5-reply"]


@pytest.mark.requirement("RS-4.4")
@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_partitions_that_are_read_as_one_come_in_one_order(store: Store, limit: int):
    connection_id = await filled(store)
    both = {"partition": "C1", "besides": ["C2", "C9"]}
    assert await read_all(store, connection_id, limit, **both) == ORDER[1:]
    assert await read_all(store, connection_id, limit, **both, newest=True) == ORDER[:0:-1]
    assert await read_all(store, connection_id, limit, **both, heads=True, since="3") == ["c2-3", "c1-5", "c2-5"]
