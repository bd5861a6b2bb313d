"""The write path of both stores: what each operation leaves behind. From the docstrings of store/base.py."""

import pytest

from polyhost.errors import RunFailedError
from polyhost.ledger.state import PartitionState, PartitionStatus, Range
from polyhost.store.base import RecordQuery, SaveCheckpoints, SavePartitions, Store, WriteCounts, WriteRecords
from store.making import AT, LATER, connect, connect_and_open, deletion, record, run_rows, walk


async def keys(store: Store, connection_id: int, *, deleted: bool = False) -> list[str]:
    page = await store.records.page(connection_id, "messages", RecordQuery(deleted=deleted))
    return [stored.key for stored in page.records]


async def test_new_records_are_counted_per_stream_and_read_back(store: Store):
    connection = await connect_and_open(store)
    counts = await store.write(
        connection.id, "bat_1", [WriteRecords([record("a"), record("b"), record("u", stream="users")])]
    )
    assert counts == {"messages": WriteCounts(new=2), "users": WriteCounts(new=1)}
    (first, _) = (await store.records.page(connection.id, "messages")).records
    assert (first.key, first.version, first.deleted, first.batch_id, first.sequence) == ("a", 1, False, "bat_1", 1)
    assert (first.data, first.emitted_at, first.partition) == ({"key": "a", "text": "hello"}, AT, "C1")
    assert await store.records.count(connection.id) == {"messages": (2, 0), "users": (1, 0)}


async def test_what_is_known_by_its_digest_is_left_alone(store: Store):
    connection = await connect_and_open(store)
    await store.write(connection.id, "bat_1", [WriteRecords([record("a")])])
    counts = await store.write(connection.id, "bat_1", [WriteRecords([record("a", at=LATER)])])
    assert counts == {"messages": WriteCounts(unchanged=1)}
    assert [stored.emitted_at for stored in await store.records.versions(connection.id, "messages", "a")] == [AT]


@pytest.mark.requirement("CH-2.9")
async def test_an_update_keeps_the_old_version_and_each_is_attributed_to_the_batch_that_brought_it(store: Store):
    connection = await connect_and_open(store)
    await store.runs.open(*run_rows(connection, 2))
    await store.write(connection.id, "bat_1", [WriteRecords([record("a", text="before"), record("b")])])
    counts = await store.write(connection.id, "bat_2", [WriteRecords([record("a", text="after", at=LATER)])])
    assert counts == {"messages": WriteCounts(updated=1)}
    old, new = await store.records.versions(connection.id, "messages", "a")
    assert (old.data, old.version, old.batch_id, old.sequence) == ({"key": "a", "text": "before"}, 1, "bat_1", 1)
    assert (new.data, new.version, new.batch_id, new.sequence) == ({"key": "a", "text": "after"}, 2, "bat_2", 3)
    assert new.emitted_at == LATER
    assert await keys(store, connection.id) == ["a", "b"]


async def test_an_update_moves_a_record_to_the_place_it_brings(store: Store):
    connection = await connect_and_open(store)
    await store.write(connection.id, "bat_1", [WriteRecords([record("a", position="5"), record("b", position="3")])])
    await store.write(connection.id, "bat_1", [WriteRecords([record("a", text="moved", partition="C2", position="1")])])
    assert await keys(store, connection.id) == ["a", "b"]
    page = await store.records.page(connection.id, "messages", RecordQuery(partition="C2"))
    assert [stored.key for stored in page.records] == ["a"]


async def test_a_delete_leaves_a_tombstone_with_the_last_content(store: Store):
    connection = await connect_and_open(store)
    await store.write(connection.id, "bat_1", [WriteRecords([record("a"), record("b")])])
    assert await store.write(connection.id, "bat_1", [WriteRecords([deletion("a")])]) == {
        "messages": WriteCounts(deleted=1)
    }
    assert await keys(store, connection.id) == ["b"]
    before, tombstone = await store.records.versions(connection.id, "messages", "a")
    assert (before.deleted, tombstone.deleted) == (False, True)
    assert tombstone.data == before.data
    assert tombstone.emitted_at == LATER
    assert await store.records.count(connection.id) == {"messages": (1, 1)}


async def test_a_delete_of_a_tombstone_changes_nothing(store: Store):
    connection = await connect_and_open(store)
    await store.write(connection.id, "bat_1", [WriteRecords([record("a"), deletion("a")])])
    counts = await store.write(connection.id, "bat_1", [WriteRecords([deletion("a")])])
    assert counts == {"messages": WriteCounts(unchanged=1)}
    assert len(await store.records.versions(connection.id, "messages", "a")) == 2


