"""`polyhost serve`: one process that answers on this machine, runs what is due, and tells its owner.

Owns: what lives in the process and in which order it starts and ends. Must not know: routes, pages, how anything is
decided.

Ending: the first signal asks every run to stop and keep what it has read, for a bounded time; a second one leaves at
once, which the store survives.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from polyhost.api.gate import Gate, read_token
from polyhost.api.login import link_to
from polyhost.api.metrics import Metrics
from polyhost.api.surface import Surface
from polyhost.engine.clock import Clock
from polyhost.engine.hosting.remote_runs import Neighbours
from polyhost.engine.hosting.run_host import RunHost
from polyhost.engine.imports.uploads import Uploads
from polyhost.engine.notices.causes import Question
from polyhost.engine.notices.channels import channels
from polyhost.engine.notices.notifier import Teller
from polyhost.engine.reading.indexing import Indexer
from polyhost.engine.schedule.scheduler import Scheduler
from polyhost.engine.settings.config import Config
from polyhost.engine.settings.reload import Following
from polyhost.errors import RefusedError
from polyhost.operations.hosted import HostedWork
from polyhost.server.application import build_app
from polyhost.store.sqlite import open_store

__all__ = ["Serving", "serving"]

ADDRESS = "127.0.0.1"
DRAIN_SECONDS = 30.0
"""How long runs have to keep what they have read; then the process ends, and the next run goes on from there."""
CLOSE_SECONDS = 2.0
"""How long open answers have to end; an event stream never does by itself."""

_BACKLOG = 1024
"""Connections that may wait to be accepted: a thousand event streams come back at once after a pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server that answers. `link` makes a new sign-in link."""

    address: str
    surface: Surface
    link: Callable[[], str]


@asynccontextmanager
async def serving(
    home: Path, config: Config, *, port: int, clock: Clock | None = None, gate: Gate | None = None
) -> AsyncGenerator[Serving]:
    """Answer inside the block; end all runs when it is left. RefusedError `port_taken`, and as open_store refuses.
    `port` 0: any that is free."""
    clock = clock or Clock()
    gate = gate or Gate(read_token(home), clock)
    store = await open_store(home)
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        listening = stack.enter_context(closing(_listening(port)))
        address = f"{ADDRESS}:{listening.getsockname()[1]}"
        neighbours = Neighbours(home)
        runs = await stack.enter_async_context(RunHost(heard=metrics.heard, elsewhere=neighbours))
        surface = Surface(
            home=home,
            store=store,
            runs=runs,
            gate=gate,
            hosts=_names(listening),
            uploads=await stack.enter_async_context(_uploads(home, clock)),
            clock=clock,
            metrics=metrics,
        )
        metrics.running.set_function(lambda: runs.going)
        teller = _teller(surface, config, f"http://{address}")
        runs.asked = teller.wake
        await stack.enter_async_context(_answering(surface, listening))
        await stack.enter_async_context(_companions(surface, config, teller, neighbours))
        yield Serving(surface=surface, link=lambda: f"http://{address}{link_to(surface)}", address=address)
        await _drain(runs)


def _names(listening: socket.socket) -> frozenset[str]:
    port = listening.getsockname()[1]
    return frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))


def _teller(surface: Surface, config: Config, origin: str) -> Teller:
    def questions() -> list[Question]:
        return [
            Question(connection=one.connection, run_id=one.run_id, request_id=one.request_id)
            for one in surface.questions()
        ]

    return Teller(
        store=surface.store,
        home=surface.home,
        ways=channels(config.notify),
        schedule=config.schedule,
        clock=surface.clock,
        questions=questions,
        dashboard=lambda connection: f"{origin}/connections/{quote(connection, safe='')}",
    )


async def _drain(runs: RunHost) -> None:
    runs.stop()
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            await runs.idle()


@asynccontextmanager
async def _uploads(home: Path, clock: Clock) -> AsyncGenerator[Uploads]:
    uploads = Uploads(home, clock)
    try:
        yield uploads
    finally:
        uploads.close()


def _listening(port: int) -> socket.socket:
    """A socket on this machine's own address: nobody else's reach it."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((ADDRESS, port))
    except OSError as error:
        listening.close()
        if error.errno != errno.EADDRINUSE:
            raise RefusedError(f"port {port} cannot be used: {error.strerror}", "Choose another --port.") from None
        raise RefusedError(
            f"port {port} is taken", "Is polyhost serve running already? Or choose another --port.", code="port_taken"
        ) from None
    listening.listen(_BACKLOG)
    listening.setblocking(False)
    return listening


@asynccontextmanager
async def _answering(surface: Surface, listening: socket.socket) -> AsyncGenerator[None]:
    runner = web.AppRunner(
        build_app(surface),
        access_log=None,
        handle_signals=False,
        shutdown_timeout=CLOSE_SECONDS,
        handler_cancellation=True,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _companions(surface: Surface, config: Config, teller: Teller, neighbours: Neighbours) -> AsyncGenerator[None]:
    """What goes on beside answering: the scheduler, telling the owner, following the settings, listening to other
    processes' runs."""
    indexer = Indexer(store=surface.store, home=surface.home, busy=lambda: surface.runs.going > 0)
    scheduler = Scheduler(
        work=HostedWork(surface.context()),
        store=surface.store,
        home=surface.home,
        settings=config.schedule,
        clock=surface.clock,
        after_run=teller.wake,
    )

    def take_up(found: Config) -> None:
        scheduler.take_up(found.schedule)
        teller.take_up(channels(found.notify), found.schedule)

    following = Following(home=surface.home, take_up=take_up)
    async with asyncio.TaskGroup() as tasks:
        going = [tasks.create_task(one.run()) for one in (scheduler, teller, indexer, neighbours, following)]
        try:
            yield
        finally:
            for task in going:
                task.cancel()
