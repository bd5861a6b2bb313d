"""Partitions that their source calls over, from connector to store: not missing, nothing asked of them, nothing lost
(RS-4.4; ours)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from engine.rig import Rig, message, says
from playbooks import MESSAGES, coverage, done, inventory, manifest
from polyhost.connectors.scripted import SETTLED, Said, ScriptHost

pytestmark = pytest.mark.requirement("RS-4.4")

CHATS = manifest(MESSAGES)


def over(*entries: dict[str, Any], complete: bool = True) -> dict[str, Any]:
    return {"type": "PARTITION_INVENTORY", "stream": "messages", "partitions": [*entries], "complete": complete}


async def read(rig: Rig, *channels: str) -> None:
    await rig.connected(CHATS)
    whole = [part for one in channels for part in (message(one, one, "1.0"), coverage("messages", one, None, "5.0"))]
    result = await rig.run(says(inventory("messages", *channels), *whole))
    assert result["status"] == "complete"


async def statuses(rig: Rig) -> dict[str, tuple[str, str | None]]:
    return {key: (str(state.status), state.successor) for key, state in (await rig.partitions()).items()}


async def test_it_is_told_once_and_no_run_is_incomplete_for_it(rig: Rig) -> None:
    await read(rig, "C1", "C2", "C3")
    told = over({"key": "C1"}, {"key": "C2", "deleted": True}, {"key": "C3", "became": "C1"})
    learnt, again, silent = [await rig.run(says(one)) for one in (told, told, over({"key": "C1"}))]
    assert rig.codes(learnt) == [("partition_ended", "messages")]
    assert (rig.codes(again), rig.codes(silent)) == ([], [])
    assert {one["status"] for one in (learnt, again, silent)} == {"complete"}
    assert silent["receipt"]["completeness"]["claim"] == "complete"
    assert await statuses(rig) == {"C1": ("present", None), "C2": ("deleted", None), "C3": ("became", "C1")}
    assert await rig.keys("messages") == ["C1", "C2", "C3"]


async def test_it_counts_where_the_inventory_breaks_off_and_where_the_run_does(rig: Rig) -> None:
    await read(rig, "C1", "C2")
    await rig.run(says(over({"key": "C1", "deleted": True}, complete=False), done(status="failed", code="broken")))
    assert (await statuses(rig))["C1"] == ("deleted", None)


async def test_nothing_is_asked_of_it_until_it_is_listed_again(rig: Rig) -> None:
    await read(rig, "C1", "C2")
    asked: list[list[Any]] = []

    async def asks(host: ScriptHost) -> AsyncGenerator[Said]:
        yield over({"key": "C1", "became": "C2"}, {"key": "C2"})
        yield SETTLED
        asked.append(await host.windows("messages", "C1"))
        yield over({"key": "C1"}, {"key": "C2"})
        yield SETTLED
        asked.append(await host.windows("messages", "C1"))
        yield done()

    await rig.run(asks)
    assert (asked[0], asked[1][0]["purpose"]) == ([], "new")
    assert (await statuses(rig))["C1"] == ("present", None)


async def test_what_stood_out_of_it_is_not_named_any_more(rig: Rig) -> None:
    await rig.connected(CHATS)
    met = {"type": "EXCEPTION", "stream": "messages", "kind": "record", "key": "x", "reason": "unmappable"}
    placed = {**met, "partition": "C1", "position": "1.0"}
    named = await rig.run(says(inventory("messages", "C1"), placed, coverage("messages", "C1", None, "5.0")))
    assert ("record_exception", "messages") in rig.codes(named)
    result = await rig.run(says(over({"key": "C1", "deleted": True})))
    assert (result["status"], result["exceptions"]) == ("complete", [])


async def test_a_run_that_was_narrowed_ends_no_other_partition(rig: Rig) -> None:
    await read(rig, "C1", "C2")
    both = over({"key": "C1", "deleted": True}, {"key": "C2", "deleted": True})
    await rig.run(says(both), {"resources": {"messages": ["C1"]}})
    assert await statuses(rig) == {"C1": ("deleted", None), "C2": ("present", None)}


async def test_a_record_that_goes_on_under_the_successor_moves_there(rig: Rig) -> None:
    await read(rig, "C1")
    told = over({"key": "C1", "became": "C2"}, {"key": "C2"})
    await rig.run(says(told, message("C1", "C2", "1.0"), coverage("messages", "C2", None, "5.0")))
    page = await rig.store.records.page(rig.connection.id, "messages")
    assert [(one.key, one.partition, one.deleted) for one in page.records] == [("C1", "C2", False)]
