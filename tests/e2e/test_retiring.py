"""An owner lets a vanished conversation go, and takes that back: `partitions retire` and `restore`.

Provenance: PR-1.7, PR-1.8.
"""

from __future__ import annotations

import pytest

from e2e.command import CommandLine
from e2e.owner import NAME, Owner
from e2e.truth import difference
from fakes.slack import script
from fakes.slack.faults import Gate
from fakes.slack.script import play


@pytest.mark.requirement("PR-1.7", "PR-1.8", "PR-2.1")
async def test_a_retired_conversation_is_let_go_and_a_restored_one_goes_on_where_it_stopped(
    owner: Owner, command: CommandLine
) -> None:
    world = owner.slack.world
    room = world.conversation("lamp-room").id
    before = await owner.records("messages", partition=room)
    reached = (await owner.partitions())[room]["high_water"]
    play(world, [script.Leave("lamp-room", "mina")])
    assert (await owner.run()).codes == {"partition_missing"}

    retired = await command("partitions", "retire", NAME, "messages", room, "--reason", "left the team", "--json")
    assert retired.exit_code == 0
    view = retired.value["partition"]
    assert (view["status"], view["retired_reason"], view["high_water"]) == ("retired", "left the team", reached)
    assert view["retired_at"]
    assert (await owner.partitions())[room] == view
    quiet = await owner.run()
    assert (quiet.status, quiet.codes) == ("complete", set())
    assert await owner.records("messages", partition=room) == before

    play(world, [script.Post("lamp-room", "otto", "While you were out."), script.Join("lamp-room", "mina")])
    listed = await owner.run()
    assert (listed.status, listed.diagnostic("range_unproven")["partitions"]) == ("complete", [room])
    assert owner.slack.requests("conversations.history", channel=room) == []
    assert await owner.records("messages", partition=room) == before

    restored = await command("partitions", "restore", NAME, "messages", room, "--json")
    assert restored.value["partition"]["status"] == "present"
    assert restored.value["partition"]["retired_reason"] is None
    back = await owner.run()
    assert (back.status, back.codes) == ("complete", set())
    assert back.counts("messages") == (3, 0, 0)  # her leaving, the message, her joining
    assert len(owner.slack.requests("conversations.history", channel=room)) == 1
    assert await difference(owner) == {}


@pytest.mark.requirement("PR-1.7")
async def test_a_conversation_restored_while_it_is_gone_is_reported_again(owner: Owner, command: CommandLine) -> None:
    room = owner.slack.world.conversation("lamp-room").id
    play(owner.slack.world, [script.Leave("lamp-room", "mina")])
    missing = (await owner.run()).diagnostic("partition_missing")
    await command("partitions", "retire", NAME, "messages", room)
    assert (await command("partitions", "restore", NAME, "messages", room)).exit_code == 0
    assert (await owner.run()).diagnostic("partition_missing") == missing


@pytest.mark.requirement("PR-1.7")
async def test_only_what_is_missing_can_be_retired_and_only_what_is_retired_restored(
    owner: Owner, command: CommandLine
) -> None:
    room = owner.slack.world.conversation("harbour").id
    before = await owner.partitions()
    refused = {
        ("retire", NAME, "messages", room): "present",
        ("restore", NAME, "messages", room): "not retired",
        ("retire", NAME, "messages", "CNEVER"): "CNEVER",
        ("retire", NAME, "users", room): "users",
        ("retire", "nobody", "messages", room): "nobody",
    }
    for words, named in refused.items():
        ended = await command("partitions", *words)
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert named in ended.complaint
    assert await owner.partitions() == before


async def test_while_a_run_is_going_on_its_partitions_are_left_alone(owner: Owner, command: CommandLine) -> None:
    """The run keeps the ledger in memory and would write over it."""
    world = owner.slack.world
    room = world.conversation("lamp-room").id
    play(world, [script.Leave("lamp-room", "mina")])
    await owner.run()
    gate: Gate = owner.slack.faults.hold("client.counts")
    async with command.running("run", NAME, *command.mapped(owner.slack)) as running:
        await gate.reached.wait()
        ended = await command("partitions", "retire", NAME, "messages", room)
        assert (ended.exit_code, f"process {running.process.pid}" in ended.complaint) == (2, True)
        gate.release()
        assert (await running.finished()).exit_code == 3
    assert (await command("partitions", "retire", NAME, "messages", room)).exit_code == 0
