"""A polyfill run again and again while its author changes it: one browser stays open, and nothing is stored.

Owns: the login that goes from one run to the next, and when to run again. Must not know: terminals,
what a message means.

Each run starts from nothing, in a store in memory, or from what replayed scenarios leave in it: an author wants to see
the same thing twice. The session is the connection's own, read once and never written back, so nothing that goes wrong
here can harm it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Error
from watchfiles import awatch

from polyhost.browser.governor import Governor
from polyhost.browser.launch import BrowserOptions
from polyhost.browser.reused_browser import ReusedBrowser
from polyhost.connectors.base import Connector, ConnectorExited, ConnectorSession, HostCalls
from polyhost.connectors.loading import LoadedSource, load_connector_folder
from polyhost.connectors.page import PageConnector
from polyhost.connectors.passed_on import PassedOnSession
from polyhost.engine.clock import Clock
from polyhost.engine.development.earlier import replay_earlier
from polyhost.engine.events import Answer, MessageSeen, Watcher
from polyhost.engine.run.collect import Collection, RunContext, collect
from polyhost.engine.run.result_json import RunResult, WrittenCounts
from polyhost.engine.run.tracing import Tell, Trace, TracedConnector
from polyhost.engine.sources.connectors import page_polyfill
from polyhost.errors import PolyhostError
from polyhost.protocol.manifest import Manifest
from polyhost.protocol.scope import Scope
from polyhost.store.memory import MemoryStore

__all__ = ["Bench", "develop"]

_DEBOUNCE_MS, _STEP_MS = 150, 50
"""An editor writes a file in two or three steps; together they are one change."""
_READY_MS = 50
"""How soon the watcher says that it watches: a change made before that could go unseen."""


@dataclass(slots=True, kw_only=True)
class Bench:
    """What is developed, and with what. `once`: one run, and no waiting for a change."""

    folder: Path
    browser: BrowserOptions
    resolve: Callable[[Manifest], Scope]
    clock: Clock
    watch: Watcher
    answer: Answer
    tell: Tell
    cancelled: asyncio.Event
    storage_state: Mapping[str, Any] | None = None
    page: str | None = None
    at: LoadedSource | None = None
    """The source as it was at the start, at the site that it runs at."""
    with_data: bool = False
    once: bool = False
    after: Sequence[Path] = ()
    """Scenarios that are replayed before each run, with the script as it is then."""
    runs: int = 0
    last: Mapping[str, Any] | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)


async def develop(bench: Bench) -> None:
    """Run, and again after each change, until cancelled. What goes wrong in a run is told, and ends nothing."""
    async with ReusedBrowser() as browser, ReusedBrowser() as offline, asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(_watch(bench))
        await bench.changed.wait()  # the watcher watches: what changes from here on is seen
        while not bench.cancelled.is_set():
            bench.changed.clear()
            bench.stop.clear()
            await _once(bench, browser, offline)
            if bench.once:
                break
            bench.tell(MessageSeen(way="host", kind="waiting", detail=f"for a change in {bench.folder}"))
            await bench.changed.wait()
        watching.cancel()


async def _watch(bench: Bench) -> None:
    """Say when a file has changed, and stop the run that is going on; the first word is that it watches."""
    changes = awatch(
        bench.folder,
        debounce=_DEBOUNCE_MS,
        step=_STEP_MS,
        rust_timeout=_READY_MS,
        yield_on_timeout=True,
        stop_event=bench.cancelled,
    )
    async for change in changes:
        if change:
            names = ", ".join(sorted({Path(path).name for _, path in change}))
            bench.tell(MessageSeen(way="host", kind="changed", detail=names))
        if change or not bench.runs:
            bench.stop.set()
            bench.changed.set()
    bench.stop.set()
    bench.changed.set()


async def _once(bench: Bench, browser: ReusedBrowser, offline: ReusedBrowser) -> None:
    bench.runs += 1
    try:
        bench.last = result = await _run(bench, browser, offline)
    except PolyhostError as error:
        bench.last = {"status": "failed", "error": {"code": error.code, "reason": error.reason}}
        bench.tell(MessageSeen(way="host", kind="failed", detail=str(error)))
        return
    counts = ", ".join(f"{_taken(by):,} {stream}{_refused(by)}" for stream, by in result["streams"].items())
    bench.tell(MessageSeen(way="host", kind=result["status"], detail=counts))
    for told in result["diagnostics"]:
        bench.tell(MessageSeen(way="host", kind=told["code"], stream=told.get("stream"), detail=told["message"]))


def _taken(by: WrittenCounts) -> int:
    return by["new"] + by["updated"] + by["unchanged"] + by["deleted"]


def _refused(by: WrittenCounts) -> str:
    return f" ({by['rejected']:,} refused)" if by["rejected"] else ""


async def _run(bench: Bench, browser: ReusedBrowser, offline: ReusedBrowser) -> RunResult:
    source = load_connector_folder(bench.folder)
    if bench.at is not None and bench.at.site is not None:
        source = source.at(bench.at.site, bench.at.named, bench.at.begins_at)
    keeping = _LoginKept(bench)
    connector = PageConnector(
        page_polyfill(source, bench.browser, page=bench.page),
        browser=bench.browser,
        storage_state=bench.storage_state,
        governor=Governor(),
        prepare=keeping.begin,
        launcher=browser.launcher,
    )
    keeping.inner = connector
    store = MemoryStore()
    row = await store.connections.create(
        name=source.name, source=source.reference, nature="test", options={}, account={}, at=bench.clock.iso()
    )
    await replay_earlier(source, bench.after, store, row, bench.clock, launcher=offline.launcher)
    what = Collection(
        connection=row,
        manifest=source.manifest,
        scope=bench.resolve(source.manifest),
        connector=TracedConnector(keeping, Trace(), bench.tell, with_data=bench.with_data),
    )
    around = RunContext(store=store, clock=bench.clock, watch=bench.watch, answer=bench.answer, cancelled=bench.stop)
    return await collect(what, around)


class _LoginKept(Connector):
    """What a run's pages have made of the session is what the next run starts with."""

    inner: Connector

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._context: BrowserContext | None = None

    @property
    def bindings(self) -> Mapping[str, Any]:
        return self.inner.bindings

    async def begin(self, context: BrowserContext) -> None:
        """Called for every new context, before its first page."""
        self._context = context

    def open(self, calls: HostCalls) -> AbstractAsyncContextManager[ConnectorSession]:
        return self._open(calls)

    @asynccontextmanager
    async def _open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:
        async with self.inner.open(calls) as session:
            yield _Leaving(session, self._remember)

    async def _remember(self) -> None:
        if self._context is not None:
            with suppress(Error):  # a browser that has died tells nothing; then the login is that of before
                self._bench.storage_state = dict(await self._context.storage_state())


class _Leaving(PassedOnSession):
    """A session that does something before its pages are closed."""

    def __init__(self, inner: ConnectorSession, before: Callable[[], Awaitable[None]]) -> None:
        super().__init__(inner)
        self._before = before

    async def finish(self) -> ConnectorExited:
        await self._before()
        return await self._inner.finish()

    async def terminate(self) -> None:
        await self._before()
        await self._inner.terminate()
