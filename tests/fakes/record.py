"""Record the bundled scenarios: small, second (the same workspace some days later) and rate_limited.

What goes into them passes through the same recorder and scrubber as an owner's own recording. The three are scrubbed
together, so that `second` replays upon `small`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fakes.slack import scenarios
from fakes.slack.faults import Fault
from fakes.slack.script import play
from fakes.slack.server import FakeSlack
from polyhost.browser.recordings.fixture import Scenario, write_scenario
from polyhost.browser.recordings.record import cleaned
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.engine.events import OwnerAsked
from polyhost.engine.run.collect import Collection, RunContext, collect
from polyhost.engine.sources.connectors import recording_connector
from polyhost.engine.sources.expected_records import expected_records
from polyhost.engine.sources.lookup import find_source
from polyhost.operations.connect import ConnectRequest, connect
from polyhost.operations.context import Context
from polyhost.protocol.scope_request import resolve_scope

FIXTURES = Path(__file__).parents[2] / "fixtures" / "slack"


async def _nobody(_asked: OwnerAsked) -> tuple[str, object]:
    return "timeout", None


async def _record_run(context: Context) -> Scenario:
    """One recorded run of the connection `slack`, before scrubbing."""
    async with context.store() as store:
        connection = await context.connection(store, "slack")
        source = find_source("slack", context.home)
        scope = resolve_scope(source.manifest)
        hosts = (connection.options["map_host"], True)
        prepared = await recording_connector(source, connection, hosts, context.home, store, context.clock)
        what = Collection(connection=connection, manifest=source.manifest, scope=scope, connector=prepared.connector)
        around = RunContext(store=store, clock=context.clock, watch=context.watch, answer=_nobody)
        result = await collect(what, around)
        print(f"  {result['status']}: {result['receipt']['summary']} {result['requests']} requests")
        if prepared.recording is None:
            raise AssertionError("a recording connector records")
        raw = prepared.recording.raw(await expected_records(store, connection, scope))
        if "earlier" not in raw.given:
            return raw
        given = {name: value for name, value in raw.given.items() if name != "earlier"}
        return replace(raw, given={**given, "after": "../small"})


async def _connected(slack: FakeSlack, home: Path) -> Context:
    context = Context(home=home)
    state = home.with_suffix(".json")
    slack.write_storage_state(state)
    await connect(
        context,
        ConnectRequest(source="slack", storage_state=str(state), map_host=tuple(slack.map_host), insecure_tls=True),
    )
    return context


async def _scenario(home: Path, faults: Sequence[Fault] = (), *, then: bool = False) -> list[Scenario]:
    world = scenarios.small()
    async with FakeSlack(world, faults=faults) as slack:
        context = await _connected(slack, home)
        recorded = [await _record_run(context)]
        if then:
            play(world, scenarios.second())
            recorded.append(await _record_run(context))
        return recorded


async def main() -> None:
    """Record all three, then write them."""
    with tempfile.TemporaryDirectory() as temporary:
        print("small, then second")
        raw = await _scenario(Path(temporary) / "growing", then=True)
        print("rate_limited")
        raw += await _scenario(Path(temporary) / "limited", scenarios.rate_limited())
        source = find_source("slack", Path(temporary))
    declared = source.manifest.polyfill
    if declared is None:
        raise AssertionError("Slack is a polyfill")
    rules = RecordingRules.declared(declared.recording.model_dump(exclude_defaults=True), declared.hosts)
    for name, scenario in zip(("small", "second", "rate_limited"), cleaned(raw, rules), strict=True):
        write_scenario(FIXTURES / name, scenario)
        print(f"wrote fixtures/slack/{name}: {len(scenario.recording.entries)} entries")


if __name__ == "__main__":
    asyncio.run(main())
