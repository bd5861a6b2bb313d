"""Runs that ask for less collect just that, and move nothing else.

Provenance: PR-3, PR-2.7.
"""

from __future__ import annotations

from typing import Any

import pytest

from e2e.owner import Owner
from e2e.truth import difference, stored, true
from fakes.slack import script
from fakes.slack import ts as timestamps
from fakes.slack.script import play
from polyhost.errors import RefusedError

NOON = "2026-10-03T10:00:30Z"  # between two messages of the harbour


def _state(view: dict[str, Any]) -> dict[str, Any]:
    """All of a partition but what is called new since the last run, which is another run now."""
    spans = {name: found for name, found in view["spans"].items() if name != "gained"}
    return {**view, "gained": None, "spans": spans}


@pytest.mark.requirement("PR-3.1", "PR-3.3", "PR-3.4", "PR-2.7")
async def test_a_run_over_one_channel_reads_that_one_and_moves_no_other_state(owner: Owner) -> None:
    world = owner.slack.world
    harbour, kitchen = world.conversation("harbour").id, world.conversation("kitchen").id
    play(world, [script.Post("harbour", "otto", "Fog."), script.Post("kitchen", "lena", "Rolls."), *_new_channel()])
    before = await owner.partitions()
    people = await owner.records("users")
    ran = await owner.run(resource=(f"messages={harbour}",), stream=("messages",))
    assert ran.status == "complete"
    assert ran.value["streams"].keys() == {"messages"}
    assert ran.counts("messages") == (1, 0, 0)
    assert {seen.params["channel"] for seen in owner.slack.requests() if "channel" in seen.params} == {harbour}
    after = await owner.partitions()
    assert after.keys() == before.keys()
    assert {key: _state(view) for key, view in after.items() if key != harbour} == {
        key: _state(view) for key, view in before.items() if key != harbour
    }
    assert await owner.records("users") == people

    rest = await owner.run()  # and the next full run skips nobody
    assert rest.counts("messages")[0] == 2
    assert kitchen in {seen.params.get("channel") for seen in owner.slack.requests("conversations.history")}
    assert await difference(owner) == {}


@pytest.mark.requirement("PR-3.1", "PR-3.3", "PR-2.5")
async def test_a_first_run_may_be_over_two_channels_and_the_next_one_collects_the_rest_from_its_beginning(
    newcomer: Owner,
) -> None:
    world = newcomer.slack.world
    two = {world.conversation(name).id for name in ("harbour", "lamp-room")}
    await newcomer.run(resource=(f"messages={','.join(sorted(two))}",), stream=("messages",))
    assert {key[1] for key in await stored(newcomer)} == two
    assert (await newcomer.partitions()).keys() == two
    whole = await newcomer.run()
    assert (whole.status, whole.value["diagnostics"]) == ("complete", [])
    assert await difference(newcomer) == {}


@pytest.mark.requirement("PR-3.7", "PR-2.3")
async def test_since_and_until_bound_what_is_collected_and_the_rest_is_not_forgotten(newcomer: Owner) -> None:
    world = newcomer.slack.world
    since, until = "2026-09-20T00:00:00Z", NOON
    ran = await newcomer.run(since=since, until=until)
    low, high = (timestamps.text(timestamps.from_iso(moment)) for moment in (since, until))
    expected = {key for key in true(world) if key[0] == "messages" and low <= key[2] < high}
    assert {key for key in await stored(newcomer) if key[0] == "messages"} == expected
    assert ran.value["receipt"]["completeness"]["claim"] != "complete"

    rest = await newcomer.run()
    assert rest.status == "complete"
    assert await difference(newcomer) == {}


@pytest.mark.requirement("PR-3.2", "PR-3.3", "PR-3.6")
@pytest.mark.parametrize(
    ("options", "named"),
    [
        pytest.param({"resource": ("messages=",)}, "messages", id="an empty list"),
        pytest.param({"resource": ("message=C1",)}, "message", id="a misspelt stream"),
        pytest.param({"resource": ("messages=C1,",)}, "messages", id="an empty id"),
        pytest.param({"resource": ("workspace=T1",)}, "workspace", id="a stream without resources"),
        pytest.param({"stream": ("mesages",)}, "mesages", id="an unknown stream"),
        pytest.param({"resource": ("messages=C1",), "stream": ("users",)}, "messages", id="a stream left out"),
        pytest.param({"since": "yesterday"}, "since", id="a time that is none"),
        pytest.param({"since": "2026-02-01", "until": "2026-01-01"}, "", id="an empty range"),
    ],
)
async def test_a_scope_that_is_wrong_is_refused_before_anything_starts(
    options: dict[str, object], named: str, owner: Owner
) -> None:
    before = await owner.runs()
    with pytest.raises(RefusedError) as refused:
        await owner.run(**options)
    assert named in str(refused.value)
    assert refused.value.instruction
    assert owner.slack.log.pages == []
    assert await owner.runs() == before


def _new_channel() -> list[script.Event]:
    """What a scoped run must not even register."""
    return [script.CreateChannel("fog", "theo", ("mina",)), script.Post("fog", "theo", "Hello?")]
