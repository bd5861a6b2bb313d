"""A polyfill in a browser page, as a connector.

Owns: the order of batches and restarts as the engine sees them, credit, the polyfill's calls. Must not know: what a
message means, CDP, how a page is opened (browser.bridge.tab does).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from polyhost.bounds import DEFAULT_BOUNDS, RunBounds
from polyhost.browser.bridge.restarts import Cause, RestartBudget
from polyhost.browser.bridge.scripts import PageScript
from polyhost.browser.bridge.tab import (
    Launcher,
    Prepare,
    SignedOut,
    Tab,
    TabEvent,
    TabLost,
    TabMessage,
    TabSettings,
    TabStorm,
)
from polyhost.browser.bridge.wire import CREDIT, Broken, Call, Calls, PageBatch
from polyhost.browser.fence import Fence
from polyhost.browser.governor import Gate, Governor
from polyhost.browser.launch import BrowserOptions, launch
from polyhost.browser.session import SignedOutRule
from polyhost.browser.site_access import SiteAccess
from polyhost.connectors.base import (
    Batch,
    Connector,
    ConnectorExited,
    ConnectorSession,
    HostCalls,
    Malformed,
    Restarted,
    Traffic,
)
from polyhost.connectors.page_calls import Naming, PageCalls
from polyhost.errors import PolyhostError, RefusedError
from polyhost.protocol.declarations import Manifest
from polyhost.protocol.host_patterns import allows_url
from polyhost.protocol.named_hosts import NamedHost

__all__ = ["PageConnector", "PagePolyfill", "PageSession", "stream_rules"]

_TERMINATE_TIMEOUT = 5.0
"""Seconds to close politely when a run is ended from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePolyfill:
    """What the manifest's `polyfill` block says, with the script read. `script_name` is what stack traces show."""

    page: str
    hosts: tuple[str, ...]
    script: str
    script_name: str = "polyfill.js"
    libraries: tuple[PageScript, ...] = ()
    """Scripts that come before it, in order, into the same world."""
    signed_out: tuple[str, ...] = ()
    private_hosts: tuple[str, ...] = ()
    """Those of the hosts that may have an address of a private network."""
    load: tuple[str, ...] = ()
    """Of images, fonts and media, what the page needs."""
    site: str | None = None
    """The address of the site, where its owner hosts it."""
    named: tuple[NamedHost, ...] = ()
    """Those of its hosts that the site has named."""
    rules: Mapping[str, Any] | None = None
    """What the SDK checks a script's words by, per stream (`stream_rules`); None: only their kinds."""

    def __post_init__(self) -> None:
        if not allows_url(self.hosts, self.page):
            place = urlsplit(self.page).netloc
            raise RefusedError(
                f"manifest: polyfill.page is on {place or 'no host'}, which polyfill.hosts does not list",
                "Add it to polyfill.hosts.",
            )


class PageConnector(Connector):
    """Runs a polyfill in a fresh browser. `pace` False for replays: the governor counts but never waits. `traffic`:
    where its cost is counted, for a run that goes on from another connector's. `named`: who keeps the hosts that the
    site names."""

    def __init__(
        self,
        polyfill: PagePolyfill,
        *,
        browser: BrowserOptions | None = None,
        storage_state: Mapping[str, Any] | None = None,
        governor: Governor | None = None,
        pace: bool = True,
        prepare: Prepare | None = None,
        context_options: Mapping[str, Any] | None = None,
        launcher: Launcher = launch,
        traffic: Traffic | None = None,
        bounds: RunBounds | None = None,
        named: Naming | None = None,
    ) -> None:
        self._named = named
        options = browser or BrowserOptions()
        self._rules = polyfill.rules
        self._site = polyfill.site
        self.governor = governor or Governor()
        self._traffic = traffic
        self._pace = pace
        self._settings = TabSettings(
            url=polyfill.page,
            hosts=polyfill.hosts,
            scripts=(*polyfill.libraries, PageScript(polyfill.script_name, polyfill.script)),
            signed_out=SignedOutRule(polyfill.signed_out),
            browser=replace(
                options,
                allow_hosts=polyfill.hosts,
                private_hosts=polyfill.private_hosts,
                load=(*options.load, *polyfill.load),
            ),
            storage_state=storage_state,
            context_options=context_options or {},
            prepare=prepare,
            launcher=launcher,
            bounds=bounds or DEFAULT_BOUNDS,
        )

    @property
    def bindings(self) -> Mapping[str, Any]:
        return {"browser_automation": {"interface": "page"}, "network": {}, "polyhost/partitions": {}}

    def open(self, calls: HostCalls) -> AbstractAsyncContextManager[ConnectorSession]:
        return self._open(calls)

    @asynccontextmanager
    async def _open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:
        """The task group ends with the session; what the caller raises leaves as it is, never as a group."""
        raised: BaseException | None = None
        async with asyncio.TaskGroup() as tasks:
            traffic = self._traffic or Traffic()
            session = PageSession(
                self._settings,
                calls,
                self.governor,
                traffic,
                pace=self._pace,
                tasks=tasks,
                rules=self._rules,
                site=self._site,
                named=self._named,
            )
            try:
                await session.start()
                yield session
            except BaseException as error:  # raised again below
                raised = error
            finally:
                await session.terminate()
        if raised is not None:
            raise raised


