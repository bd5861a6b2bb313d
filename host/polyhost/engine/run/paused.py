"""A pause beside the run it is of: permits held, told to whoever watches, and ended.

Owns: the memo of a pause, how long it may last, and what is said of it. Must not know: how a run goes, surfaces.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from polyhost.connectors.base import HostCalls
from polyhost.engine import events
from polyhost.engine.clock import Clock
from polyhost.engine.events import Watcher
from polyhost.engine.run.ledger import RunLedger
from polyhost.engine.run.pause import Pause
from polyhost.errors import ErrorCode, StoppedError
from polyhost.instants import iso_from_seconds
from polyhost.store import memos
from polyhost.store.base import Store

__all__ = ["MAX_PAUSE_SECONDS", "PausableCalls", "PauseKeeper", "paused_run"]

MAX_PAUSE_SECONDS = 3600.0
"""How long a run may stand paused before it is ended as cancelled. It holds its connection's lease and a browser all
the while, and what a site hands out for going on (cursors, sessions) does not keep. A question may wait as long."""
LOOK_SECONDS = 1.0
"""Between two looks at the clock while it is paused: the clock may be set, and the machine may sleep."""


class PausableCalls(HostCalls):
    """A connector's questions to the host, and its permits held while the run is paused."""

    def __init__(self, inner: RunLedger, pause: Pause, asking: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self._inner = inner
        self._pause = pause
        self._asking = asking

    async def windows(self, stream: str, partition: str) -> list[dict[str, Any]]:
        return await self._inner.windows(stream, partition)

    async def groups(self, stream: str, partition: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        return await self._inner.groups(stream, partition, ids)

    async def arrivals(self, stream: str, partition: str | None) -> str | None:
        return await self._inner.arrivals(stream, partition)

    async def due_exceptions(self, stream: str, partition: str | None) -> list[dict[str, Any]]:
        return await self._inner.due_exceptions(stream, partition)

    async def unpaused(self) -> None:
        await self._pause.wait()

    def asking(self) -> AbstractAsyncContextManager[None]:
        return self._asking()


@dataclass(slots=True, kw_only=True)
class PauseKeeper:
    """Beside one run for as long as it is paused or may be."""

    pause: Pause
    run_id: str
    connection_id: int
    store: Store
    clock: Clock
    watch: Watcher
    too_long: bool = False
    """Whether it stood paused for longer than it may."""
    _since: float = 0.0

    async def tell(self) -> None:
        """Tell of each change, in the store and to whoever watches; until cancelled."""
        told = False
        while True:
            change = self.pause.change()
            if self.pause.is_on != told:
                told = not told
                await self._tell(paused=told)
            else:
                await change.wait()

    async def outlast(self) -> None:
        """Return once it has been paused for too long."""
        while not self.too_long:
            if not self.pause.is_on:
                await self.pause.change().wait()
            await asyncio.sleep(LOOK_SECONDS)
            paused_for = self.clock.up() - self._since
            self.too_long = self.pause.is_on and bool(self._since) and paused_for >= MAX_PAUSE_SECONDS

    def why_ended(self) -> StoppedError | None:
        """What its owner is told, where it was ended for having been paused too long."""
        if not self.too_long:
            return None
        return StoppedError(
            f"It stood paused for {MAX_PAUSE_SECONDS / 60:g} minutes, which is as long as a run may, and was ended",
            "What it had read is kept. Start it again, and it goes on from there.",
            code=ErrorCode.PAUSED_TOO_LONG,
        )

    async def _tell(self, *, paused: bool) -> None:
        now = self.clock.now()
        self._since = self.clock.up() if paused else 0.0
        await self.store.connections.save_memo(self.connection_id, memos.PAUSED, self.run_id if paused else None)
        if paused:
            self.watch(
                events.RunPaused(self.run_id, at=iso_from_seconds(now), until=iso_from_seconds(now + MAX_PAUSE_SECONDS))
            )
        else:
            self.watch(events.RunResumed(self.run_id, at=iso_from_seconds(now)))


async def paused_run(store: Store, connection_id: int) -> str | None:
    """The run of this connection that says that it is paused. It counts only while that run goes on: one that was
    killed has taken nothing back."""
    return await store.connections.memo(connection_id, memos.PAUSED)
