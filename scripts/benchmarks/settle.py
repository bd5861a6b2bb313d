"""`bench settle`: what it takes to settle a run over many partitions, by how many of them changed.

Settling is everything between the connector's end and the run's result: who is missing, saving what changed, facts,
receipt. A changed partition here is one that vanished from the inventory. Each run that lost some is followed by one
that finds them again.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.filled import STREAM, channel, fill
from benchmarks.report import Line, show
from benchmarks.rounds import run_rounds
from benchmarks.site import CHAT
from polyhost.connectors.base import ConnectorExited, ConnectorSession, HostCalls
from polyhost.connectors.loading import load_connector_folder
from polyhost.connectors.scripted import Said, ScriptedConnector, ScriptHost
from polyhost.engine.clock import Clock
from polyhost.engine.events import OwnerAsked, RunEvent, RunFinished
from polyhost.engine.run.collect import Collection, RunContext, collect
from polyhost.protocol.manifest import Manifest
from polyhost.protocol.scope_request import resolve_scope
from polyhost.store.base import ConnectionRow, Store
from polyhost.store.opening import open_store

__all__ = ["measure", "settle"]

_SHARES = (0.0, 0.1, 0.2, 0.4, 0.8)
"""How much of all partitions changes."""
_REPEATS = 3
_INVENTORY_CHUNK = 500  # as the SDK sends it


def settle(*, records: int, partitions: int, rounds: int) -> tuple[dict[str, Any], list[str]]:
    """Measure; the figures as JSON, and as lines to print."""
    found = run_rounds(
        {"settle": ("settle", "settle", "--records", str(records), "--partitions", str(partitions))}, rounds
    )
    seconds = {int(partitions * share): found.median("settle", f"changed_{share}") for share in _SHARES}
    slope, intercept = statistics.linear_regression(list(seconds), list(seconds.values()))
    linear = statistics.correlation(list(seconds), list(seconds.values())) ** 2
    summary = {
        "seconds_at_most": max(seconds.values()),
        "microseconds_per_changed_partition": slope * 1e6,
        "seconds_where_nothing_changed": intercept,
        "r_squared": linear,
        "run_seconds_where_nothing_changed": found.median("settle", "run_unchanged"),
    }
    table = [("partitions changed", "settled in, ms"), *((f"{n:,}", f"{s * 1000:.0f}") for n, s in seconds.items())]
    lines = [
        Line("settling, slowest, s", summary["seconds_at_most"], "< 1", most=1.0),
        Line("slope, µs per changed partition", summary["microseconds_per_changed_partition"]),
        Line("where nothing changed, s", summary["seconds_where_nothing_changed"]),
        Line("linear: R²", linear, "≥ 0.95", least=0.95),
        Line("whole run where nothing changed, s", summary["run_seconds_where_nothing_changed"]),
    ]
    figures = {"records": records, "partitions": partitions, "rounds": found.as_json(), "summary": summary}
    return figures, show(table, lines)


async def measure(records: int, partitions: int) -> dict[str, float]:
    """Fill a store, then run over it."""
    with tempfile.TemporaryDirectory(prefix="polyhost-bench-") as home:
        store = await open_store(Path(home))
        try:
            connection = await fill(store, records=records, partitions=partitions)
            return await _measure(_Runs(store, connection, partitions), partitions)
        finally:
            await store.close()


async def _measure(runs: _Runs, partitions: int) -> dict[str, float]:
    found: dict[str, float] = {}
    whole: list[float] = []
    for share in _SHARES:
        settled: list[float] = []
        for _ in range(_REPEATS):
            run, settling = await runs.run(vanished=int(partitions * share))
            settled.append(settling)
            if share:
                await runs.run(vanished=0)
            else:
                whole.append(run)
        found[f"changed_{share}"] = statistics.median(settled)
    return found | {"run_unchanged": statistics.median(whole)}


class _Runs:
    """Runs of a connector that only says which partitions there are."""

    def __init__(self, store: Store, connection: ConnectionRow, partitions: int) -> None:
        self._store = store
        self._connection = connection
        self._partitions = partitions
        self._manifest: Manifest = load_connector_folder(CHAT).manifest

    async def run(self, *, vanished: int) -> tuple[float, float]:
        """Seconds of the run, and of its settling."""
        watch = _Watch()
        connector = _Listing(range(vanished, self._partitions), watch)
        what = Collection(
            connection=self._connection,
            manifest=self._manifest,
            scope=resolve_scope(self._manifest),
            connector=connector,
        )
        began = time.perf_counter()
        result = await collect(what, RunContext(store=self._store, clock=Clock(), watch=watch, answer=_nobody))
        missing = sum(found.get("total", 0) for found in result["diagnostics"] if found["code"] == "partition_missing")
        if missing != vanished:
            raise SystemExit(f"bench: {vanished} partitions vanished and {missing} are called missing")
        return watch.settled_at - began, watch.settled_at - watch.ended_at


class _Watch:
    """When the connector was done, and when the result was there."""

    def __init__(self) -> None:
        self.ended_at = self.settled_at = 0.0

    def __call__(self, event: RunEvent) -> None:
        if isinstance(event, RunFinished):
            self.settled_at = time.perf_counter()


class _Listing(ScriptedConnector):
    """Lists partitions and is done; notes when it was let go."""

    def __init__(self, numbers: range, watch: _Watch) -> None:
        super().__init__(self._say)
        self._numbers = numbers
        self._watch = watch

    def open(self, calls: HostCalls) -> Any:
        return self._noting(calls)

    @asynccontextmanager
    async def _noting(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:
        async with super().open(calls) as session:
            finish = session.finish

            async def finish_and_note() -> ConnectorExited:
                self._watch.ended_at = time.perf_counter()
                return await finish()

            session.finish = finish_and_note
            yield session

    async def _say(self, _host: ScriptHost) -> AsyncGenerator[Said]:
        keys = [{"key": channel(number)} for number in self._numbers]
        for start in range(0, len(keys), _INVENTORY_CHUNK):
            chunk = keys[start : start + _INVENTORY_CHUNK]
            complete = start + _INVENTORY_CHUNK >= len(keys)
            yield {"type": "PARTITION_INVENTORY", "stream": STREAM, "partitions": chunk, "complete": complete}
        yield {"type": "DONE", "status": "succeeded", "records_emitted": 0}


async def _nobody(_asked: OwnerAsked) -> tuple[str, Any]:
    return "cancelled", None
