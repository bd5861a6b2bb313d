"""A session around a session, for whoever looks at some of what passes, or does something besides.

Owns: that all of it goes on as it is, the traffic counted by the inner one. Must not know: who looks, and at what.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from polyhost.connectors.base import Batch, ConnectorExited, ConnectorSession, Restarted, Traffic

if TYPE_CHECKING:
    from polyhost.browser.site_access import SiteAccess

__all__ = ["PassedOnSession"]


class PassedOnSession(ConnectorSession):
    """A session that goes on as it is."""

    def __init__(self, inner: ConnectorSession) -> None:
        self._inner = inner

    @property
    def traffic(self) -> Traffic:  # pyright: ignore[reportIncompatibleVariableOverride]  # the inner one's, always
        return self._inner.traffic

    async def process_id(self) -> int | None:
        return await self._inner.process_id()

    async def site_access(self) -> SiteAccess | None:
        return await self._inner.site_access()

    async def send(self, message: Mapping[str, Any]) -> None:
        await self._inner.send(message)

    async def events(self) -> AsyncIterator[Batch | Restarted | ConnectorExited]:
        async for event in self._inner.events():
            yield event

    async def acknowledge(self, batch: Batch) -> None:
        await self._inner.acknowledge(batch)

    async def finish(self) -> ConnectorExited:
        return await self._inner.finish()

    async def terminate(self) -> None:
        await self._inner.terminate()
