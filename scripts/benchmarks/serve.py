"""`bench serve`: what readers wait for while a run goes on, what the run pays for them, and a thousand event streams.

A run is a child process that hands over records as fast as they are taken; each is the first run of a connection of
its own. Runs with readers and runs without take turns in one session. Readers ask like open dashboards: one request, a
rest, the next. Must not know: how a request is answered.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.filled import STREAM, channel, fill
from benchmarks.report import Line, show
from benchmarks.serving import Server, serve
from benchmarks.steady import steady_source
from polyhost.engine.clock import Clock
from polyhost.store.base import Store
from polyhost.store.opening import open_store

__all__ = ["serving"]

READERS = 10
REST_SECONDS = 1.0
"""Between two requests of one reader: ten of them then ask ten times a second."""
CLIENTS = 1_000
_PARTITIONS = 20
_RUN_RECORDS = 40_000
_POLL_SECONDS = 0.5
_PAGE_TIMES = 15
_HOLD_SECONDS = 2.0
_READ_SECONDS = 60


@dataclass(slots=True)
class _Found:
    """Seconds: of requests by kind, of runs alone and with readers, of pages."""

    requests: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    alone: list[float] = field(default_factory=list[float])
    read: list[float] = field(default_factory=list[float])
    alone_cpu: list[float] = field(default_factory=list[float])
    read_cpu: list[float] = field(default_factory=list[float])
    pages: dict[str, float] = field(default_factory=dict[str, float])
    streams: dict[str, float] = field(default_factory=dict[str, float])


def serving(*, records: int, connections: int, rounds: int) -> tuple[dict[str, Any], list[str]]:
    """Measure; the figures as JSON, and as lines to print."""
    with tempfile.TemporaryDirectory(prefix="polyhost-bench-") as folder:
        found = asyncio.run(_measure(Path(folder), records, connections, rounds))
    every = [seconds for some in found.requests.values() for seconds in some]
    slowed = statistics.median(found.read) / statistics.median(found.alone) - 1
    summary: dict[str, Any] = {
        "requests": len(every),
        "p95_seconds": _p95(every),
        "run_seconds_alone": found.alone,
        "run_seconds_read": found.read,
        "run_slowed_by": slowed,
        "server_cpu_alone": statistics.median(found.alone_cpu),
        "server_cpu_read": statistics.median(found.read_cpu),
        "pages": found.pages,
        "streams": found.streams,
    }
    table = [("request", "median, ms", "p95, ms", "asked")]
    table += [
        (name, f"{statistics.median(some) * 1000:.0f}", f"{_p95(some) * 1000:.0f}", str(len(some)))
        for name, some in found.requests.items()
    ]
    lines = [
        Line("API reads during a run, p95, s", summary["p95_seconds"], "≤ 0.1", most=0.1),
        Line("a run alone, s", statistics.median(found.alone)),
        Line("a run while ten read, s", statistics.median(found.read)),
        Line("the run slowed by, %", slowed * 100, "< 15", most=15),
        Line("server, processor s, alone", summary["server_cpu_alone"]),
        Line("server, processor s, while ten read", summary["server_cpu_read"]),
        *(Line(f"page {name}, s", seconds, "≤ 0.3", most=0.3) for name, seconds in found.pages.items()),
        *(Line(name, value) for name, value in found.streams.items()),
    ]
    return {"records": records, "connections": connections, "summary": summary}, show(table, lines)


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


async def _measure(folder: Path, records: int, connections: int, rounds: int) -> _Found:
    home = folder / "home"
    print(f"filling {connections} connections with {records:,} records", file=sys.stderr)
    store = await open_store(home)
    for number in range(connections):
        await fill(store, records=records // connections, partitions=_PARTITIONS, indexed=True, name=f"chat{number}")
    busy = steady_source(folder / "busy", records=_RUN_RECORDS)
    slow = steady_source(folder / "slow", records=100_000, per_second=5)
    for number in range(2 * rounds + 1):
        await _connect(store, f"busy{number}", busy)
    await _connect(store, "slow", slow)
    await store.close()
    found = _Found()
    async with serve(home) as server:
        await _look_at_pages(server, found)
        await _run(server, "busy0")  # everything imported, every page of the store once touched
        for number in range(rounds):
            await _alone(server, f"busy{2 * number + 1}", found)
            await _while_read(server, f"busy{2 * number + 2}", found, connections)
        await _streams(server, found)
    return found


async def _connect(store: Store, name: str, source: Path) -> None:
    at = Clock().iso()
    await store.connections.create(name=name, source=str(source), nature="live", options={}, account={}, at=at)


async def _alone(server: Server, name: str, found: _Found) -> None:
    used = server.cpu()
    found.alone.append(await _run(server, name))
    found.alone_cpu.append(server.cpu() - used)


async def _while_read(server: Server, name: str, found: _Found, connections: int) -> None:
    used = server.cpu()
    done = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for number in range(READERS):
            tasks.create_task(_read(server, found, done, number, connections))
        found.read.append(await _run(server, name))
        done.set()
    found.read_cpu.append(server.cpu() - used)


async def _run(server: Server, name: str) -> float:
    """Seconds of one run, as its own result has them."""
    run = await server.start(name)
    while True:
        row = await server.get(f"/v1/connections/{name}/runs", limit="1")
        (last,) = [one for one in row["runs"] if one["run_id"] == run] or [{"status": "running"}]
        if last["status"] != "running":
            break
        await asyncio.sleep(_POLL_SECONDS)
    if last["status"] not in {"complete", "complete_with_gaps"}:
        raise SystemExit(f"bench: the run of {name} ended as {last['status']}: {last['diagnostics']}")
    return _seconds(last["started_at"], last["finished_at"])


def _seconds(started: str, finished: str) -> float:
    return (datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds()


async def _read(server: Server, found: _Found, done: asyncio.Event, number: int, connections: int) -> None:
    """One reader: the kinds of requests in turn, each of another connection."""
    await asyncio.sleep(REST_SECONDS * number / READERS)
    turn = number
    while not done.is_set():
        name = f"chat{(turn * 7) % connections}"
        kind, path, query = _asked(turn, name)
        began = time.perf_counter()
        await server.get(path, **query)
        found.requests.setdefault(kind, []).append(time.perf_counter() - began)
        turn += 1
        await asyncio.sleep(REST_SECONDS)


def _asked(turn: int, name: str) -> tuple[str, str, dict[str, str]]:
    base = f"/v1/connections/{name}"
    records = f"{base}/streams/{STREAM}/records"
    kinds = (
        ("one connection's health", f"{base}/health", {}),
        ("coverage", f"{base}/coverage", {}),
        ("the newest 50 records", records, {"newest": "true", "limit": "50"}),
        ("50 records of a partition", records, {"partition": channel(turn % _PARTITIONS), "limit": "50"}),
        ("search, one connection", "/v1/search", {"text": "harbour", "connection": name}),
        ("search, everywhere", "/v1/search", {"text": f"crate{turn:08d}"}),
        ("runs", f"{base}/runs", {}),
    )
    return kinds[turn % len(kinds)]


async def _look_at_pages(server: Server, found: _Found) -> None:
    pages = {
        "connections": "/",
        "one connection": "/connections/chat0",
        "coverage": "/connections/chat0/coverage",
        "records": f"/connections/chat0/records/{STREAM}",
        "search": "/search?q=harbour",
    }
    for name, path in pages.items():
        seconds: list[float] = []
        for _ in range(_PAGE_TIMES + 1):
            began = time.perf_counter()
            await server.page(path)
            seconds.append(time.perf_counter() - began)
        found.pages[name] = statistics.median(seconds[1:])


async def _streams(server: Server, found: _Found) -> None:
    """A thousand come, listen and leave, and once more: what the second time leaves is what grows."""
    run = await server.start("slow")
    found.streams["event streams: open files before"] = server.open_files()
    found.streams["event streams: memory before, MiB"] = server.memory()
    for time_ in ("first", "second", "third"):
        heard = await _crowd(server, run)
        await asyncio.sleep(_HOLD_SECONDS)
        found.streams[f"event streams, {time_} time: clients that heard something"] = heard
        found.streams[f"event streams, {time_} time: memory after, MiB"] = server.memory()
        found.streams[f"event streams, {time_} time: open files after"] = server.open_files()
    await server.cancel(run)


async def _crowd(server: Server, run: str) -> int:
    async def listen() -> bool:
        async with server.http.get(f"{server.address}/v1/runs/{run}/events") as response:
            try:
                async with asyncio.timeout(_READ_SECONDS):
                    return bool(await response.content.readany()) and bool(await response.content.readany())
            except TimeoutError:
                return False

    heard = await asyncio.gather(*(listen() for _ in range(CLIENTS)), return_exceptions=True)
    return sum(one is True for one in heard)
