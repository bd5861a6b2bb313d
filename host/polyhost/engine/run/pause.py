"""Whether a run is to wait because its owner wants that.

Owns: that one fact, and who is held by it. Must not know: what waits (the reader of a run's messages and, through a
connector's questions, the governor's gate), who wants it. Kept free of heavy imports: every command has one.
"""

from __future__ import annotations

import asyncio

__all__ = ["Pause"]


class Pause:
    """Whether a run is to wait. One per run; used from one event loop."""

    def __init__(self) -> None:
        self.is_on = False
        self._over = False
        self._free = asyncio.Event()
        self._free.set()
        self._changed = asyncio.Event()

    def begin(self) -> None:
        """From here on whoever comes to `wait` is held. Nothing where it is paused already, or ends."""
        if not self._over and not self.is_on:
            self.is_on = True
            self._free.clear()
            self._wake()

    def end(self) -> None:
        """Let everyone go on. Nothing where it is not paused."""
        if not self._over and self.is_on:
            self.is_on = False
            self._free.set()
            self._wake()

    def lift(self) -> None:
        """The run ends, and nothing can be sent any more: nobody is held from now on. It was not resumed."""
        self._over = True
        self._free.set()

    async def wait(self) -> None:
        """Return while it is not paused; without giving way where it is not paused now."""
        while not self._free.is_set():
            await self._free.wait()

    def change(self) -> asyncio.Event:
        """Set once it has been paused or resumed from now on."""
        return self._changed

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
