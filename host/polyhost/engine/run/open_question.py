"""That a run waits for its owner's answer, left in the store for every process that says how its connection is.

Owns: the memo of an open question. Must not know: what is asked, who answers, and how.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from polyhost.engine.clock import Clock
from polyhost.store import memos
from polyhost.store.base import Store
from polyhost.store.memos import OpenQuestionMemo

__all__ = ["Waiting", "asked_since"]


class Waiting:
    """The questions of one run. One of an attempt that is given up may end after the next was asked: they are counted,
    and what the store says is brought up to that."""

    def __init__(self, store: Store, connection_id: int, run_id: str, clock: Clock) -> None:
        self._store = store
        self._connection_id = connection_id
        self._run_id = run_id
        self._clock = clock
        self._open = 0
        self._told = False
        self._telling = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the owner is asked now."""
        return self._open > 0

    @asynccontextmanager
    async def asking(self) -> AsyncGenerator[None]:
        """A question is open inside the block."""
        self._open += 1
        try:
            await self._tell()
            yield
        finally:
            self._open -= 1
            await self._tell()

    async def _tell(self) -> None:
        async with self._telling:
            if self._told or self._open:
                asked = OpenQuestionMemo(run=self._run_id, since=self._clock.iso()) if self._open else None
                self._told = True  # also where the writing is broken off
                await self._store.connections.save_memo(self._connection_id, memos.OPEN_QUESTION, asked)
                self._told = asked is not None


async def asked_since(store: Store, connection_id: int, run_id: str) -> str | None:
    """Since when this run waits for an answer; None where it does not. It counts only while the run goes on: one that
    was killed has taken nothing back."""
    asked = await store.connections.memo(connection_id, memos.OPEN_QUESTION)
    return asked["since"] if asked is not None and asked["run"] == run_id else None
