"""One run per connection at a time: the lease is taken, kept alive while the run goes on, and given back.

Must not know: what the run does. The lease itself lives in the store, so two processes cannot collide.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from polyhost.engine.clock import Clock
from polyhost.errors import ErrorCode, RefusedError, RunFailedError
from polyhost.store.base import ConnectionRow, LeaseHolder, Store

__all__ = ["LEASE_SECONDS", "Lease", "hold_lease"]

LEASE_SECONDS = 60.0
"""How long a lease outlives its last renewal. Renewed three times as often, so a slow moment does not lose it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that is ours until released."""

    store: Store
    connection: ConnectionRow
    token: str
    clock: Clock

    async def keep(self) -> None:
        """Renew until cancelled. RunFailedError `lease_lost` where another process took it meanwhile."""
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            expires = self.clock.moment().later(LEASE_SECONDS)
            if not await self.store.runs.renew_lease(self.connection.id, self.token, expires=expires):
                raise RunFailedError(
                    f"another process took over {self.connection.name} while this one slept",
                    "What was stored is safe; run it again to go on.",
                    code=ErrorCode.LEASE_LOST,
                )


@asynccontextmanager
async def hold_lease(store: Store, connection: ConnectionRow, run_id: str, clock: Clock) -> AsyncGenerator[Lease]:
    """Hold the connection's lease inside the block. RefusedError `run_in_progress` where somebody else has it."""
    now = clock.moment()
    holder = LeaseHolder(
        token=secrets.token_hex(16),
        pid=os.getpid(),
        host=socket.gethostname(),
        run_id=run_id,
        expires=now.later(LEASE_SECONDS),
    )
    other = await store.runs.acquire_lease(connection.id, holder, now=now)
    if other is not None:
        raise RefusedError(
            f"{connection.name} is being collected already (run {other.run_id}, process {other.pid} on {other.host})",
            f"Wait for it to end, or end it: polyhost cancel {connection.name}",
            code=ErrorCode.RUN_IN_PROGRESS,
        )
    try:
        yield Lease(store, connection, holder.token, clock)
    finally:
        await store.runs.release_lease(connection.id, holder.token)
