"""Hosts that a site names while it is collected: kept with its connection until its owner has read of them.

Owns: keeping them. Must not know: how a script names them, what may be reached (reach), surfaces.
"""

from __future__ import annotations

from collections.abc import Sequence

from polyhost.protocol.named_hosts import MAX_NAMED, NamedHost
from polyhost.store.base import DISCOVERED, ConnectionRow, Store

__all__ = ["Naming", "as_option"]


class Naming:
    """Of one run. `known`: all that were named before, agreed to or not."""

    def __init__(self, store: Store, connection: ConnectionRow, known: Sequence[NamedHost]) -> None:
        self._store = store
        self._connection = connection
        self._known = {host.host: host for host in known}

    async def __call__(self, named: Sequence[NamedHost]) -> None:
        """New ones are kept, as many as an owner is shown."""
        new = [host for host in named if host.host not in self._known]
        taken = new[: max(0, MAX_NAMED - len(self._known))]
        self._known |= {host.host: host for host in taken}
        row = await self._store.connections.get(self._connection.name) if taken else None
        if row is not None and row.id == self._connection.id:
            option = as_option([*self._known.values()], row.options.get(DISCOVERED, {}).get("page"))
            await self._store.connections.update(row.id, options={**row.options, DISCOVERED: option})


def as_option(named: Sequence[NamedHost], page: str | None) -> dict[str, object]:
    """What a connection keeps of what its site has named."""
    return {"hosts": [{"host": host.host, "why": host.why} for host in named], "page": page}
