"""Bringing what has come whole to where contents lie, and noting whose it is: many at a time.

Each waits for the disk, for the lock of all processes and for a transaction of the store; together they wait little
longer than one does.

Owns: what is brought together, and for how long one waits for others. Must not know: what a content is noted as,
networks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from polyhost.files.body import in_thread
from polyhost.files.contents import Contents
from polyhost.files.partial import Partial, together
from polyhost.ledger.files import Content

__all__ = ["MOST_BYTES", "MOST_TOGETHER", "Settling", "settle"]

T = TypeVar("T")
MOST_TOGETHER = 32
"""Files: for so many the lock is held, and others wait, some tenths of a second on a slow disk."""
MOST_BYTES = 16 << 20
"""And no more than so many bytes are waited for."""
LINGER_SECONDS = 0.05
"""So long the first waits for others."""


async def settle(
    contents: Contents, partials: Sequence[Partial], note: Callable[[Sequence[Content]], Awaitable[None]]
) -> Sequence[Content]:
    """Make contents of these, all of whose bytes are here. `note` is awaited with them, in their order, while nobody
    may take them out as rubbish: it writes into the store whose they are. OSError where the disk does not take one;
    none of them is noted then."""
    await in_thread(together, Partial.sync, partials)  # before anybody waits for the lock
    async with contents.held():
        kept = await in_thread(contents.keep, partials)
        await note(kept)
    return kept


@dataclass(slots=True)
class _One(Generic[T]):
    partial: Partial
    about: T
    settled: asyncio.Future[Content] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Settling(Generic[T]):
    """For several tasks, each of which waits for its own."""

    def __init__(self, contents: Contents, note: Callable[[Sequence[tuple[T, Content]]], Awaitable[None]]) -> None:
        """`note`: see `settle`; it is told, of each, what it was said to be about."""
        self._contents = contents
        self._note = note
        self._waiting: list[_One[T]] = []
        self._is_enough = asyncio.Event()
        self._working: asyncio.Task[None] | None = None

    async def settle(self, partial: Partial, about: T) -> Content:
        """It is kept and noted. Cancelled, it is left to the caller: untouched, or wholly kept and noted."""
        one = _One(partial, about)
        self._waiting.append(one)
        if len(self._waiting) >= MOST_TOGETHER or sum(each.partial.size for each in self._waiting) >= MOST_BYTES:
            self._is_enough.set()
        if self._working is None:
            self._working = asyncio.get_running_loop().create_task(self._work())  # who settles hears of its errors
        try:
            return await asyncio.shield(one.settled)
        except asyncio.CancelledError:
            if one in self._waiting:
                self._waiting.remove(one)
            else:
                await asyncio.wait([one.settled])
                one.settled.exception()
            raise

    async def _work(self) -> None:
        try:
            while self._waiting:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LINGER_SECONDS):
                        await self._is_enough.wait()
                self._is_enough.clear()
                some, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
                await self._settle(some)
        finally:
            self._working = None

    async def _settle(self, some: Sequence[_One[T]]) -> None:
        async def note(kept: Sequence[Content]) -> None:
            await self._note([(one.about, content) for one, content in zip(some, kept, strict=True)])

        try:
            kept = await settle(self._contents, [one.partial for one in some], note)
        except BaseException as error:
            for one in some:
                one.settled.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            for one, content in zip(some, kept, strict=True):
                one.settled.set_result(content)
