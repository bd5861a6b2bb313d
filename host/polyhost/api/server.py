"""`polyhost serve`: one process that answers on this machine, runs what is due, and tells its owner.

Owns: what lives in the process and in which order it starts and ends. Must not know: routes, pages, how anything is
decided.

Ending: the first signal asks every run to stop and keep what it has read, for a bounded time; a second one leaves at
once, which the store survives.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from polyhost.api.app import build_app
from polyhost.api.gate import Gate, read_token
from polyhost.api.login import link_to
from polyhost.api.metrics import Metrics
from polyhost.api.surface import Surface
from polyhost.engine.clock import Clock
from polyhost.engine.config import Config
from polyhost.engine.hosting import RunHost
from polyhost.engine.notices.causes import Question
from polyhost.engine.notices.channels import channels
from polyhost.engine.notices.teller import Teller
from polyhost.engine.scheduler import Scheduler
from polyhost.engine.uploads import Uploads
from polyhost.errors import RefusedError
from polyhost.operations.hosted import HostedWork
from polyhost.store.sqlite import open_store

__all__ = ["Serving", "serving"]

ADDRESS = "127.0.0.1"
DRAIN_SECONDS = 30.0
"""How long runs have to keep what they have read; then the process ends, and the next run goes on from there."""
CLOSE_SECONDS = 2.0
"""How long open answers have to end; an event stream never does by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server that answers. `link` makes a new sign-in link."""

    port: int
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
    try:
        metrics = Metrics()
        async with RunHost(heard=metrics.heard) as runs, _uploads(home, clock) as uploads:
            metrics.running.set_function(lambda: runs.going)
            with _listening(port) as listening:
                taken = listening.getsockname()[1]
                hosts = frozenset(f"{name}:{taken}" for name in ("127.0.0.1", "localhost", "[::1]"))
                surface = Surface(
                    home=home, store=store, runs=runs, gate=gate, hosts=hosts, uploads=uploads, clock=clock, metrics=metrics
                )
                async with _answering(surface, listening), _companions(surface, config):
                    link = f"http://{ADDRESS}:{taken}"
                    yield Serving(port=taken, surface=surface, link=lambda: link + link_to(surface))
                    runs.stop()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(DRAIN_SECONDS):
                            await runs.idle()
    finally:
        await store.close()