async def test_a_delete_of_an_unknown_record_leaves_a_tombstone_without_content(store: Store):
    connection = await connect_and_open(store)
    counts = await store.write(connection.id, "bat_1", [WriteRecords([deletion("a")])])
    assert counts == {"messages": WriteCounts(deleted=1)}
    (tombstone,) = await store.records.versions(connection.id, "messages", "a")
    assert (tombstone.deleted, tombstone.data, tombstone.version) == (True, None, 1)
    assert await store.records.count(connection.id) == {"messages": (0, 1)}


async def test_an_upsert_revives_a_tombstone_even_with_the_same_content(store: Store):
    connection = await connect_and_open(store)
    await store.write(connection.id, "bat_1", [WriteRecords([record("a")])])
    await store.write(connection.id, "bat_1", [WriteRecords([deletion("a")])])
    counts = await store.write(connection.id, "bat_1", [WriteRecords([record("a")])])
    assert counts == {"messages": WriteCounts(updated=1)}
    assert [stored.deleted for stored in await store.records.versions(connection.id, "messages", "a")] == [
        False,
        True,
        False,
    ]
    assert await store.records.count(connection.id) == {"messages": (1, 0)}


async def test_the_same_key_twice_in_one_write_is_applied_in_order(store: Store):
    connection = await connect_and_open(store)
    steps = [record("a"), record("b"), record("a", text="again"), deletion("a"), record("a", text="last")]
    counts = await store.write(connection.id, "bat_1", [WriteRecords(steps)])
    assert counts == {"messages": WriteCounts(new=2, updated=2, deleted=1)}
    history = await store.records.versions(connection.id, "messages", "a")
    assert [(stored.version, stored.sequence, stored.deleted) for stored in history] == [
        (1, 1, False),
        (2, 3, False),
        (3, 4, True),
        (4, 5, False),
    ]


async def test_many_records_are_looked_up_and_inserted_in_one_write(store: Store):
    """More than one statement's worth of keys, a third of them known."""
    connection = await connect_and_open(store)
    known = [record(f"{number:05}") for number in range(0, 3000, 3)]
    await store.write(connection.id, "bat_1", [WriteRecords(known)])
    everything = [record(f"{number:05}") for number in range(3000)]
    counts = await store.write(connection.id, "bat_1", [WriteRecords(everything)])
    assert counts == {"messages": WriteCounts(new=2000, unchanged=1000)}
    page = await store.records.page(connection.id, "messages", RecordQuery(limit=4000))
    assert [stored.key for stored in page.records] == [written.key for written in everything]


async def test_change_numbers_are_shared_by_all_connections_and_never_used_twice(store: Store):
    first = await connect_and_open(store, "first", 1)
    second = await connect_and_open(store, "second", 2)
    await store.write(first.id, "bat_1", [WriteRecords([record("a"), record("b")])])
    await store.write(second.id, "bat_2", [WriteRecords([record("a")])])
    await store.connections.delete(second.id)
    await store.write(first.id, "bat_1", [WriteRecords([record("c")])])
    assert [stored.sequence for stored in await store.records.changes(first.id, after=0, limit=10)] == [1, 2, 4]


async def test_a_walk_buries_the_heads_it_did_not_see_and_no_others(store: Store):
    connection = await connect_and_open(store)
    heads = [record(f"h{position}", position=str(position)) for position in range(1, 7)]
    elsewhere = [record("other", partition="C2", position="3"), record("other", stream="users", position="3")]
    await store.write(connection.id, "bat_1", [WriteRecords([*heads, *elsewhere])])
    counts = await store.write(connection.id, "bat_1", [walk("h3", since="2", until="5")])
    assert counts == {"messages": WriteCounts(deleted=3)}
    assert await keys(store, connection.id) == ["h1", "h3", "other", "h6"]
    assert (await store.records.versions(connection.id, "messages", "h2"))[-1].emitted_at == LATER
    assert await store.records.count(connection.id) == {"messages": (4, 3), "users": (1, 0)}


async def test_a_walk_buries_members_only_of_groups_that_were_read(store: Store):
    connection = await connect_and_open(store)
    await store.write(
        connection.id,
        "bat_1",
        [
            WriteRecords(
                [
                    record("h1", position="1"),
                    record("m1", position="1", cursor="1.5", is_head=False),
                    record("h2", position="2"),
                    record("m2", position="2", cursor="2.5", is_head=False),
                    record("seen", position="2", cursor="2.6", is_head=False),
                ]
            )
        ],
    )
    await store.write(connection.id, "bat_1", [walk("h1", "h2", "seen", groups=("2",))])
    assert await keys(store, connection.id) == ["h1", "m1", "h2", "seen"]


