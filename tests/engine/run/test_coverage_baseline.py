"""What a run brought is shown apart from what was there before it."""

import pytest

from engine.rig import Rig, message, says
from playbooks import MESSAGES, coverage, inventory, manifest
from polyhost.engine.run import coverage_baseline
from polyhost.engine.run.coverage_baseline import covered_before
from polyhost.ledger.state import Range

CHATS = manifest(MESSAGES)


async def read_through(rig: Rig, until: str, *channels: str) -> None:
    """A run that proves each of these from where it was read last."""
    known = {name: state.high_water for name, state in (await rig.partitions()).items()}
    said = [
        (message(f"{name}{until}", name, until), coverage("messages", name, known.get(name), until))
        for name in channels
    ]
    await rig.run(says(inventory("messages", *channels), *(one for pair in said for one in pair)))


async def test_what_was_covered_before_the_last_run_is_kept_for_whoever_shows_what_it_brought(rig: Rig):
    await rig.connected(CHATS)
    assert await covered_before(rig.store, rig.connection.id) == {}, "nothing ran"
    await read_through(rig, "10.0", "C1")
    assert await covered_before(rig.store, rig.connection.id) == {"messages": {}}, "all of it is new"
    await read_through(rig, "20.0", "C1", "C2")
    before = await covered_before(rig.store, rig.connection.id)
    assert before == {"messages": {"C1": ((Range(None, "10.0"),), ())}}
    await read_through(rig, "30.0", "C1", "C2")
    before = await covered_before(rig.store, rig.connection.id)
    assert before["messages"]["C1"] == ((Range(None, "20.0"),), ())
    assert before["messages"]["C2"] == ((Range(None, "20.0"),), ())


async def test_of_a_stream_with_too_many_partitions_nothing_is_said(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    """Not that all of it is new."""
    monkeypatch.setattr(coverage_baseline, "MAX_REMEMBERED", 1)
    await rig.connected(CHATS)
    await read_through(rig, "10.0", "C1", "C2")
    await read_through(rig, "20.0", "C1", "C2")
    assert "messages" not in await covered_before(rig.store, rig.connection.id)
