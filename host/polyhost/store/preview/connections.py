"""Connections and runs of a preview: those of the store it is beside. Nothing is made, changed, held or ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from polyhost.boot_clock import Moment
from polyhost.store import refusals
from polyhost.store.base import BatchRow, ConnectionRow, ConnectionStore, LeaseHolder, RunRow, RunStore
from polyhost.store.memos import Memo

__all__ = ["PreviewConnections", "PreviewRuns"]

T = TypeVar("T")


class PreviewConnections(ConnectionStore):
    """See `ConnectionStore`."""

    def __init__(self, inner: ConnectionStore) -> None:
        self._inner = inner

    async def create(
        self, *, name: str, source: str, nature: str, options: Mapping[str, Any], account: Mapping[str, Any], at: str
    ) -> ConnectionRow:
        raise refusals.read_only()

    async def get(self, name: str) -> ConnectionRow | None:
        return await self._inner.get(name)

    async def all(self) -> Sequence[ConnectionRow]:
        return await self._inner.all()

    async def update(
        self,
        connection_id: int,
        *,
        options: Mapping[str, Any] | None = None,
        account: Mapping[str, Any] | None = None,
        nature: str | None = None,
        name: str | None = None,
    ) -> None:
        pass

    async def delete(self, connection_id: int) -> None:
        pass

    async def memo(self, connection_id: int, memo: Memo[T]) -> T:
        return await self._inner.memo(connection_id, memo)

    async def save_memo(self, connection_id: int, memo: Memo[T], value: T) -> None:
        pass


class PreviewRuns(RunStore):
    """See `RunStore`."""

    def __init__(self, inner: RunStore) -> None:
        self._inner = inner

    async def open(self, run: RunRow, batch: BatchRow) -> None:
        pass

    async def close(self, run: RunRow, batch: BatchRow) -> None:
        pass

    async def next_number(self) -> int:
        raise refusals.read_only()

    async def abandon(self, connection_id: int, *, at: str) -> Sequence[str]:
        return ()

    async def get(self, run_id: str) -> RunRow | None:
        return await self._inner.get(run_id)

    async def newest(self, connection_id: int, *, limit: int = 50) -> Sequence[RunRow]:
        return await self._inner.newest(connection_id, limit=limit)

    async def batch(self, batch_id: str) -> BatchRow | None:
        return await self._inner.batch(batch_id)

    async def newest_batches(self, connection_id: int, *, limit: int = 50) -> Sequence[BatchRow]:
        return await self._inner.newest_batches(connection_id, limit=limit)

    async def acquire_lease(self, connection_id: int, holder: LeaseHolder, *, now: Moment) -> LeaseHolder | None:
        return None

    async def lease_holder(self, connection_id: int, *, now: Moment) -> LeaseHolder | None:
        return await self._inner.lease_holder(connection_id, now=now)

    async def renew_lease(self, connection_id: int, token: str, *, expires: Moment) -> bool:
        return True

    async def release_lease(self, connection_id: int, token: str) -> None:
        pass
