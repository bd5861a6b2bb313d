"""Whether a run is still within its bounds: time, silence, and what its browser or process holds.

Owns: measuring, and ending the session when a bound is reached; whoever reads its events then raises `exceeded`. Must
not know: messages, the store. The bounds of a page (popups, frames, …) are held where they are seen, in the browser.

Time is counted by a clock that only runs forwards, in steps, so that neither a clock that is set nor a machine that
slept ends a run. While a run is paused, or asks its owner, nothing is counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from polyhost.bounds import RunBounds, bound_error
from polyhost.connectors.base import ConnectorSession
from polyhost.connectors.process_tree import Usage, measure
from polyhost.errors import RunFailedError
from polyhost.humanize import rough_duration

__all__ = ["Watchdog"]

LOOK_SECONDS = 1.0
"""How often time and silence are looked at."""
MEASURE_SECONDS = 5.0
"""How often processes are measured: a page that fills memory as fast as it can takes longer for a gigabyte."""
_LONGEST_STEP = 60.0
"""Seconds that one look may count for: more means that the machine stood still, and the connector with it."""
_MIB = 1024 * 1024


class Watchdog:
    """One per run. `heard` is called for everything that the connector says."""

    def __init__(self, bounds: RunBounds, session: ConnectorSession, *, is_waiting: Callable[[], bool]) -> None:
        self._bounds = bounds
        self._session = session
        self._is_waiting = is_waiting
        self._running = 0.0
        self._silent = 0.0
        self._signs = 0
        self.exceeded: RunFailedError | None = None

    def heard(self) -> None:
        """A sign of life."""
        self._silent = 0.0

    async def watch(self) -> None:
        """Until a bound is reached; then the session is ended, and `exceeded` says why."""
        loop = asyncio.get_running_loop()
        last = measured = loop.time()
        while self.exceeded is None:
            await asyncio.sleep(min(LOOK_SECONDS, self._bounds.silence_seconds, self._bounds.run_seconds))
            now = loop.time()
            self.passed(now - last)
            last = now
            if self.exceeded is None and now - measured >= MEASURE_SECONDS:
                measured = now
                await self._measure()
        await self._session.terminate()

    def passed(self, seconds: float) -> None:
        """So much time has gone by."""
        traffic = self._session.traffic
        if self._is_waiting() or traffic.held or traffic.signs != self._signs:
            self._signs = traffic.signs
            self.heard()
        if self._is_waiting():
            return
        step = min(seconds, _LONGEST_STEP)
        self._running += step
        self._silent += step
        if self._running > self._bounds.run_seconds:
            took = rough_duration(self._bounds.run_seconds)
            self.exceeded = bound_error("run_minutes", f"It took longer than a run may ({took}) and was ended")
        elif self._silent > self._bounds.silence_seconds:
            quiet = rough_duration(self._bounds.silence_seconds)
            self.exceeded = bound_error("silence_minutes", f"The connector said nothing for {quiet} and was ended")

    async def _measure(self) -> None:
        process = await self._session.process_id()
        if process is not None:
            self.measured(await asyncio.to_thread(measure, process))

    def measured(self, usage: Usage) -> None:
        """This is what the run's processes hold."""
        if usage.memory > self._bounds.memory_bytes:
            held = f"{usage.memory // _MIB:,} MiB of memory, more than {self._bounds.memory_mb:,}"
            self.exceeded = bound_error("memory_mb", f"Its browser or process held {held}, and was ended")
        elif usage.processes > self._bounds.processes:
            had = f"{usage.processes:,} processes, more than {self._bounds.processes:,}"
            self.exceeded = bound_error("processes", f"Its browser or process had {had}, and was ended")
