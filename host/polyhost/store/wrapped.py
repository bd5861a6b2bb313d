"""A store around another one: what stores that change one thing are made from.

Whoever changes one of the six protocols puts another object in its place; everything else stays the inner store's.
Must not know: what is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from polyhost.store.base import Store, WriteCounts, WriteOp

__all__ = ["WrappedStore"]


class WrappedStore(Store):
    """See `Store`; `inner` does the work."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.connections = inner.connections
        self.runs = inner.runs
        self.records = inner.records
        self.ledger = inner.ledger
        self.search = inner.search
        self.files = inner.files

    async def write(
        self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
    ) -> Mapping[str, WriteCounts]:
        return await self.inner.write(connection_id, batch_id, ops)

    def snapshot(self) -> AbstractAsyncContextManager[Store]:
        return self.inner.snapshot()

    async def forget_deleted(self) -> None:
        await self.inner.forget_deleted()

    async def close(self) -> None:
        await self.inner.close()
