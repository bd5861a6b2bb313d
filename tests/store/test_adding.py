"""Adding without replacing, for both stores: what imports rely on.

Provenance: ours; the contract in store/base.py.
"""

import pytest

from polyhost.errors import PolyhostError
from polyhost.store.base import AddRecords, Store, WriteRecords
from store.making import AT, LATER, connect_and_open, deletion, record


async def test_what_is_new_is_added_and_what_is_known_stays(store: Store):
    connection = await connect_and_open(store)
    await store.write(connection.id, "bat_1", [WriteRecords([record("a"), record("b")])])
    counts = await store.write(
        connection.id, "bat_1", [AddRecords([record("a"), record("b", text="other"), record("c")])]
    )
    found = counts["messages"]
    assert (found.new, found.updated, found.unchanged, found.deleted) == (1, 0, 1, 0)
    assert [one.key for one in found.differing] == ["b"]
    stored = await store.records.by_key(connection.id, "messages", ["a", "b", "c", "d"])
    assert {key: one.data["text"] for key, one in stored.items()} == {"a": "hello", "b": "hello", "c": "hello"}


async def test_a_tombstone_is_not_raised_and_a_live_record_not_buried(store: Store):
    connection = await connect_and_open(store)
    await store.write(connection.id, "bat_1", [WriteRecords([record("a"), record("b"), deletion("a")])])
    counts = await store.write(connection.id, "bat_1", [AddRecords([record("a"), deletion("b")])])
    assert [one.key for one in counts["messages"].differing] == ["a", "b"]
    digests = await store.records.digests(connection.id, "messages", ["a", "b", "c"])
    assert {key: deleted for key, (_, deleted) in digests.items()} == {"a": True, "b": False}


async def test_a_tombstone_may_be_added_with_its_content(store: Store):
    connection = await connect_and_open(store)
    counts = await store.write(connection.id, "bat_1", [AddRecords([record("a", op="delete")])])
    assert counts["messages"].deleted == 1
    again = await store.write(connection.id, "bat_1", [AddRecords([record("a", op="delete")])])
    assert again["messages"].unchanged == 1
    [one] = (await store.records.by_key(connection.id, "messages", ["a"])).values()
    assert one.deleted
    assert one.data is not None


async def test_the_same_content_as_of_later_moves_its_moment_and_makes_no_version(store: Store):
    connection = await connect_and_open(store)
    for at in (LATER, AT, LATER):
        await store.write(connection.id, "bat_1", [AddRecords([record("a", at=at)])])
    [one] = (await store.records.by_key(connection.id, "messages", ["a"])).values()
    assert (one.emitted_at, one.version) == (LATER, 1)


async def test_a_key_that_comes_twice_is_added_once(store: Store):
    connection = await connect_and_open(store)
    counts = await store.write(
        connection.id, "bat_1", [AddRecords([record("a"), record("a"), record("a", text="other")])]
    )
    found = counts["messages"]
    assert (found.new, found.unchanged, len(found.differing)) == (1, 1, 1)


async def test_adding_belongs_to_a_batch(store: Store):
    connection = await connect_and_open(store)
    with pytest.raises(PolyhostError) as refused:
        await store.write(connection.id, None, [AddRecords([record("a")])])
    assert refused.value.code == "unknown_batch"
