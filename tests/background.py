"""Something that goes on while a test does something else, in a task group as everywhere.

Must not know: what it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

__all__ = ["background"]

T = TypeVar("T")


@asynccontextmanager
async def background(work: Awaitable[T]) -> AsyncGenerator[asyncio.Task[T]]:
    """`work` goes on inside the block, and what is left of it then is cancelled. If it fails, so does the test."""

    async def run() -> T:
        return await work

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(run())
        yield task
        task.cancel()
