"""Something that is waited for, and given up once an event is set.

Owns: that whoever waits is woken and cleans up, and that nothing else is taken for it. Must not know: what is waited
for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

__all__ = ["GivenUpError", "given_up_on"]


class GivenUpError(Exception):
    """The event came first."""


@asynccontextmanager
async def given_up_on(event: asyncio.Event) -> AsyncGenerator[None]:
    """What is awaited in the block is cancelled once the event is set; the block then ends with GivenUpError, unless
    what was cancelled failed otherwise. Every other error comes out as it is."""
    scope = asyncio.timeout(None)
    try:
        async with scope:
            waiting = asyncio.ensure_future(_give_up(event, scope))  # noqa: TID251  a group would wrap the block's errors
            try:
                yield
            finally:
                waiting.cancel()
    except TimeoutError:
        if scope.expired():
            raise GivenUpError from None
        raise


async def _give_up(event: asyncio.Event, scope: asyncio.Timeout) -> None:
    await event.wait()
    scope.reschedule(asyncio.get_running_loop().time())
