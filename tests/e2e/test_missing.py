"""Conversations that vanish and come back, from one run to the next and up to the exit status.

Provenance: PR-1.
"""

from __future__ import annotations

import pytest

from e2e.command import CommandLine
from e2e.owner import Owner
from e2e.truth import difference
from fakes.slack import script
from fakes.slack.script import play


def history_calls(owner: Owner, channel: str) -> int:
    return len(owner.slack.requests("conversations.history", channel=channel))


@pytest.mark.requirement("PR-1.1", "PR-1.7", "PR-1.8", "PR-2.1")
async def test_a_channel_that_was_left_is_missing_until_it_is_back_and_then_goes_on_where_it_stopped(
    owner: Owner,
) -> None:
    world = owner.slack.world
    room = world.conversation("lamp-room").id
    idle = await owner.run()
    before = await owner.records("messages", partition=room, deleted=True)
    reached = (await owner.partitions())[room]["high_water"]

    play(world, [script.Leave("lamp-room", "mina")])
    left = await owner.run()
    assert left.status == "complete_with_gaps"
    assert left.diagnostic("partition_missing")["partitions"] == [room]
    assert left.counts("messages") == (0, 0, 0)
    view = (await owner.partitions())[room]
    assert (view["status"], view["high_water"]) == ("missing", reached)

    again = await owner.run()
    assert again.diagnostic("partition_missing")["partitions"] == [room]
    assert sum(again.requests.values()) <= sum(idle.requests.values())
    assert history_calls(owner, room) == 0
    assert await owner.records("messages", partition=room, deleted=True) == before

    play(world, [script.Post("lamp-room", "otto", "While you were out."), script.Join("lamp-room", "mina")])
    back = await owner.run()
    assert (back.status, back.value["diagnostics"]) == ("complete", [])
    assert back.counts("messages")[0] == 3  # her leaving, the message, her joining
    assert (await owner.partitions())[room]["status"] == "present"
    assert history_calls(owner, room) == 1
    assert await difference(owner) == {}


@pytest.mark.requirement("PR-1.3")
async def test_the_command_ends_with_3_over_a_missing_channel_and_with_0_where_gaps_are_allowed(
    owner: Owner, command: CommandLine
) -> None:
    room = owner.slack.world.conversation("lamp-room").id
    play(owner.slack.world, [script.Leave("lamp-room", "mina")])
    words = ("run", "fake", *command.mapped(owner.slack))
    shown = await command(*words)
    assert shown.exit_code == 3
    assert room in shown.stdout

    allowed = await command(*words, "--allow-gaps", "--json")
    assert allowed.exit_code == 0
    assert allowed.value["status"] == "complete_with_gaps"
    assert [gap["code"] for gap in allowed.value["receipt"]["gaps"]] == ["partition_missing"]


@pytest.mark.requirement("PR-1.5")
async def test_where_conversations_cannot_be_listed_nobody_is_called_missing(owner: Owner) -> None:
    """The counts fail, the lists are restricted, and a channel is really gone: the run cannot know, and says so."""
    slack = owner.slack
    room = slack.world.conversation("lamp-room").id
    play(slack.world, [script.Leave("lamp-room", "mina"), script.Post("harbour", "otto", "Still here.")])
    slack.faults.fail("client.counts", "fatal_error", times=None)
    slack.faults.fail("users.conversations", "enterprise_is_restricted", times=None)
    slack.behaviour.lists_restricted = True
    ran = await owner.run()
    assert ran.status == "complete_with_gaps"
    assert "inventory_unproven" in ran.codes
    assert "partition_missing" not in ran.codes
    assert (await owner.partitions())[room]["status"] == "present"
    assert ran.value["receipt"]["completeness"]["claim"] == "partial"

    slack.faults.clear()
    slack.behaviour.lists_restricted = False
    certain = await owner.run()
    assert certain.diagnostic("partition_missing")["partitions"] == [room]
    assert await difference(owner) == {}


@pytest.mark.requirement("PR-1.6", "PR-2.7")
async def test_a_run_over_one_channel_judges_no_other(owner: Owner) -> None:
    world = owner.slack.world
    harbour, room = world.conversation("harbour").id, world.conversation("lamp-room").id
    play(world, [script.Leave("lamp-room", "mina")])
    elsewhere = await owner.run(resource=(f"messages={harbour}",), stream=("messages",))
    assert (elsewhere.status, elsewhere.value["diagnostics"]) == ("complete", [])
    assert (await owner.partitions())[room]["status"] == "present"

    asked = await owner.run(resource=(f"messages={room}",), stream=("messages",))
    assert asked.diagnostic("partition_missing")["partitions"] == [room]
