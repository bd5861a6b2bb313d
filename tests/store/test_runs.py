"""Connections, runs, batches, memos and the lease of both stores. From the docstrings of store/base.py."""

import os
import socket
from dataclasses import replace
from typing import Any

import pytest

from polyhost.boot_clock import Moment
from polyhost.errors import RefusedError, RunFailedError
from polyhost.ledger.state import PartitionState
from polyhost.store.base import SaveCheckpoints, SavePartitions, Store, WriteRecords
from polyhost.store.memos import (
    EVERY_MEMO,
    CoveredPartition,
    ImportedFile,
    KeptRefusal,
    Memo,
    OpenQuestionMemo,
    ToldCause,
)
from store.making import AT, LATER, MOMENT, connect, connect_and_open, deletion, holder, record, run_rows

RATE: Memo[Any] = Memo("rate", None)
KEPT = (CoveredPartition, ImportedFile, KeptRefusal, OpenQuestionMemo, ToldCause)
OTHER: Memo[list[int | None]] = Memo("other", [])
IN_TWO_YEARS = "2028-11-22T03:15:58.000Z"


async def test_a_connection_is_found_by_name(store: Store):
    row = await connect(store, "work")
    await connect(store, "home")
    assert (row.name, row.source, row.nature, row.created_at) == ("work", "slack", "live", AT)
    assert (row.options, row.account) == ({"a": [2], "b": 1}, {"team": "T1"})
    assert await store.connections.get("work") == row
    assert await store.connections.get("unknown") is None
    assert [each.name for each in await store.connections.all()] == ["home", "work"]


async def test_a_name_that_is_taken_is_refused(store: Store):
    await connect(store)
    with pytest.raises(RefusedError) as refused:
        await connect(store)
    assert refused.value.code == "connection_exists"


async def test_an_update_changes_what_it_is_given_and_no_more(store: Store):
    row = await connect(store)
    await store.connections.update(row.id, nature="test")
    await store.connections.update(row.id, account={})
    await store.connections.update(row.id)
    assert await store.connections.get("work") == replace(row, nature="test", account={})


async def test_another_name_keeps_all_there_is_and_is_refused_where_it_is_taken(store: Store):
    row = await connect(store)
    await connect(store, "other")
    await store.connections.save_memo(row.id, RATE, 1)
    await store.connections.update(row.id, name="work")
    await store.connections.update(row.id, name="office")
    assert await store.connections.get("office") == replace(row, name="office")
    assert await store.connections.get("work") is None
    assert await store.connections.memo(row.id, RATE) == 1
    with pytest.raises(RefusedError) as refused:
        await store.connections.update(row.id, name="other")
    assert refused.value.code == "connection_exists"
    assert await store.connections.get("office") is not None


async def test_what_is_done_to_a_connection_that_is_gone_is_said(store: Store):
    row = await connect(store)
    await store.connections.delete(row.id)
    run, batch = run_rows(row)
    for attempt in (
        store.connections.update(row.id, nature="test"),
        store.runs.acquire_lease(row.id, holder("t", pid=os.getpid()), now=MOMENT),
        store.runs.open(run, batch),
        store.runs.close(run, batch),
        store.runs.abandon(row.id, at=LATER),
        store.connections.save_memo(row.id, RATE, 1),
        store.write(row.id, None, []),
    ):
        with pytest.raises(RunFailedError) as refused:
            await attempt
        assert refused.value.code == "unknown_connection"
    assert await store.runs.renew_lease(row.id, "t", expires=MOMENT) is False
    await store.runs.release_lease(row.id, "t")
    await store.connections.delete(row.id)


