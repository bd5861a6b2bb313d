"""One connection's life from a seed: history, sickness, blows, runs; and after each run what must hold.

    await Life(seed, store).through()

Owns: the invariants, each named where it is checked. Must not know: how the engine keeps them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any

from engine.rig import Rig
from faults.scripted.sickness import Sickness
from faults.scripted.strikes import NOTHING, STEPS, STRIKES, Strike, Struck, struck
from faults.scripted.walker import Claim, Walker
from faults.scripted.witness import Witness
from faults.scripted.world import NAMES, Fact, World, key_of
from ledger.source import within
from playbooks import MESSAGES, manifest, stream, strict
from polyhost.connectors.scripted import Script
from polyhost.errors import PolyhostError
from polyhost.ledger.exceptions import StandingException
from polyhost.ledger.ranges import contains_position
from polyhost.ledger.state import CursorOrder
from polyhost.protocol.exceptions import ExceptionKind
from polyhost.store.base import RecordQuery, Store

__all__ = ["PEOPLE", "Life", "go"]

FINISHED = {"complete", "complete_with_gaps"}
STRUCK, SCOPED, FULL, DRIFTING = 0.45, 0.2, 0.15, 0.3
"""Shares of runs that a blow falls on, that are asked for a part only, for everything, and under which the source
changes."""
PEOPLE = strict(stream("people", required=False), "text")


class Life:
    """A seed says everything that happens in it."""

    def __init__(self, seed: int, store: Store) -> None:
        self.die = random.Random(seed)
        self.world = World(self.die)
        self.sick = Sickness()
        self.rig = Rig(store)
        self.rereads_all = self.die.random() < 0.5
        self.claims: list[Claim] = []
        self.sent: list[Claim] = []
        self.told = ""

    async def through(self) -> None:
        """From the first run to the one after the last fault."""
        await self.rig.connected(self._manifest())
        for number in range(self.die.randint(2, 5)):
            self.sick.fall_ill(self.world, self.die)
            self.world.happen(self.die, self.die.choice((0, 3, 12)))
            await self._run(number)
        await self._heal()

    def _manifest(self) -> Any:
        """Either every run reads everything again, or as good as nothing."""
        refresh = {"lookback_records": 1_000, "requests_per_run": 100_000}
        if not self.rereads_all:
            refresh = {"lookback_records": self.die.choice((0, 1, 3)), "requests_per_run": self.die.choice((0, 2, 40))}
        partition = {**MESSAGES["partition"], "refresh": refresh}
        return manifest(strict({**MESSAGES, "partition": partition}, "text"), PEOPLE)

    # runs

    async def _run(self, number: int) -> None:
        strike = self.die.choice(STRIKES) if self.die.random() < STRUCK else NOTHING
        scope = self._scope()
        full = self.die.random() < FULL
        drifts = self.die.random() < DRIFTING
        self.told = f"run {number}, {strike.name}, scope {scope}, full {full}, drifts {drifts}, {self.sick}"
        walker = Walker(self.world, self.sick, self.die.randint(1, 3))
        if drifts:
            walker.disturb = lambda: self.world.happen(self.die, self.die.choice((0, 0, 1)))
        began = self.world.source.tick
        script, state = struck(walker.script, strike, self.rig, self.die.choice(STEPS))
        witness = Witness(walker, state)
        result = await go(
            self.rig,
            script,
            state,
            request=scope,
            full=full,
            batch=self.die.choice((1, 3, 100)),
            made=witness.connector(),
        )
        self.rig.store.fails = lambda _: False
        self.claims += witness.claims
        self.sent += [fact for facts in walker.told.values() for fact in facts if isinstance(fact, Claim)]
        self._check_bounds(walker)
        await self._check_truth()
        if result is not None:
            self._check_ending(result, state)
            if result["status"] in FINISHED:
                await self._check_named(result, walker, witness, scope)
                await self._check_whole(walker, scope, began)

    def _scope(self) -> dict[str, Any]:
        if self.die.random() >= SCOPED:
            return {}
        keys = self.die.sample(NAMES, self.die.randint(1, 2))
        return {"streams": ["messages"], "resources": {"messages": keys}}

    async def _heal(self) -> None:
        """No fault any more: one run, and the store is the truth, and nothing stands out of it."""
        self.sick.heal()
        self.world.show_everything()
        self.told = f"the run after the last fault, rereads all {self.rereads_all}"
        walker = Walker(self.world, self.sick, 2)
        made = Witness(walker, Struck(NOTHING)).connector()
        result = await self.rig.run(walker.script, {}, full=not self.rereads_all, made=made)
        assert result["status"] == "complete", self._say(f"{result['diagnostics']} {result.get('error')}")
        standing = await self._standing()
        assert standing == [], self._say(f"still stands out: {standing}")
        right = {key: fact.text for key, fact in self.world.truth.items()}
        found = await self._stored()
        wrong = {key: (found.get(key), right.get(key)) for key in found.keys() | right.keys()}
        assert found == right, self._say(f"{ {key: pair for key, pair in wrong.items() if pair[0] != pair[1]} }")
        assert (result["status"], result["diagnostics"]) == ("complete", []), self._say(str(result["diagnostics"]))

    # what is left behind

    async def _stored(self, *, deleted: bool = False) -> dict[str, str]:
        found = await self._rows("messages", deleted=deleted) | await self._rows("people", deleted=deleted)
        return {key: data["text"] for key, data in found.items()}

    async def _rows(self, of: str, *, deleted: bool = False) -> Mapping[str, Any]:
        query = RecordQuery(limit=10_000, deleted=deleted)
        page = await self.rig.store.records.page(self.rig.connection.id, of, query)
        return {record.key: record.data for record in page.records if not deleted or record.deleted}

    async def _standing(self) -> list[StandingException]:
        return [*await self.rig.store.ledger.exceptions(self.rig.connection.id)]

    def _read_at(self, claims: list[Claim], fact: Fact) -> int:
        """When it was last read, as far as that was acknowledged; -1: never."""
        if fact.partition is None or fact.position is None:
            return -1
        reads = (
            claim.read_at
            for claim in claims
            if claim.partition == fact.partition and claim.tells_of(fact.position, is_head=fact.is_head)
        )
        return max(reads, default=-1)

    # what must hold

    async def _check_truth(self) -> None:
        """Whatever was acknowledged as read is stored as it was read, or stands out by name; nothing is called deleted
        that is there."""
        rows, standing = await self._rows("messages"), await self._standing()
        deleted = await self._rows("messages", deleted=True)
        wrongly = [key for key in deleted if key not in rows and not self.world.gone(key)]
        assert not wrongly, self._say(f"called deleted, and is there: {wrongly}")
        for key, fact in self.world.truth.items():
            if fact.partition is None or (key in rows and rows[key]["text"] == fact.text):
                continue
            fresh = self.world.changed[key] > self._read_at(self.claims, fact)
            assert fresh or _is_named(key, fact, standing), self._say(f"{key} was read, is not stored and has no name")
        for key, data in rows.items():
            if key not in self.world.truth and self.world.gone(key):
                place = Fact("", data["channel"], data["thread"] or data["ts"], is_head=data["thread"] is None)
                stale = self.world.changed[key] > self._read_at(self.claims, place)
                assert stale or _is_named(key, place, standing), self._say(f"{key} is gone, and stored all the same")
        await self._check_proofs()

    async def _check_proofs(self) -> None:
        """No position is covered that no message ever told of."""
        states = await self.rig.partitions()
        for key, fact in self.world.truth.items():
            if fact.partition not in states or fact.position is None or not fact.is_head:
                continue
            if contains_position(states[fact.partition].covered, fact.position, CursorOrder.DECIMAL):
                assert self._read_at(self.sent, fact) >= 0, self._say(f"{key} is covered without proof")

    def _check_ending(self, result: Mapping[str, Any], state: Struck) -> None:
        """It ends as what befell it is called."""
        strike: Strike = state.strike
        if (
            not state.has_struck
            or not strike.statuses
            or (strike.name == "the disk is full" and not state.refused_writes)
        ):
            assert result["status"] in FINISHED, self._say(f"{result['status']}: {result.get('error')}")
            return
        found = {one["code"] for one in result["diagnostics"]} | {result.get("error", {}).get("code")}
        assert result["status"] in strike.statuses, self._say(f"ended as {result['status']}")
        assert not strike.codes or strike.codes & found, self._say(f"named as {found}")

    def _check_bounds(self, walker: Walker) -> None:
        """What is asked of the source follows from what there is: nothing is read for ever."""
        heads = sum(len(one.heads) for one in self.world.source.partitions.values())
        bound = 3 * (2 * heads + 10 * len(NAMES)) + 100
        assert walker.requests <= bound, self._say(f"{walker.requests} requests for {heads} heads")

    async def _check_named(
        self, result: Mapping[str, Any], walker: Walker, witness: Witness, scope: Mapping[str, Any]
    ) -> None:
        """What was met has its key in the ledger, in the result and in a diagnostic; what was read well has none."""
        standing = await self._standing()
        shown = {(one["kind"], one["partition"], one["key"]) for one in result["exceptions"]}
        told = {key for one in result["diagnostics"] for key in one.get("keys", ())}
        kept = {(str(one.kind), one.key) for one in standing}
        for met in witness.met:
            key = met.key if met.kind == "record" or met.partition is None else key_of(met.partition, met.key)
            if self.world.changed[key] > met.at:
                continue
            assert (met.kind, met.key) in kept, self._say(f"{met} does not stand")
            assert (met.kind, met.key) in {(kind, key) for kind, _, key in shown}, self._say(f"{met} is not shown")
            assert met.key in told, self._say(f"{met} has no diagnostic")
        for one in standing:
            assert not self._is_false(one, witness.claims), self._say(f"{one} is well, was read, and stands")
        codes = {(one["code"], one.get("stream")) for one in result["diagnostics"]}
        named = {name for one in result["diagnostics"] for name in one.get("partitions", ())}
        assert walker.failed <= named, self._say(f"{walker.failed} failed, {named} are named")
        assert not self.sick.inventory_breaks or ("inventory_unproven", "messages") in codes, self._say("inventory")
        if self.sick.people_break and not scope:
            assert ("stream_failed", "people") in codes, self._say(f"people failed, and {codes}")

    def _is_false(self, one: StandingException, claims: list[Claim]) -> bool:
        if one.partition is None or one.position is None:
            return False
        if one.kind is ExceptionKind.RECORD and one.key in self.sick.records:
            return False
        if one.kind is ExceptionKind.GROUP and (one.partition, one.key) in self.sick.groups:
            return False
        place = Fact("", one.partition, one.position, is_head=not one.hangs_on_a_head)
        return self._read_at(claims, place) >= 0

    async def _check_whole(self, walker: Walker, scope: Mapping[str, Any], began: int) -> None:
        """Of what was not touched, everything that was there when the run began, and is not hidden, was read."""
        states, standing = await self.rig.partitions(), await self._standing()
        for key, fact in self.world.truth.items():
            if fact.partition is None or fact.position is None:
                continue
            if fact.partition not in walker.finished or self.world.changed[key] > began:
                continue
            state = states[fact.partition]
            hidden = state.limited_before is not None and not within(fact.position, state.limited_before, None)
            proven = contains_position(state.covered, fact.position, CursorOrder.DECIMAL)
            read = hidden or (proven and self._read_at(self.sent, fact) >= 0) or _is_named(key, fact, standing)
            assert read, self._say(f"{key} was there and in scope, and was never read")
        if scope or self.sick.people_break:
            return
        stored = await self._rows("people")
        for key in self.world.people:
            if key not in self.sick.records and self.world.changed[key] <= began:
                assert stored[key]["text"] == self.world.truth[key].text, self._say(f"{key} is not as it is")

    def _say(self, what: str) -> str:
        return f"{what} – in {self.told}"


async def go(rig: Rig, script: Script, state: Struck, **options: Any) -> dict[str, Any] | None:
    """One run's result; None where the host died in it, or could not even keep the result."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(_result(rig, script, state, **options))
        dying = tasks.create_task(_die(state, running))
        await asyncio.wait({running})
        dying.cancel()
    return None if running.cancelled() else running.result()


async def _result(rig: Rig, script: Script, state: Struck, **options: Any) -> dict[str, Any] | None:
    try:
        return await rig.run(script, **options)
    except PolyhostError as error:
        if state.refused_writes and error.code == "disk_full":
            return None
        raise


def _is_named(key: str, fact: Fact, standing: list[StandingException]) -> bool:
    """By its own key, or, a member of a group, by its group."""
    for one in standing:
        if one.kind is ExceptionKind.RECORD and one.key == key:
            return True
        group = one.kind is ExceptionKind.GROUP and not fact.is_head
        if group and (one.partition, one.key) == (fact.partition, fact.position):
            return True
    return False


async def _die(state: Struck, running: asyncio.Task[Any]) -> None:
    await state.died.wait()
    running.cancel()
