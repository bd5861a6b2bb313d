"""`polyhost serve`: one process that answers on this machine, runs what is due, and tells its owner.

Owns: what lives in the process and in which order it starts and ends. Must not know: routes, pages, how anything is
decided.

Ending: the first signal asks every run to stop and keep what it has read, for a bounded time; a second one leaves at
once, which the store survives.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from polyhost.api.gate import Gate, read_token
from polyhost.api.login import link_to
from polyhost.api.metrics import Metrics
from polyhost.api.names import Names
from polyhost.api.surface import Surface
from polyhost.engine.clock import Clock
from polyhost.engine.hosting.run_host import RunHost
from polyhost.engine.settings.config import Config, load_config
from polyhost.server.application import build_app, make_dashboard
from polyhost.server.companions import companions, make_notifier
from polyhost.server.listening import answering, listening
from polyhost.server.own_socket import own_socket
from polyhost.server.resources import Resources, open_resources
from polyhost.server.signed_in import SignInsHere

__all__ = ["Serving", "serving"]

DRAIN_SECONDS = 30.0
"""How long runs have to keep what they have read; then the process ends, and the next run goes on from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A server that answers. `link` makes a new sign-in link."""

    address: str
    resources: Resources
    surface: Surface
    link: Callable[[], str]


@asynccontextmanager
async def serving(
    home: Path,
    *,
    port: int | None = None,
    config: Config | None = None,
    clock: Clock | None = None,
    gate: Gate | None = None,
) -> AsyncGenerator[Serving]:
    """Answer inside the block; end all runs when it is left. `port`: instead of the one in the settings; 0: any that is
    free. `config`: instead of the home's settings. RefusedError `port_taken`, and as load_config and open_store
    refuse."""
    clock = clock or Clock()
    config = config or load_config(home, flags={"serve.port": port or None})
    gate = gate or Gate(read_token(home), clock.up)
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        at = stack.enter_context(listening(config.serve.port if port is None else port))
        resources = await stack.enter_async_context(open_resources(home, clock, metrics.count, SignInsHere(gate)))
        metrics.running.set_function(lambda: resources.runs.going)
        surface = Surface(context=resources.context, gate=gate, names=Names(at.port), metrics=metrics)
        origin = f"http://{at.address}"
        notifier = make_notifier(resources, config, lambda name: f"{origin}/connections/{quote(name, safe='')}")
        resources.runs.asked = notifier.wake
        app = build_app(surface, make_dashboard(resources))
        own = stack.enter_context(own_socket(home, at.port))
        await stack.enter_async_context(answering(app, at, own=own))
        await stack.enter_async_context(companions(resources, config, notifier))
        yield Serving(address=at.address, resources=resources, surface=surface, link=lambda: link_to(surface))
        await _drain(resources.runs)


async def _drain(runs: RunHost) -> None:
    runs.stop()
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            await runs.idle()
