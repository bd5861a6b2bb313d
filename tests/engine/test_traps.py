"""Traps other implementations fell into, by number, where only a whole run can fall into them.

Provenance: the protocol's list. Traps 1 to 4, 6, 7, 11 and 13 are in tests/protocol/test_traps.py, with what the
protocol layer can show of 5, 8 and 12; here are those that need a ledger and a store.
"""

from collections.abc import AsyncGenerator

import pytest

from engine.rig import Rig, message, says
from playbooks import (
    AT,
    MESSAGES,
    certified,
    coverage,
    delete,
    details,
    done,
    inventory,
    looked,
    manifest,
    record,
    skip,
    state,
)
from playbooks import stream as declare
from polyhost.connectors.scripted import FLUSH, Said, ScriptHost
from polyhost.engine.run.dry_run import dry_run
from polyhost.ledger.retire import restore, retire
from polyhost.protocol.scope_request import resolve_scope
from polyhost.store import memos
from polyhost.store.base import SavePartitions

CHATS = manifest(MESSAGES)
FAMILY = manifest(
    declare("parents"),
    declare("children", parent_streams=["parents"], coverage_strategy="parent_detail_accounting"),
    declare("bad", required=False),
)


@pytest.mark.requirement("PR-3.5")
async def test_trap_4_a_tombstone_without_the_resource_field_is_looked_up_in_the_store(rig: Rig):
    notes = manifest(declare("notes", selection={"resources": True, "resource_field": "text"}))
    await rig.connected(notes)
    await rig.run(says(record("notes", "in", {"text": "A"}), record("notes", "out", {"text": "B"})))
    result = await rig.run(
        says(delete("notes", "in"), delete("notes", "out"), delete("notes", "never")), {"resources": {"notes": ["A"]}}
    )
    assert await rig.keys("notes") == ["out"]
    assert result["streams"]["notes"] == {"new": 0, "updated": 0, "unchanged": 0, "deleted": 1, "rejected": 2}


@pytest.mark.requirement("PR-4.2", "PR-4.7")
async def test_trap_5_a_certified_failure_makes_a_childs_records_durable_before_its_parents_cursor(rig: Rig):
    await rig.connected(FAMILY)
    await rig.run(
        says(
            record("parents", "p1"),
            details("children", "parents", ["p1"], ["p1"]),
            state("parents", 1),
            record("children", "c1"),
            skip("bad"),
            certified(2),
        )
    )
    assert [entry for entry in rig.log if entry[0] in ("stored", "cursors")] == [
        ("stored", "p1"),
        ("stored", "c1"),
        ("cursors", {"parents": 1}),
    ]


@pytest.mark.requirement("PR-2.1", "PR-2.2", "PR-2.5")
async def test_trap_8_a_new_partition_older_than_every_other_is_collected_from_its_beginning(rig: Rig):
    await rig.connected(CHATS)
    await rig.run(
        says(inventory("messages", "C1"), message("a", "C1", "900.0"), coverage("messages", "C1", None, "900.0"))
    )
    wanted: list[dict] = []

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", "C1", "C2")
        yield FLUSH
        wanted.extend(await host.windows("messages", "C2"))
        yield message("b", "C2", "5.0")
        yield coverage("messages", "C2", None, "5.0")
        yield done(1)

    result = await rig.run(script)
    assert [(window["since"], window["until"]) for window in wanted] == [(None, None)]
    assert result["streams"]["messages"]["new"] == 1
    assert {key: state.high_water for key, state in (await rig.partitions()).items()} == {"C1": "900.0", "C2": "5.0"}


@pytest.mark.requirement("PR-2.3", "PR-2.7")
async def test_trap_8_another_tools_global_cursor_hides_no_history(rig: Rig):
    await rig.connected(CHATS)
    await rig.store.connections.save_memo(rig.connection.id, memos.LEGACY_HIGH_WATER, {"messages": "500.0"})
    wanted: list[dict] = []

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", "C1")
        yield FLUSH
        wanted.extend(await host.windows("messages", "C1"))
        yield message("b", "C1", "900.0")
        yield coverage("messages", "C1", "500.0", "900.0")
        yield done(1)

    result = await rig.run(script)
    assert None in [window["since"] for window in wanted]
    assert ("range_unproven", "messages") in rig.codes(result)
    assert result["status"] == "complete_with_gaps"


@pytest.mark.requirement("PR-2.7")
async def test_trap_8_a_targeted_run_lets_the_next_full_run_skip_nobody(rig: Rig):
    await rig.connected(CHATS)
    targeted = (inventory("messages", "C1"), message("a", "C1", "900.0"), coverage("messages", "C1", None, "900.0"))
    await rig.run(says(*targeted), {"resources": {"messages": ["C1"]}})
    wanted: list[dict] = []

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", "C1", "C2")
        yield FLUSH
        wanted.extend(await host.windows("messages", "C2"))
        yield coverage("messages", "C2", None, "1.0")
        yield done()

    await rig.run(script)
    assert [(window["since"], window["until"]) for window in wanted] == [(None, None)]