class PageSession(ConnectorSession):
    """One run of a polyfill, through as many pages and browsers as it takes."""

    def __init__(
        self,
        settings: TabSettings,
        calls: HostCalls,
        governor: Governor,
        traffic: Traffic,
        *,
        pace: bool,
        tasks: asyncio.TaskGroup,
        rules: Mapping[str, Any] | None = None,
        site: str | None = None,
        named: Naming | None = None,
    ) -> None:
        self._rules = rules
        self._site = site
        self.traffic = traffic
        governor.begin_run(self.traffic)
        self._settings = settings
        self._calls = calls
        self._fence = Fence(
            settings.hosts,
            self.traffic.blocked,
            spawn=self._spawn_for_the_fence,
            load=settings.browser.load,
            intercepted=settings.prepare is not None,
            most=settings.bounds.failed_requests,
        )
        self._gate = Gate(governor, pace=pace, held=calls.unpaused)
        self._answers = PageCalls(calls, self._gate, self._fence, traffic, site=site, named=named)
        self._tasks = tasks
        self._running: set[asyncio.Task[None]] = set()
        self._tab = Tab(settings, fence=self._fence, tell=self._heard, spawn=self._spawn)
        self._events: asyncio.Queue[Batch | tuple[int, Restarted] | ConnectorExited | PolyhostError] = asyncio.Queue()
        self._losses: asyncio.Queue[TabLost] = asyncio.Queue()
        self._budget = RestartBudget()
        self._engaged = 0
        self._batches = 0
        self._outstanding: dict[int, int] = {}
        self._exited: ConnectorExited | None = None
        self._last_access: SiteAccess | None = None

    @property
    def tab(self) -> Tab:
        """For tools that watch a run: the browser and page behind it."""
        return self._tab

    async def process_id(self) -> int | None:
        return await self._tab.process_id()

    async def site_access(self) -> SiteAccess | None:
        """What it had when it finished, then."""
        return await self._site_access() or self._last_access

    async def start(self) -> None:
        """Open the page and wait for the polyfill. NeedsOwnerError where the owner is signed out."""
        await self._tab.open()
        self._engaged = self._tab.generation
        self._spawn(self._supervise())

    async def send(self, message: Mapping[str, Any]) -> None:
        """To the polyfill the engine knows of; where that one is gone, a Restarted is on its way."""
        limits = {"message": self._settings.bounds.message_bytes}
        told = {"message": dict(message), "rules": self._rules, "limits": limits, "site": self._site}
        self._tab.post(self._engaged, told)

    async def events(self) -> AsyncIterator[Batch | Restarted | ConnectorExited]:
        while True:
            event = await self._events.get()
            if isinstance(event, PolyhostError):
                raise event
            if isinstance(event, tuple):
                self._engaged, restarted = event
                yield restarted
                continue
            yield event
            if isinstance(event, ConnectorExited):
                return

    async def acknowledge(self, batch: Batch) -> None:
        generation = self._outstanding.pop(batch.number, None)
        self._budget.progressed()
        if generation is not None:
            self._tab.post(generation, {"ack": 1})

    def fail(self, error: PolyhostError) -> None:
        """End the run with this error: whoever reads the events meets it next."""
        if self._exited is None:
            self._events.put_nowait(error)

    async def finish(self) -> ConnectorExited:
        """NeedsOwnerError where the session was lost while collecting, which can look like an empty site."""
        url = self._tab.url
        self._last_access = await self._site_access()
        exited = self._end(ConnectorExited())
        await self._close()
        self._settings.signed_out.check(url, self._settings.hosts[0])
        return exited

    async def _site_access(self) -> SiteAccess | None:
        found = await self._tab.site_access(self._gate)
        return None if found is None else replace(found, headers=dict(self._answers.file_headers))

    async def terminate(self) -> None:
        self._end(ConnectorExited(detail="ended by the host"))
        await self._close(within=_TERMINATE_TIMEOUT)

    def _end(self, exited: ConnectorExited) -> ConnectorExited:
        if self._exited is None:
            self._exited = exited
            self._events.put_nowait(exited)
        return self._exited

    async def _close(self, **bound: float) -> None:
        for task in [task for task in self._running if task is not asyncio.current_task()]:
            task.cancel()
        await self._tab.close(**bound)

    def _spawn_for_the_fence(self, work: Coroutine[Any, Any, None]) -> None:
        """Its browser may still tell of requests when the run has ended; nobody waits for their answers then."""
        if self._exited is None:
            self._spawn(work)
        else:
            work.close()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def _heard(self, event: TabEvent) -> None:
        if self._exited is not None:
            return
        self.traffic.signs += isinstance(event, TabMessage)
        match event:
            case TabLost():
                self._losses.put_nowait(event)
            case SignedOut(url):
                self._signed_out(url)
            case TabStorm(error):
                self.fail(error)
            case TabMessage(generation, PageBatch(messages, size)):
                self._batch(generation, messages, size)
            case TabMessage(generation, Calls(calls)):
                for call in calls:
                    self._spawn(self._answer(generation, call))
            case TabMessage(generation, Broken(length, digest, rule)):
                self._batch(generation, [Malformed(self._batches + 1, length, digest, rule)], length)
            case TabMessage():
                pass  # a Hello stays in the tab

    def _batch(self, generation: int, messages: Sequence[Any], size: int) -> None:
        if sum(1 for held in self._outstanding.values() if held == generation) >= CREDIT:
            self._end(ConnectorExited(detail=f"the polyfill sent more than {CREDIT} batches without waiting"))
            return
        self._batches += 1
        self._outstanding[self._batches] = generation
        checked = [
            message if isinstance(message, (dict, Malformed)) else _not_an_object(self._batches, message)
            for message in messages
        ]
        self._events.put_nowait(Batch(self._batches, checked, size))

    def _signed_out(self, url: str) -> None:
        try:
            self._settings.signed_out.check(url, self._settings.hosts[0])
        except PolyhostError as error:
            self._events.put_nowait(error)

    async def _supervise(self) -> None:
        """Bring the polyfill back each time it is lost, within the budget."""
        while self._exited is None:
            loss = await self._losses.get()
            await self._calls.unpaused()  # opening a page asks the site, too
            if loss.generation < self._tab.generation:
                continue
            if not self._budget.admit(loss.cause):
                why = loss.cause.replace("_", " ")
                self._end(
                    ConnectorExited(detail=f"given up after {self._budget.attempts} restarts, the last after a {why}")
                )
                return
            try:
                cause = await (self._tab.settle() if loss.cause is Cause.NAVIGATION else self._tab.open())
            except PolyhostError as error:
                self._events.put_nowait(error)
                return
            self._events.put_nowait((self._tab.generation, Restarted(str(cause), self._budget.attempts)))

    async def _answer(self, generation: int, call: Call) -> None:
        self.traffic.held += 1
        try:
            answer = await self._answers.answer(call.method, call.params)
        finally:
            self.traffic.held -= 1
        self._tab.post(generation, {"call": call.number, **answer})


def stream_rules(manifest: Manifest) -> dict[str, Any]:
    """What the SDK holds a script's words against: per stream, how many parts a key has, the order of its positions
    (None: it has no partitions), whether it has groups, whether all of it may be called read, and the streams under
    whose name it keeps a cursor."""
    return {
        stream.name: {
            "key_parts": len(stream.primary_key),
            "order": None if stream.partition is None else stream.partition.order,
            "groups": stream.partition is not None and stream.partition.group_field is not None,
            "enumerated": stream.is_enumerated,
            "checkpoints": list(stream.checkpoints),
        }
        for stream in manifest.streams
    }


def _not_an_object(line: int, message: Any) -> Malformed:
    raw = repr(message).encode(errors="replace")
    return Malformed(line, len(raw), hashlib.sha256(raw).hexdigest()[:16], "not an object")
