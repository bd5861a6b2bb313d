"""Ledger entries and checkpoints, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from polyhost.ledger.exceptions import StandingException
from polyhost.ledger.state import PartitionState
from polyhost.store.base import LedgerStore
from polyhost.store.memory.state import Part

__all__ = ["MemoryLedger"]


class MemoryLedger(Part, LedgerStore):
    """See `LedgerStore`."""

    async def partitions(self, connection_id: int, stream: str | None = None) -> Sequence[PartitionState]:
        kept = self.state.kept.get(connection_id)
        states = sorted(kept.partitions.items(), key=lambda item: item[0]) if kept else []
        return [state for _, state in states if stream is None or state.stream == stream]

    async def labels(self, connection_id: int, stream: str, partitions: Sequence[str]) -> Mapping[str, str]:
        states = await self.partitions(connection_id, stream)
        return {state.key: state.label for state in states if state.key in partitions and state.label is not None}

    async def exceptions(self, connection_id: int, stream: str | None = None) -> Sequence[StandingException]:
        kept = self.state.kept.get(connection_id)
        found = kept.exceptions.values() if kept else ()
        by_id = sorted(found, key=lambda one: (one.stream, one.kind, one.partition or "", one.key))
        return [one for one in by_id if stream is None or one.stream == stream]

    async def checkpoints(self, connection_id: int) -> Mapping[str, Any]:
        kept = self.state.kept.get(connection_id)
        return deepcopy(kept.checkpoints) if kept else {}
