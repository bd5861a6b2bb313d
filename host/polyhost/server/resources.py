"""What a process that serves a home holds open for as long as it lives: the store, the runs in it, uploaded files.

Owns: opening them in order, closing them in reverse, and handing them to operations. Must not know: HTTP, what is due,
who asks for a run.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from polyhost.engine.clock import Clock
from polyhost.engine.control.remote_runs import RemoteRuns
from polyhost.engine.events import RunEvent
from polyhost.engine.hosting.run_host import LiveRun, RunHost
from polyhost.engine.imports.uploads import Uploads
from polyhost.operations.context import Context
from polyhost.operations.sign_ins import SignInsKept
from polyhost.store.base import Store
from polyhost.store.opening import open_store

__all__ = ["Heard", "Resources", "open_resources"]

Heard = Callable[[str, RunEvent], None]
"""Hears every event of every run in this process, with what set the run off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """`runs`: those of this process. `elsewhere`: those of other processes on the same home. `sign_ins`: the browsers
    that are signed in here, where somebody can."""

    home: Path
    clock: Clock
    store: Store
    runs: RunHost
    elsewhere: RemoteRuns
    uploads: Uploads
    sign_ins: SignInsKept | None = None

    def context(self) -> Context:
        """An operation's surroundings in this process."""
        kept = self.sign_ins
        return Context(
            home=self.home,
            clock=self.clock,
            shared=self.store,
            host=self.runs,
            uploads=self.uploads,
            sign_ins=None if kept is None else lambda port: kept,
        )


@asynccontextmanager
async def open_resources(
    home: Path, clock: Clock, heard: Heard, sign_ins: SignInsKept | None = None
) -> AsyncGenerator[Resources]:
    """Open inside the block; every run has ended when it is left. Refuses as open_store does."""
    async with AsyncExitStack() as stack:
        store = await open_store(home)
        stack.push_async_callback(store.close)
        elsewhere = RemoteRuns(home)
        runs = await stack.enter_async_context(RunHost(home=home, heard=_by_trigger(heard), elsewhere=elsewhere))
        elsewhere.ours = runs.is_ours
        uploads = Uploads(home, clock)
        stack.callback(uploads.close)
        yield Resources(
            home=home, clock=clock, store=store, runs=runs, elsewhere=elsewhere, uploads=uploads, sign_ins=sign_ins
        )


def _by_trigger(heard: Heard) -> Callable[[LiveRun, RunEvent], None]:
    return lambda run, event: heard(run.trigger, event)