async def test_deleting_a_connection_takes_all_of_its_own_and_nothing_else(store: Store):
    doomed, kept = await connect_and_open(store, "doomed", 1), await connect_and_open(store, "kept", 2)
    for connection, batch_id in ((doomed, "bat_1"), (kept, "bat_2")):
        ops = [
            WriteRecords([record("a"), record("a", text="b"), record("c"), deletion("c")]),
            SavePartitions([PartitionState(stream="messages", key="C1")]),
            SaveCheckpoints({"users": 1}),
        ]
        await store.write(connection.id, batch_id, ops)
        await store.connections.save_memo(connection.id, RATE, 1)
        await store.runs.acquire_lease(connection.id, holder("t", pid=os.getpid()), now=MOMENT)
    await store.connections.delete(doomed.id)
    assert await store.connections.get("doomed") is None
    assert await store.runs.get("run_1") is None
    assert await store.runs.batch("bat_1") is None
    assert await store.records.versions(doomed.id, "messages", "a") == []
    assert await store.records.count(doomed.id) == {}
    assert await store.connections.memo(doomed.id, RATE) is None
    assert len(await store.records.versions(kept.id, "messages", "a")) == 2
    assert await store.records.count(kept.id) == {"messages": (1, 1)}
    assert await store.ledger.partitions(kept.id) != []
    assert await store.ledger.checkpoints(kept.id) == {"users": 1}
    assert await store.connections.memo(kept.id, RATE) == 1
    assert await store.runs.renew_lease(kept.id, "t", expires=MOMENT) is True


async def test_a_run_and_its_batch_are_closed_together(store: Store):
    connection = await connect(store)
    run, batch = run_rows(connection)
    await store.runs.open(run, batch)
    assert (await store.runs.get("run_1"), await store.runs.batch("bat_1")) == (run, batch)
    run = replace(run, status="complete", finished_at=LATER, result={"status": "complete"})
    batch = replace(batch, finished_at=LATER, facts={"counts": {"parsed": 2}})
    await store.runs.close(run, batch)
    assert (await store.runs.get("run_1"), await store.runs.batch("bat_1")) == (run, batch)
    assert await store.runs.get("run_2") is None
    assert await store.runs.batch("bat_2") is None


async def test_a_run_or_batch_id_is_not_used_twice(store: Store):
    connection = await connect_and_open(store)
    for run, batch in (run_rows(connection, 1), (run_rows(connection, 2)[0], run_rows(connection, 1)[1])):
        with pytest.raises(RunFailedError) as refused:
            await store.runs.open(run, batch)
        assert refused.value.code == "store_failed"
    assert await store.runs.get("run_2") is None


@pytest.mark.requirement("RS-3")
async def test_runs_and_batches_come_newest_first_whatever_their_clocks_said(store: Store):
    connection, other = await connect(store), await connect(store, "other")
    for number, started_at in enumerate([AT, IN_TWO_YEARS, LATER, AT], start=1):
        await store.runs.open(*run_rows(connection if number != 3 else other, number, started_at))
    assert [run.id for run in await store.runs.newest(connection.id)] == ["run_4", "run_2", "run_1"]
    assert [batch.id for batch in await store.runs.newest_batches(connection.id)] == ["bat_4", "bat_2", "bat_1"]
    assert [run.id for run in await store.runs.newest(connection.id, limit=1)] == ["run_4"]
    assert [batch.id for batch in await store.runs.newest_batches(connection.id, limit=1)] == ["bat_4"]
    assert await store.runs.abandon(connection.id, at=LATER) == ["run_1", "run_2", "run_4"]


@pytest.mark.requirement("RS-3")
async def test_what_happens_is_numbered_in_its_order(store: Store):
    """Starts, ends and what lies between them; also of a run that was left by a process that died."""
    connection = await connect(store)
    run, batch = run_rows(connection, 1, IN_TWO_YEARS)
    await store.runs.open(run, batch)
    during = await store.runs.next_number()
    await store.runs.close(replace(run, status="complete", finished_at=AT), replace(batch, finished_at=AT))
    between = await store.runs.next_number()
    await store.runs.open(*run_rows(connection, 2))
    await store.runs.abandon(connection.id, at=AT)
    first, second = await store.runs.get("run_1"), await store.runs.get("run_2")
    assert first is not None
    assert second is not None
    numbers = [first.number, during, first.finished_number, between, second.number, second.finished_number]
    assert numbers == sorted(set(numbers), key=lambda number: number or 0)


@pytest.mark.requirement("RS-3")
async def test_a_run_keeps_when_it_was_by_the_clock_of_its_boot(store: Store):
    connection = await connect(store)
    run, batch = run_rows(connection)
    run = replace(run, boot="a boot", started_up=10.5)
    await store.runs.open(run, batch)
    run = replace(run, status="complete", finished_at=LATER, finished_up=12.25)
    await store.runs.close(run, replace(batch, finished_at=LATER))
    assert await store.runs.get("run_1") == run