@pytest.mark.requirement("PR-1.7", "PR-1.8")
async def test_trap_9_a_missing_partition_costs_nothing_on_later_runs_and_can_be_retired(rig: Rig):
    await rig.connected(CHATS)
    first = [message("a", "C1", "1.0"), coverage("messages", "C1", None, "1.0")]
    first += [message("b", "C2", "1.0"), coverage("messages", "C2", None, "1.0")]
    await rig.run(says(inventory("messages", "C1", "C2"), *first))
    rig.clock.seconds += 30 * 86_400  # every look-back and sweep would be due by now
    wanted: list[dict] = []

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield inventory("messages", "C1")
        yield FLUSH
        wanted[:] = await host.windows("messages", "C2")
        yield done()

    for _ in range(2):
        assert ("partition_missing", "messages") in rig.codes(await rig.run(script))
    assert wanted == []
    plan = await dry_run(
        rig.store,
        rig.connection,
        CHATS,
        resolve_scope(CHATS),
        rig.clock,
        full=False,  # type: ignore[arg-type]
    )
    assert {row["partition"] for row in plan["plan"]} == {"C1"}

    gone = retire((await rig.partitions())["C2"], "C2", reason="left", at=rig.clock.iso())
    await rig.store.write(rig.connection.id, None, [SavePartitions([gone])])
    result = await rig.run(says(inventory("messages", "C1")))
    assert "partition_missing" not in [code for code, _ in rig.codes(result)]
    assert await rig.keys("messages") == ["a", "b"]
    back = restore((await rig.partitions())["C2"], "C2")
    await rig.store.write(rig.connection.id, None, [SavePartitions([back])])
    result = await rig.run(says(inventory("messages", "C1")))
    assert ("partition_missing", "messages") in rig.codes(result)


@pytest.mark.requirement("CH-2.4")
async def test_trap_10_a_run_that_did_not_ask_the_source_what_there_is_proves_nothing_fresh(rig: Rig):
    await rig.connected(CHATS)
    read = (inventory("messages", "C1"), message("a", "C1", "1.0"), coverage("messages", "C1", None, "1.0"))
    assert (await rig.run(says(*read)))["receipt"]["completeness"]["claim"] == "complete"
    before = (await rig.partitions())["C1"]
    rig.clock.seconds += 3 * 86_400
    result = await rig.run(says(message("a", "C1", "1.0")))  # out of a copy: nothing enumerated, nothing covered
    after = (await rig.partitions())["C1"]
    assert result["status"] == "complete_with_gaps"
    assert ("inventory_unproven", "messages") in rig.codes(result)
    assert result["receipt"]["completeness"]["claim"] != "complete"
    assert (after.last_seen, after.refreshed_at, after.covered) == (
        before.last_seen,
        before.refreshed_at,
        before.covered,
    )


@pytest.mark.requirement("CH-2.4")
async def test_trap_10_a_replay_says_that_it_was_one(rig: Rig):
    await rig.connected(CHATS)
    for recorded in (False, True):
        result = await rig.run(says(inventory("messages")), recorded=recorded)
        batch = await rig.store.runs.batch(result["receipt"]["batch_id"])
        assert (result["receipt"]["recorded"], batch.facts["recorded"]) == (recorded, recorded)


@pytest.mark.requirement("CH-2.4")
async def test_trap_12_a_cursor_and_a_count_prove_no_coverage(rig: Rig):
    await rig.connected(manifest(declare("notes")))
    result = await rig.run(says(record("notes", "n1"), state("notes")))
    assert (result["status"], await rig.cursors()) == ("complete", {"notes": "c1"})
    assert result["receipt"]["completeness"] == {"claim": "unproven", "evidence": []}


@pytest.mark.requirement("CH-2.4", "PR-1.5")
@pytest.mark.parametrize(
    ("said", "claim"),
    [
        ([], "partial"),
        ([inventory("messages", complete=False)], "partial"),
        ([inventory("messages")], "complete"),
        ([inventory("messages", "C1")], "partial"),
        ([inventory("messages", "C1"), coverage("messages", "C1", None, "1.0")], "complete"),
    ],
)
async def test_trap_12_none_found_is_not_the_same_as_not_looked(rig: Rig, said, claim):
    """Zero records each time; what differs is whether anyone said what there is, and read it."""
    await rig.connected(CHATS)
    result = await rig.run(says(*said))
    assert result["receipt"]["completeness"]["claim"] == claim


@pytest.mark.requirement("PR-4.2")
async def test_trap_12_a_parents_cursor_waits_for_an_account_of_its_children(rig: Rig):
    await rig.connected(FAMILY)
    silent = await rig.run(says(record("parents", "p1"), state("parents", 1)))
    assert (silent["status"], await rig.cursors()) == ("complete_with_gaps", {})
    told = await rig.run(says(looked("bad"), details("children", "parents", [], []), state("parents", 1)))
    assert (told["status"], await rig.cursors()) == ("complete", {"parents": 1})


@pytest.mark.requirement("RS-1.1", "RS-1.6")
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_moment_beyond_the_calendar_costs_nothing(rig: Rig, moment: str):
    """Its time in UTC has no date: it is stored as it came, and the run goes on to its end."""
    await rig.connected(manifest(declare("notes", cursor_field="at", consent_time_field="at")))
    result = await rig.run(says(record("notes", "n1", {"at": moment}), record("notes", "n2", {"at": AT})))
    assert result["status"] == "complete"
    assert result["streams"]["notes"]["new"] == 2
