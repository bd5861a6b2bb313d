"""Replay a recorded scenario with a polyfill, for tests: what came of it, and what was expected.

Owns: a replay in a home of its own. Must not know: pytest (the plugin does), the checkout.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from polyhost.browser.recordings.fixture import load_scenario
from polyhost.connectors.loading import load_connector_folder
from polyhost.engine.development.earlier import replay_earlier, scenarios_before
from polyhost.engine.sources.expected_records import expected_records
from polyhost.operations.context import Context
from polyhost.operations.runs import RunRequest, run
from polyhost.protocol.scope_request import resolve_scope

__all__ = ["Replayed", "replay"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """`result` as `run --json` prints it; `records` and `expected` in the form of expected.jsonl."""

    result: dict[str, Any]
    records: list[dict[str, Any]]
    expected: list[dict[str, Any]]


async def replay(polyfill: Path, scenario: Path, *, home: Path) -> Replayed:
    """Replay into a connection of this home, named after the polyfill's folder; again in it is a second run. Into a new
    one, what the scenario comes after is replayed first."""
    source = load_connector_folder(polyfill)
    context = Context(home=home)
    async with context.store() as store:
        if await store.connections.get(source.name) is None:
            row = await store.connections.create(
                name=source.name,
                source=source.reference,
                nature="replay",
                options={},
                account={},
                at=context.clock.iso(),
            )
            await replay_earlier(source, scenarios_before(scenario), store, row, context.clock, home=home)
    done = await run(context, RunRequest(name=source.name, replay=str(scenario)))
    async with context.store() as store:
        connection = await context.connection(store, source.name)
        records = await expected_records(store, connection, resolve_scope(source.manifest))
    return Replayed(
        cast("dict[str, Any]", done.value), records, [dict(record) for record in load_scenario(scenario).expected]
    )
