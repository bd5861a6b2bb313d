"""Adding without replacing, for every store and a preview of it: what imports rely on.

Provenance: ours; the contract in store/base.py.
"""

import pytest

from polyhost.errors import PolyhostError
from polyhost.store.base import AddRecords, WriteRecords
from store.conftest import Opened
from store.making import AT, LATER, deletion, record


async def test_what_is_new_is_added_and_what_is_known_stays(opened: Opened):
    await opened.store.write(opened.connection_id, "bat_1", [WriteRecords([record("a"), record("b")])])
    counts = await opened.store.write(
        opened.connection_id, "bat_1", [AddRecords([record("a"), record("b", text="other"), record("c")])]
    )
    found = counts["messages"]
    assert (found.new, found.updated, found.unchanged, found.deleted) == (1, 0, 1, 0)
    assert [one.key for one in found.differing] == ["b"]
    stored = await opened.store.records.by_key(opened.connection_id, "messages", ["a", "b", "c", "d"])
    assert {key: one.data["text"] for key, one in stored.items()} == {"a": "hello", "b": "hello", "c": "hello"}


async def test_a_tombstone_is_not_raised_and_a_live_record_not_buried(opened: Opened):
    await opened.store.write(opened.connection_id, "bat_1", [WriteRecords([record("a"), record("b"), deletion("a")])])
    counts = await opened.store.write(opened.connection_id, "bat_1", [AddRecords([record("a"), deletion("b")])])
    assert [one.key for one in counts["messages"].differing] == ["a", "b"]
    digests = await opened.store.records.digests(opened.connection_id, "messages", ["a", "b", "c"])
    assert {key: one.deleted for key, one in digests.items()} == {"a": True, "b": False}


async def test_a_tombstone_may_be_added_with_its_content(opened: Opened):
    counts = await opened.store.write(opened.connection_id, "bat_1", [AddRecords([record("a", op="delete")])])
    assert counts["messages"].deleted == 1
    again = await opened.store.write(opened.connection_id, "bat_1", [AddRecords([record("a", op="delete")])])
    assert again["messages"].unchanged == 1
    [one] = (await opened.store.records.by_key(opened.connection_id, "messages", ["a"])).values()
    assert one.deleted
    assert one.data is not None


async def test_the_same_content_as_of_later_moves_its_moment_and_makes_no_version(opened: Opened):
    for at in (LATER, AT, LATER):
        await opened.store.write(opened.connection_id, "bat_1", [AddRecords([record("a", at=at)])])
    [one] = (await opened.store.records.by_key(opened.connection_id, "messages", ["a"])).values()
    assert (one.emitted_at, one.version) == (LATER, 1)


async def test_a_key_that_comes_twice_is_added_once(opened: Opened):
    counts = await opened.store.write(
        opened.connection_id, "bat_1", [AddRecords([record("a"), record("a"), record("a", text="other")])]
    )
    found = counts["messages"]
    assert (found.new, found.unchanged, len(found.differing)) == (1, 1, 1)


async def test_adding_belongs_to_a_batch(opened: Opened):
    with pytest.raises(PolyhostError) as refused:
        await opened.store.write(opened.connection_id, None, [AddRecords([record("a")])])
    assert refused.value.code == "unknown_batch"
