"""Record fixtures/matrix anew: a first run against Synapse and one after a few changes, scrubbed like anyone's.

    ./scripts/record-fixtures matrix

Ids of events and rooms are sums of their content, and look like secrets. Here they are of a homeserver that nobody
lives on, so the places where they stand are waived.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from checkout import ROOT
from polyhost.browser.recordings.fixture import Scenario, write_scenario
from polyhost.browser.recordings.record import cleaned
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.browser.recordings.scrub import scrub_together
from polyhost.browser.recordings.verify import verify_scenario
from polyhost.browser.recordings.waivers import Waiver
from polyhost.engine.events import OwnerAsked
from polyhost.engine.run.collect import Collection, RunContext, collect
from polyhost.engine.sources.connectors import recording_connector
from polyhost.engine.sources.expected_records import expected_records
from polyhost.engine.sources.lookup import source_of
from polyhost.operations.context import Context
from polyhost.protocol.scope_request import resolve_scope
from servers.matrix.owner import NAME, MatrixOwner, an_owner
from servers.matrix.synapse import Person, synapse

FIXTURES = ROOT / "fixtures" / "matrix"
NAMES = ("small", "second")
WHY = "ids and sums of a homeserver of the tests' own"


async def _nobody(_asked: OwnerAsked) -> tuple[str, object]:
    return "timeout", None


async def _record_run(owner: MatrixOwner) -> tuple[Scenario, RecordingRules]:
    """One recorded run, before scrubbing."""
    context = Context(home=owner.command.home)
    async with context.store() as store:
        connection = await context.connection(store, NAME)
        source = source_of(connection, context.home)
        scope = resolve_scope(source.manifest)
        prepared = await recording_connector(source, connection, ({}, False), context.home, store, context.clock)
        what = Collection(connection=connection, manifest=source.manifest, scope=scope, connector=prepared.connector)
        around = RunContext(store=store, clock=context.clock, watch=context.watch, answer=_nobody)
        result = await collect(what, around)
        print(f"  {result['status']}: {result['requests']} requests")
        declared = source.manifest.polyfill
        assert prepared.recording is not None
        assert declared is not None
        raw = prepared.recording.raw(await expected_records(store, connection, scope))
        rules = RecordingRules.declared(declared.recording.model_dump(exclude_defaults=True), declared.hosts)
    if "earlier" in raw.given:
        given = {name: value for name, value in raw.given.items() if name != "earlier"}
        raw = replace(raw, given={**given, "after": "../small"})
    return raw, rules


async def _populate(ada: Person, bob: Person) -> tuple[str, list[str]]:
    room = await bob.creates("Harbour", topic="Tides and lamps", visibility="joined")
    await bob.says(room, "before anybody came")
    await ada.joins(room)
    sent = [await bob.says(room, f"The tide of day {number}") for number in range(110)]
    await ada.replies(room, sent[0], "in a thread")
    await bob.edits(room, sent[1], "The tide, corrected")
    await ada.reacts(room, sent[2], "🌊")
    await bob.redacts(room, sent[3], "by mistake")
    await bob.says(room, "lamp.png", msgtype="m.image", url="mxc://lantern.test/abc", info={"mimetype": "image/png"})
    return room, sent


def _waivers(raw: Sequence[Scenario], rules: RecordingRules) -> list[Waiver]:
    """For all that is found; a look at a scenario names the first places only."""
    found: dict[str, str] = {}
    clean = scrub_together(raw, rules)
    while True:
        looked = [replace(one, redactions=replace(one.redactions, waived=found)) for one in clean]
        more = {one.place: WHY for scenario in looked for one in verify_scenario(scenario, rules)}
        if not more:
            return [Waiver(place, reason) for place, reason in sorted(found.items())]
        found |= more


async def record(folder: Path) -> None:
    async with synapse(folder / "homeserver") as server:
        ada, bob = [await server.registers(name) for name in ("ada", "bob")]
        room, sent = await _populate(ada, bob)
        async with an_owner(ada, folder / "owner") as owner:
            first, rules = await _record_run(owner)
            await bob.edits(room, sent[4], "The tide of day four, corrected later")
            await bob.redacts(room, sent[5])
            await ada.says(room, "new")
            await server.bridged(bob, room, "from the old place", 1_500_000_000_000)
            await ada.joins(await bob.creates("Lamps"))
            second, _ = await _record_run(owner)
    raw = [first, second]
    waived = _waivers(raw, rules)
    for name, scenario in zip(NAMES, cleaned(raw, rules, waived), strict=True):
        write_scenario(FIXTURES / name, scenario)
        print(f"wrote fixtures/matrix/{name}: {len(scenario.recording.entries)} entries")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(record(Path(made)))