async def test_abandoned_runs_fail_and_can_neither_write_nor_close_any_more(store: Store):
    """A process that was suspended, lost its lease and wakes up must not mix with the run that followed."""
    connection = await connect(store)
    for number in (1, 2):
        await store.runs.open(*run_rows(connection, number))
    run, batch = run_rows(connection, 1)
    await store.runs.close(replace(run, status="complete", finished_at=AT), replace(batch, finished_at=AT))
    assert await store.runs.abandon(connection.id, at=LATER) == ["run_2"]
    assert await store.runs.abandon(connection.id, at=LATER) == []
    abandoned = await store.runs.get("run_2")
    assert abandoned is not None
    assert (abandoned.status, abandoned.finished_at) == ("failed", LATER)
    finished = await store.runs.get("run_1")
    assert finished is not None
    assert (finished.status, finished.finished_at) == ("complete", AT)
    run, batch = run_rows(connection, 2)
    for attempt in (
        store.runs.close(replace(run, status="complete", finished_at=LATER), replace(batch, finished_at=LATER)),
        store.write(connection.id, "bat_2", [WriteRecords([record("a")])]),
    ):
        with pytest.raises(RunFailedError) as refused:
            await attempt
        assert refused.value.code == "batch_closed"
    with pytest.raises(RunFailedError) as refused:
        await store.runs.close(*run_rows(connection, 3))
    assert refused.value.code == "unknown_batch"


async def test_memos_are_kept_per_connection_and_name(store: Store):
    connection, other = await connect(store), await connect(store, "other")
    assert await store.connections.memo(connection.id, RATE) is None
    await store.connections.save_memo(connection.id, RATE, {"per_second": 1.5})
    await store.connections.save_memo(connection.id, OTHER, [1, None])
    await store.connections.save_memo(connection.id, RATE, {"per_second": 2})
    assert await store.connections.memo(connection.id, RATE) == {"per_second": 2}
    assert await store.connections.memo(connection.id, OTHER) == [1, None]
    assert await store.connections.memo(other.id, RATE) is None


async def test_a_memo_that_was_never_kept_is_its_default_and_one_that_was_emptied_is_not(store: Store):
    connection = await connect(store)
    assert await store.connections.memo(connection.id, OTHER) == []
    assert await store.connections.memo(connection.id + 1, OTHER) == []
    named = Memo[str | None]("named", "by default")
    assert await store.connections.memo(connection.id, named) == "by default"
    await store.connections.save_memo(connection.id, named, None)
    assert await store.connections.memo(connection.id, named) is None


def test_what_stands_in_the_stores_of_every_version_keeps_its_names():
    assert sorted(memo.name for memo in EVERY_MEMO) == [
        "asked",
        "covered_before",
        "governor",
        "imported_files",
        "legacy_high_water",
        "notices",
        "paused",
        "reach",
        "refused_files",
        "schedule",
        "scheduler",
        "signed_in",
        "watched_files",
    ]
    assert {kept.__name__: sorted(kept.__annotations__) for kept in KEPT} == {
        "CoveredPartition": ["covered", "imported"],
        "ImportedFile": ["batch", "run"],
        "KeptRefusal": ["at", "code", "instruction", "reason", "stamp"],
        "OpenQuestionMemo": ["run", "since"],
        "ToldCause": ["again_at", "told_at", "tries"],
    }


async def test_a_lease_is_held_by_one_until_it_is_given_back(store: Store):
    connection = await connect(store)
    mine, other = holder("mine", pid=os.getpid()), holder("other", pid=os.getpid())
    assert await store.runs.acquire_lease(connection.id, mine, now=MOMENT) is None
    assert await store.runs.acquire_lease(connection.id, other, now=MOMENT) == mine
    assert await store.runs.acquire_lease(connection.id, mine, now=MOMENT) is None
    await store.runs.release_lease(connection.id, "other")
    assert await store.runs.acquire_lease(connection.id, other, now=MOMENT) == mine
    await store.runs.release_lease(connection.id, "mine")
    assert await store.runs.acquire_lease(connection.id, other, now=MOMENT) is None


