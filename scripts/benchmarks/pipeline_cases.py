"""From a page to wherever it goes: the cases of `bench pipeline`. Each runs the same script in the same page.

    store      a run as the owner starts it: engine, scope, schema, ledger, SQLite
    scoped     the same, narrowed to resources that hold everything: every record is held against them
    unchecked  the same, without schema and scope
    bridge     the bare bridge: every batch is parsed, acknowledged at once, and forgotten
    naive      one object at a time through Playwright's expose_binding, awaited; counted and forgotten

The clock starts when the polyfill is told to, and stops when its last record is durable and the run is settled.
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.measure import Cost, Meter
from benchmarks.site import Chat, serve_chat
from polyhost.browser.launch import launch
from polyhost.cli.interpreter import tune_interpreter
from polyhost.connectors.base import Batch
from polyhost.connectors.page import PageConnector
from polyhost.engine.clock import Clock
from polyhost.engine.events import BrowserStarted, OwnerAsked, RunEvent, RunFinished
from polyhost.engine.run.collect import Collection, RunContext, collect
from polyhost.protocol.scope import Scope
from polyhost.protocol.scope_request import resolve_scope
from polyhost.store.opening import open_store

__all__ = ["CASES", "measure"]

_STREAM = "messages"
_PER_CHANNEL = 10_000  # as in chat/polyfill.js
_NAIVE_HOST = """
    globalThis.polyfill = (collect) => (globalThis.collect = collect);
"""
_NAIVE_RUN = """
    collect({
      windows: async () => [{}],
      inventory: async () => {},
      covered: async () => {},
      emit: async (...records) => {
        for (const record of records) await naive(record);
      },
    })
"""


async def measure(case: str, records: int) -> dict[str, float]:
    """Run one case; what it cost. The process is set up as the command line sets up its own."""
    tune_interpreter()
    async with serve_chat(records) as chat:
        cost = await CASES[case](chat, records)
    return {
        "records": records,
        "seconds": cost.seconds,
        "records_per_second": records / cost.seconds,
        "cpu_microseconds_per_record": cost.cpu / records * 1e6,
        "memory_peak_mib": cost.memory_peak,
        "memory_growth_mib": cost.memory_peak - cost.memory_before,
    }


async def _store(chat: Chat, records: int) -> Cost:
    return await _run(chat, records, resolve_scope(chat.source.manifest))


async def _scoped(chat: Chat, records: int) -> Cost:
    channels = [f"C0BENCH{number:04d}" for number in range(-(-records // _PER_CHANNEL))]
    scope = resolve_scope(chat.source.manifest, resources={_STREAM: channels})
    return await _run(chat, records, scope)


async def _unchecked(chat: Chat, records: int) -> Cost:
    """There is no such run, and the engine has no switch for one."""
    with mock.patch("polyhost.engine.run.collect.build_validators", return_value={}):
        return await _store(chat, records)


async def _run(chat: Chat, records: int, scope: Scope) -> Cost:
    watch = _Watch()
    with tempfile.TemporaryDirectory(prefix="polyhost-bench-") as home:
        store = await open_store(Path(home))
        connection = await store.connections.create(
            name="chat", source=chat.source.reference, nature="test", options={}, account={}, at=Clock().iso()
        )
        connector = PageConnector(chat.polyfill, browser=chat.browser)
        what = Collection(connection=connection, manifest=chat.source.manifest, scope=scope, connector=connector)
        try:
            result = await collect(what, RunContext(store=store, clock=Clock(), watch=watch, answer=_nobody))
        finally:
            await store.close()
    counts = result["streams"][_STREAM]
    _expect(result["status"] == "complete" and counts["new"] == records, f"the run came to {result}")
    return watch.cost()


class _Watch:
    """Times a run by its own events."""

    def __init__(self) -> None:
        self._meter: Meter | None = None
        self._cost: Cost | None = None

    def __call__(self, event: RunEvent) -> None:
        if isinstance(event, BrowserStarted):
            self._meter = Meter()
        elif isinstance(event, RunFinished) and self._meter is not None:
            self._cost = self._meter.stop()

    def cost(self) -> Cost:
        assert self._cost is not None  # noqa: S101  the run has finished
        return self._cost


async def _nobody(_asked: OwnerAsked) -> tuple[str, Any]:
    return "cancelled", None


class _Everything:
    """A ledger that wants everything."""

    async def windows(self, stream: str, partition: str) -> list[dict[str, Any]]:
        return [{"since": None, "until": None, "purpose": "new", "deep": True, "when": "due"}]

    async def groups(self, stream: str, partition: str, ids: Any) -> dict[str, dict[str, Any]]:
        return {}

    async def unpaused(self) -> None:
        pass


async def _bridge(chat: Chat, records: int) -> Cost:
    start = {
        "type": "START",
        "run_id": "run_bridge",
        "collection_mode": "full_refresh",
        "scope": {"streams": [{"name": _STREAM}]},
        "state": None,
        "bindings": {},
    }
    got = 0
    async with PageConnector(chat.polyfill, browser=chat.browser).open(_Everything()) as session:
        meter = Meter()
        await session.send(start)
        async for event in session.events():
            if isinstance(event, Batch):
                got += sum(1 for message in event.messages if _kind(message) == "RECORD")
                await session.acknowledge(event)
                if _kind(event.messages[-1]) == "DONE":
                    break
        cost = meter.stop()
        await session.finish()
    _expect(got == records, f"{got} records came over the bridge")
    return cost


def _kind(message: Any) -> str:
    return message["type"] if isinstance(message, dict) else "malformed"


async def _naive(chat: Chat, records: int) -> Cost:
    got = 0

    async def take(_source: Mapping[str, Any], _record: Mapping[str, Any]) -> None:
        nonlocal got
        got += 1

    async with launch(chat.browser) as browser:
        context = await browser.new_context()
        page = await context.new_page()
        await page.expose_binding("naive", take)
        await page.goto(chat.polyfill.page)
        await page.evaluate(f"() => {{ {_NAIVE_HOST} {chat.script} }}")
        meter = Meter()
        await page.evaluate(f"() => {_NAIVE_RUN}")
        cost = meter.stop()
        await context.close()
    _expect(got == records, f"{got} records came through expose_binding")
    return cost


def _expect(held: bool, otherwise: str) -> None:
    if not held:
        raise SystemExit(f"bench: {otherwise}")


CASES: Mapping[str, Callable[[Chat, int], Awaitable[Cost]]] = {
    "store": _store,
    "scoped": _scoped,
    "unchecked": _unchecked,
    "bridge": _bridge,
    "naive": _naive,
}
