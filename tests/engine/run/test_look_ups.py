"""A narrowed run changes only what was inside its boundary before, and is inside it after (SE-7)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.rig import Rig, message, says
from engine.run.test_exceptions import named
from playbooks import MESSAGES, coverage, inventory, looked, manifest, record, stream
from polyhost.connectors.scripted import Script
from store.conftest import make_home, store

__all__ = ["make_home", "store"]

pytestmark = pytest.mark.requirement("SE-7")

PEOPLE = stream("people", required=False)
CHATS = manifest({**MESSAGES}, PEOPLE)
ONLY_C1 = {"streams": ["messages"], "resources": {"messages": ["C1"]}}


@pytest.fixture
async def rig(store: Any) -> Rig:
    """Two channels: one message in each, and one that the source has moved since from the second to the first."""
    rig = await Rig(store).connected(CHATS)
    await rig.run(reads(message("one", "C1", "1.0"), message("two", "C2", "1.0"), message("moved", "C2", "2.0")))
    return rig


def reads(*messages: dict[str, Any]) -> Script:
    """All there is of both channels."""
    proven = [coverage("messages", channel, None, "99.0") for channel in ("C1", "C2")]
    return says(inventory("messages", "C1", "C2"), looked("people"), *messages, *proven)


MOVED = [message("one", "C1", "1.0", thread=None), message("moved", "C1", "2.0"), message("new", "C1", "3.0")]


async def channels(rig: Rig) -> dict[str, str]:
    return {key: data["channel"] for key, data in (await rig.data("messages")).items()}


async def test_what_is_stored_outside_is_not_moved_in_and_is_named(rig: Rig):
    result = await rig.run(reads(*MOVED), ONLY_C1)
    assert await channels(rig) == {"one": "C1", "two": "C2", "moved": "C2", "new": "C1"}
    assert await named(rig) == [("moved", "2.0", "stored_outside", 1)]
    assert ("out_of_scope_record", "messages") in rig.codes(result)
    assert (result["status"], await rig.covered("C1")) == ("complete_with_gaps", [(None, "99.0")])


async def test_the_next_run_of_everything_moves_it(rig: Rig):
    await rig.run(reads(*MOVED), ONLY_C1)
    result = await rig.run(reads(*MOVED), full=True)
    assert (await channels(rig))["moved"] == "C1"
    assert (await named(rig), result["status"]) == ([], "complete")


async def test_a_run_of_some_fields_is_held_to_the_same(rig: Rig):
    asked = ONLY_C1 | {"fields": {"messages": ["id", "channel", "ts"]}}
    await rig.run(reads(*MOVED), asked)
    assert await channels(rig) == {"one": "C1", "two": "C2", "moved": "C2", "new": "C1"}
    assert [key for key, *_ in await named(rig)] == ["moved"]


async def test_what_lies_inside_is_changed_and_what_is_asked_for_by_key_is_inside(rig: Rig):
    asked = {"streams": ["messages"], "resources": {"messages": ["moved", "C1"]}}
    await rig.run(reads(*MOVED), asked)
    assert (await channels(rig))["moved"] == "C1"
    assert (await rig.data("messages"))["one"]["thread"] is None
    assert await named(rig) == []


async def test_a_time_range_is_a_boundary_too(store: Any):
    rig = await Rig(store).connected(manifest(stream("notes")))

    def told(key: str, at: str) -> dict[str, Any]:
        return record("notes", key, {"id": key, "at": at})

    await rig.run(says(told("old", "2020-01-01T00:00:00Z")))
    since = {"time_range": {"since": "2024-01-01T00:00:00Z"}}
    await rig.run(says(told("old", "2025-01-01T00:00:00Z"), told("new", "2025-01-01T00:00:00Z")), since)
    found = {key: data["at"][:4] for key, data in (await rig.data("notes")).items()}
    assert found == {"old": "2020", "new": "2025"}