async def test_who_has_the_lease_is_told_as_long_as_it_cannot_be_taken(store: Store):
    connection, other = await connect(store), await connect(store, "other")
    mine = holder("mine", pid=os.getpid())
    assert await store.runs.lease_holder(connection.id, now=MOMENT) is None
    await store.runs.acquire_lease(connection.id, mine, now=MOMENT)
    assert await store.runs.lease_holder(connection.id, now=MOMENT) == mine
    assert await store.runs.lease_holder(other.id, now=MOMENT) is None
    assert await store.runs.lease_holder(connection.id, now=MOMENT.later(10_000)) is None
    await store.runs.release_lease(connection.id, "mine")
    assert await store.runs.lease_holder(connection.id, now=MOMENT) is None


async def test_leases_of_different_connections_do_not_meet(store: Store):
    first, second = await connect(store, "first"), await connect(store, "second")
    for connection in (first, second):
        assert (
            await store.runs.acquire_lease(connection.id, holder(connection.name, pid=os.getpid()), now=MOMENT) is None
        )


async def test_an_expired_lease_is_taken_over_and_its_holder_cannot_renew(store: Store):
    connection = await connect(store)
    mine = holder("mine", pid=os.getpid(), expires=MOMENT.later(10))
    await store.runs.acquire_lease(connection.id, mine, now=MOMENT)
    assert await store.runs.renew_lease(connection.id, "mine", expires=MOMENT.later(20)) is True
    other = holder("other", pid=os.getpid())
    assert await store.runs.acquire_lease(connection.id, other, now=MOMENT.later(15)) == replace(
        mine, expires=MOMENT.later(20)
    )
    assert await store.runs.acquire_lease(connection.id, other, now=MOMENT.later(20)) is None
    assert await store.runs.renew_lease(connection.id, "mine", expires=MOMENT.later(40)) is False


@pytest.mark.requirement("RS-3")
@pytest.mark.parametrize("set_by", [-3e7, -3600.0, 3600.0, 6e7])
async def test_a_lease_lasts_as_long_as_it_was_taken_for_wherever_the_wall_clock_is_set(store: Store, set_by: float):
    connection = await connect(store)
    mine, other = holder("mine", pid=os.getpid()), holder("other", pid=os.getpid())
    await store.runs.acquire_lease(connection.id, mine, now=MOMENT)
    for seconds, expected in ((59, mine), (60, None)):
        now = MOMENT.later(seconds)
        assert (
            await store.runs.acquire_lease(connection.id, other, now=replace(now, wall=now.wall + set_by)) == expected
        )


@pytest.mark.requirement("RS-3")
async def test_a_lease_of_another_boot_of_this_machine_is_over_and_one_of_another_machine_lasts(store: Store):
    restarted = replace(MOMENT, boot="the next boot", up=30.0)
    other = holder("other", pid=os.getpid())
    for name, host, held in (("one", socket.gethostname(), False), ("two", "another machine", True)):
        connection = await connect(store, name)
        mine = holder("mine", pid=os.getpid(), host=host)
        await store.runs.acquire_lease(connection.id, mine, now=MOMENT)
        assert await store.runs.acquire_lease(connection.id, other, now=restarted) == (mine if held else None)


@pytest.mark.requirement("RS-3")
@pytest.mark.parametrize("boot", [None, "elsewhere"])
async def test_a_lease_that_only_the_wall_clock_tells_holds_no_longer_than_a_lease_can(store: Store, boot: str | None):
    """As of earlier versions, and of another machine whose clock is years ahead."""
    connection = await connect(store)
    ahead = Moment(MOMENT.wall + 6e7, boot, 0.0)
    await store.runs.acquire_lease(connection.id, holder("mine", pid=os.getpid(), expires=ahead), now=MOMENT)
    assert await store.runs.acquire_lease(connection.id, holder("other", pid=os.getpid()), now=MOMENT) is None


async def test_a_closed_store_says_so(store: Store):
    await store.close()
    await store.close()
    with pytest.raises(RunFailedError) as refused:
        await store.connections.all()
    assert refused.value.code == "store_closed"
