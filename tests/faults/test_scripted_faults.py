"""Every row of the table in docs/reliability.md that needs no browser: its cost, its name, its healing (RS-1)."""

from __future__ import annotations

import random
from typing import Any

import pytest

from engine.rig import Rig
from faults.scripted.catalog import HEAD, LONE, PERSON, REPLY, ROWS, ScriptedRow
from faults.scripted.life import PEOPLE, go
from faults.scripted.sickness import Sickness
from faults.scripted.strikes import NOTHING, struck
from faults.scripted.walker import Walker
from faults.scripted.witness import Witness
from faults.scripted.world import World, key_of
from faults.words import Cost
from ledger.source import Head, Message
from playbooks import MESSAGES, manifest, strict
from polyhost.ledger.state import PartitionStatus
from polyhost.protocol.diagnostics import RunStatus
from polyhost.store.base import RecordQuery
from polyhost.store.memory import MemoryStore

pytestmark = pytest.mark.requirement("RS-1.1", "RS-1.3", "RS-1.6", "RS-3")
CHATS = manifest(strict(MESSAGES, "text"), PEOPLE)
STEP = 5


class Day:
    """A source that was collected once, and then went on."""

    def __init__(self) -> None:
        self.world = World(random.Random(), names=("A", "B"), history=3)
        self.sick = Sickness()
        self.rig = Rig(MemoryStore())

    async def begins(self) -> Day:
        await self.rig.connected(CHATS)
        assert (await self.run())["status"] == "complete"
        source = self.world.source
        source.tick = 100
        for name in ("A", "B"):
            heads = source.partitions[name].heads
            heads[LONE] = Head(LONE, 101)
            heads[HEAD] = Head(HEAD, 102, members={REPLY: Message(REPLY, 103)})
        source.tick = 103
        self.world.people[PERSON] += 1
        self.world.notice()
        return self

    async def run(self, row: ScriptedRow | None = None) -> Any:
        walker = Walker(self.world, self.sick, 1)
        script, state = struck(walker.script, NOTHING if row is None else row.strike, self.rig, STEP)
        witness = Witness(walker, state)
        result = await go(self.rig, script, state, made=witness.connector(), request={}, batch=3)
        self.rig.store.fails = lambda _: False
        assert row is None or row.strike is NOTHING or state.has_struck
        return result

    async def wrong(self) -> set[str]:
        right = {key: fact.text for key, fact in self.world.truth.items()}
        found: dict[str, str] = {}
        for stream in ("messages", "people"):
            page = await self.rig.store.records.page(self.rig.connection.id, stream, RecordQuery(limit=1000))
            found |= {record.key: record.data["text"] for record in page.records if record.data is not None}
        return {key for key in found.keys() | right.keys() if found.get(key) != right.get(key)}


def may_cost(cost: Cost, key: str | None) -> set[str]:
    """Of what is new on that day."""
    new = {key_of(name, cursor) for name in ("A", "B") for cursor in (LONE, HEAD, REPLY)}
    mine = {one for one in new if one.startswith("A/")}
    allowed: dict[Cost, set[str]] = {
        Cost.NOTHING: set(),
        Cost.RECORD: {key or ""},
        Cost.REPLIES: {key_of("A", REPLY)},
        Cost.PARTITION: mine,
        Cost.UNLISTED: new - mine,
        Cost.STREAM: {PERSON},
        Cost.REST: new | {PERSON},
    }
    return allowed[cost]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
async def test_it_costs_that_is_called_that_and_heals(row: ScriptedRow) -> None:
    day = await Day().begins()
    row.sicken(day.sick)
    result = await day.run(row)
    wrong = await day.wrong()
    assert wrong <= may_cost(row.cost, row.key)
    assert bool(wrong) == (row.cost is not Cost.NOTHING)
    if result is not None:
        _check_names(row, result)
    assert {state.status for state in (await day.rig.partitions()).values()} == {PartitionStatus.PRESENT}

    day.sick.heal()
    healed = await day.run()
    assert (healed["status"], healed["exceptions"], await day.wrong()) == ("complete", [], set())


def _check_names(row: ScriptedRow, result: dict[str, Any]) -> None:
    assert RunStatus(result["status"]).exit_code == row.exit
    codes = {one["code"] for one in result["diagnostics"]}
    assert row.codes <= codes | {result.get("error", {}).get("code")}
    if row.exit in {0, 3}:
        assert codes == row.codes
    named = {(one["key"], one["reason"]) for one in result["exceptions"]}
    assert named == (set() if row.key is None else {(row.key, row.reason)})
    if row.cost is Cost.PARTITION:
        assert {name for one in result["diagnostics"] for name in one["partitions"]} == {"A"}