async def test_a_seen_key_with_nul_does_not_stand_for_an_absent_one(store: Store):
    connection = await connect_and_open(store)
    await store.write(connection.id, "bat_1", [WriteRecords([record("a"), record("a\0b")])])
    counts = await store.write(connection.id, "bat_1", [walk("a\0b")])
    assert counts == {"messages": WriteCounts(deleted=1)}
    assert await keys(store, connection.id) == ["a\0b"]


async def test_a_seen_key_with_nul_that_is_not_stored_here_leaves_the_absent_one_absent(store: Store):
    """All that is stored would seem to have been seen, if the key were read up to its NUL."""
    connection = await connect_and_open(store)
    await store.write(connection.id, "bat_1", [WriteRecords([record("a")])])
    assert await store.write(connection.id, "bat_1", [walk("a\0b")]) == {"messages": WriteCounts(deleted=1)}
    assert await keys(store, connection.id) == []


async def test_a_walk_buries_members_whose_head_is_gone_too_but_not_those_whose_head_was_never_stored(store: Store):
    connection = await connect_and_open(store)
    member = {"cursor": "9", "is_head": False}
    await store.write(
        connection.id,
        "bat_1",
        [
            WriteRecords([record("gone", position="1"), record("m1", position="1", **member)]),
            WriteRecords([record("buried before", position="2"), record("m2", position="2", **member)]),
            WriteRecords([record("headless", position="3", **member)]),
            WriteRecords([deletion("buried before")]),
        ],
    )
    counts = await store.write(connection.id, "bat_1", [walk()])
    assert counts == {"messages": WriteCounts(deleted=3)}
    assert await keys(store, connection.id) == ["headless"]


async def test_operations_of_one_write_see_what_those_before_them_did(store: Store):
    connection = await connect_and_open(store)
    ops = [WriteRecords([record("a")]), walk(), WriteRecords([record("a")])]
    assert await store.write(connection.id, "bat_1", ops) == {"messages": WriteCounts(new=1, deleted=1, updated=1)}


async def test_partitions_and_checkpoints_come_back_as_they_were_saved(store: Store):
    connection = await connect_and_open(store)
    full = PartitionState(
        stream="messages",
        key="C1",
        status=PartitionStatus.MISSING,
        covered=(Range(None, "5"), Range("7", "9")),
        limited_before="3",
        label="général",
        first_seen=AT,
        missing_since=LATER,
    )
    other = PartitionState(stream="files", key="C1")
    await store.write(connection.id, "bat_1", [SavePartitions([full, other]), SaveCheckpoints({"users": {"c": [1]}})])
    assert await store.ledger.partitions(connection.id) == [other, full]
    assert await store.ledger.partitions(connection.id, "messages") == [full]
    assert await store.ledger.checkpoints(connection.id) == {"users": {"c": [1]}}
    replaced = PartitionState(stream="messages", key="C1")
    await store.write(connection.id, "bat_1", [SavePartitions([replaced]), SaveCheckpoints({"users": None, "x": 1})])
    assert await store.ledger.partitions(connection.id, "messages") == [replaced]
    assert await store.ledger.checkpoints(connection.id) == {"users": None, "x": 1}
    assert await store.records.count(connection.id) == {}


async def test_an_owner_may_save_partitions_without_a_batch_but_no_records(store: Store):
    connection = await connect_and_open(store)
    state = PartitionState(stream="messages", key="C1", status=PartitionStatus.RETIRED)
    assert await store.write(connection.id, None, [SavePartitions([state])]) == {}
    assert await store.ledger.partitions(connection.id) == [state]
    for records in (WriteRecords([record("a")]), walk()):
        with pytest.raises(RunFailedError) as refused:
            await store.write(connection.id, None, [SaveCheckpoints({"s": 1}), records])
        assert refused.value.code == "unknown_batch"
    assert await store.ledger.checkpoints(connection.id) == {}


async def test_nothing_is_written_for_a_batch_that_is_unknown_finished_or_of_another_connection(store: Store):
    connection = await connect_and_open(store)
    other = await connect(store, "other")
    run, batch = run_rows(other, 2)
    await store.runs.open(run, batch)
    await store.runs.abandon(other.id, at=LATER)
    refusals = [(connection.id, "bat_9", "unknown_batch"), (connection.id, "bat_2", "unknown_batch")]
    for connection_id, batch_id, code in [
        *refusals,
        (other.id, "bat_2", "batch_closed"),
        (99, "b", "unknown_connection"),
    ]:
        with pytest.raises(RunFailedError) as refused:
            await store.write(connection_id, batch_id, [WriteRecords([record("a")])])
        assert refused.value.code == code
    assert await store.records.count(connection.id) == {}
