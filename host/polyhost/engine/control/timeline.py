"""What a run has said so far, for whoever comes to watch it, and when there is more.

Owns: which events are kept. An event that a later one says anew (counts, progress, how far one partition is) gives way
to it: however long a run goes on, its history is as long as its partitions are many, and whoever comes late, or comes
back, misses nothing that still holds. Must not know: who watches, how events are sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Sequence

from polyhost.engine import events
from polyhost.engine.events import RunEvent

__all__ = ["Timeline"]

MOST_KEPT = 5_000
"""Events kept of one run: each of a thousand partitions a few times over; about 2 MiB."""


class Timeline:
    """One run's events, numbered from 1 on. Used from one event loop."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[int, RunEvent]] = {}
        self._last = 0
        self._over = False
        self._more = asyncio.Event()

    @property
    def last(self) -> int:
        """The newest event's number; 0 before the first."""
        return self._last

    @property
    def over(self) -> bool:
        """Whether nothing will be added any more."""
        return self._over

    def add(self, event: RunEvent) -> None:
        """The next event."""
        self._last += 1
        key = _what_it_is_about(event) or self._last
        self._kept.pop(key, None)
        self._kept[key] = (self._last, event)
        if len(self._kept) > MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._wake()

    def close(self) -> None:
        """Nothing follows."""
        self._over = True
        self._wake()

    async def closed(self) -> None:
        """Return once nothing will be added any more."""
        while not self._over:
            await self._more.wait()

    def since(self, number: int) -> Sequence[tuple[int, RunEvent]]:
        """What is kept of the events after this number, oldest first."""
        found: list[tuple[int, RunEvent]] = []
        for numbered in reversed(self._kept.values()):
            if numbered[0] <= number:
                break
            found.append(numbered)
        found.reverse()
        return found

    async def follow(self, after: int = 0) -> AsyncIterator[tuple[int, RunEvent]]:
        """Events after this number, as they come, to the last one."""
        while True:
            more = self._more
            for after, event in self.since(after):  # noqa: B020  where to go on from
                yield after, event
            if self._over and not self.since(after):
                return
            if more is self._more:
                await more.wait()

    def _wake(self) -> None:
        more, self._more = self._more, asyncio.Event()
        more.set()


def _what_it_is_about(event: RunEvent) -> Hashable | None:
    """The same for events of which only the newest counts; None for one that stands by itself."""
    match event:
        case events.RecordsWritten() | events.RequestsCounted() | events.RecordsIndexed() | events.FilesTaken():
            return type(event).__name__
        case events.RunPaused() | events.RunResumed():
            return "pause"
        case events.InventoryTaken() | events.ProgressReported():
            return type(event).__name__, event.stream
        case events.PartitionAdvanced():
            return type(event).__name__, event.stream, event.partition
        case _:
            return None
