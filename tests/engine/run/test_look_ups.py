"""A narrowed run changes only what was inside its boundary before, and is inside it after (SE-7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from engine.rig import Rig, message, says
from engine.run.test_exceptions import named, standing
from playbooks import MESSAGES, coverage, inventory, looked, manifest, record, stream
from polyhost.connectors.scripted import Script
from polyhost.ledger import exceptions as rules
from polyhost.store.base import ResolveExceptions, WriteOp, WriteRecords
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


def moved(number: int) -> dict[str, Any]:
    """A message that the source has moved into the first channel since."""
    return message(f"moved{number}", "C1", f"{number}.5")


async def test_what_stays_outside_goes_on_to_stand_out_from_one_run_to_the_next(rig: Rig):
    await rig.run(reads(*MOVED), ONLY_C1)
    (first,) = await standing(rig)
    await rig.run(reads(*MOVED), ONLY_C1)
    (again,) = await standing(rig)
    assert (again.since, again.tries) == (first.since, first.tries + 1)


async def test_no_moment_knows_of_neither_a_record_nor_its_exception(rig: Rig):
    """Killed at any time, the run has lost nothing: what heals an exception is written with the record."""
    wrong = {"type": "EXCEPTION", "stream": "messages", "kind": "record", "key": "new", "reason": "unmappable"}
    place = {"partition": "C1", "position": "3.0"}
    await rig.run(says(inventory("messages", "C1", "C2"), looked("people"), wrong | place))
    assert [key for key, *_ in await named(rig)] == ["new"]
    written: list[Sequence[WriteOp]] = []
    rig.store.fails = lambda ops: bool(written.append(ops))
    await rig.run(reads(*MOVED), ONLY_C1)
    assert [key for key, *_ in await named(rig)] == ["moved"]
    (healing,) = [ops for ops in written if any(isinstance(op, ResolveExceptions) for op in ops)]
    assert "new" in [write.key for op in healing if isinstance(op, WriteRecords) for write in op.records]


async def test_nothing_is_claimed_where_more_stays_outside_than_is_kept(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    """In one batch, so that the range is told of before anything of it is looked up."""
    await rig.run(says(*(message(f"moved{number}", "C2", f"{number}.5") for number in range(4, 8))))
    monkeypatch.setattr(rules, "MAX_STANDING", 3)
    before = await rig.covered("C1")
    four = [moved(number) for number in range(4, 8)]
    result = await rig.run(
        says(inventory("messages", "C1"), *four, coverage("messages", "C1", "99.0", "199.0")), ONLY_C1
    )
    assert len(await named(rig)) == 3
    assert (await rig.covered("C1"), result["status"]) == (before, "complete_with_gaps")


async def test_what_is_stored_without_the_field_that_tells_is_judged_by_what_it_becomes(store: Any):
    rig = await Rig(store).connected(manifest(stream("notes")))

    def told(text: str) -> dict[str, Any]:
        return record("notes", "n1", {"id": "n1", "at": "2025-01-01T00:00:00Z", "text": text})

    await rig.run(says(told("first")), {"streams": ["notes"], "fields": {"notes": ["id", "text"]}})
    assert await rig.data("notes") == {"n1": {"id": "n1", "text": "first"}}
    await rig.run(says(told("then")), {"time_range": {"since": "2024-01-01T00:00:00Z"}})
    assert (await rig.data("notes"))["n1"]["text"] == "then"
    assert await named(rig) == []
