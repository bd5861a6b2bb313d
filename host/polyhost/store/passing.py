"""A store that hands everything on to another: what stores that change one thing are made from.

Must not know: what is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from polyhost.ledger.state import PartitionState
from polyhost.searching.search_rules import SearchRules
from polyhost.store.base import (
    BatchRow,
    ConnectionRow,
    LeaseHolder,
    RecordPage,
    RunRow,
    SearchIndex,
    SearchPage,
    SearchWanted,
    Store,
    StoredRecord,
    WriteCounts,
    WriteOp,
)

__all__ = ["PassingStore"]


class PassingStore(Store):
    """See `Store`; `below` does the work."""

    def __init__(self, below: Store) -> None:
        self.below = below

    async def close(self) -> None:
        await self.below.close()

    async def create_connection(
        self, *, name: str, source: str, nature: str, options: Mapping[str, Any], account: Mapping[str, Any], at: str
    ) -> ConnectionRow:
        return await self.below.create_connection(
            name=name, source=source, nature=nature, options=options, account=account, at=at
        )

    async def connection(self, name: str) -> ConnectionRow | None:
        return await self.below.connection(name)

    async def connections(self) -> Sequence[ConnectionRow]:
        return await self.below.connections()

    async def update_connection(
        self,
        connection_id: int,
        *,
        options: Mapping[str, Any] | None = None,
        account: Mapping[str, Any] | None = None,
        nature: str | None = None,
        name: str | None = None,
    ) -> None:
        await self.below.update_connection(connection_id, options=options, account=account, nature=nature, name=name)

    async def delete_connection(self, connection_id: int) -> None:
        await self.below.delete_connection(connection_id)

    async def forget_deleted(self) -> None:
        await self.below.forget_deleted()

    async def acquire_lease(self, connection_id: int, holder: LeaseHolder, *, now: float) -> LeaseHolder | None:
        return await self.below.acquire_lease(connection_id, holder, now=now)

    async def renew_lease(self, connection_id: int, token: str, *, expires_at: float) -> bool:
        return await self.below.renew_lease(connection_id, token, expires_at=expires_at)

    async def release_lease(self, connection_id: int, token: str) -> None:
        await self.below.release_lease(connection_id, token)

    async def open_run(self, run: RunRow, batch: BatchRow) -> None:
        await self.below.open_run(run, batch)

    async def close_run(self, run: RunRow, batch: BatchRow) -> None:
        await self.below.close_run(run, batch)

    async def run(self, run_id: str) -> RunRow | None:
        return await self.below.run(run_id)

    async def runs(self, connection_id: int, *, limit: int = 50) -> Sequence[RunRow]:
        return await self.below.runs(connection_id, limit=limit)

    async def abandon_runs(self, connection_id: int, *, at: str) -> Sequence[str]:
        return await self.below.abandon_runs(connection_id, at=at)

    async def batch(self, batch_id: str) -> BatchRow | None:
        return await self.below.batch(batch_id)

    async def batches(self, connection_id: int, *, limit: int = 50) -> Sequence[BatchRow]:
        return await self.below.batches(connection_id, limit=limit)

    async def write(
        self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
    ) -> Mapping[str, WriteCounts]:
        return await self.below.write(connection_id, batch_id, ops)

    async def partitions(self, connection_id: int, stream: str | None = None) -> Sequence[PartitionState]:
        return await self.below.partitions(connection_id, stream)

    async def checkpoints(self, connection_id: int) -> Mapping[str, Any]:
        return await self.below.checkpoints(connection_id)

    async def stored_data(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        return await self.below.stored_data(connection_id, stream, keys)

    async def digests(
        self, connection_id: int, stream: str, keys: Sequence[str]
    ) -> Mapping[str, tuple[bytes | None, bool]]:
        return await self.below.digests(connection_id, stream, keys)

    async def stored(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        return await self.below.stored(connection_id, stream, keys)

    async def groups(
        self, connection_id: int, stream: str, partition: str, positions: Sequence[str]
    ) -> Mapping[str, tuple[int, str | None]]:
        return await self.below.groups(connection_id, stream, partition, positions)

    async def lookback(
        self, connection_id: int, stream: str, partition: str, *, heads: int, before: str | None = None
    ) -> tuple[str | None, int]:
        return await self.below.lookback(connection_id, stream, partition, heads=heads, before=before)

    async def records(
        self,
        connection_id: int,
        stream: str,
        *,
        partition: str | None = None,
        position: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int = 100,
        after: str | None = None,
        newest: bool = False,
        heads: bool = False,
        deleted: bool = False,
    ) -> RecordPage:
        return await self.below.records(
            connection_id,
            stream,
            partition=partition,
            position=position,
            since=since,
            until=until,
            limit=limit,
            after=after,
            newest=newest,
            heads=heads,
            deleted=deleted,
        )

    async def count_partitions(
        self, connection_id: int, stream: str, partitions: Sequence[str]
    ) -> Mapping[str, tuple[int, int]]:
        return await self.below.count_partitions(connection_id, stream, partitions)

    async def labels(self, connection_id: int, stream: str, partitions: Sequence[str]) -> Mapping[str, str]:
        return await self.below.labels(connection_id, stream, partitions)

    async def partition_keys(self, connection_id: int, stream: str) -> Sequence[str | None]:
        return await self.below.partition_keys(connection_id, stream)

    async def last_change(self, connection_id: int) -> int:
        return await self.below.last_change(connection_id)

    def snapshot(self) -> AbstractAsyncContextManager[Store]:
        return self.below.snapshot()

    async def count_records(self, connection_id: int) -> Mapping[str, tuple[int, int]]:
        return await self.below.count_records(connection_id)

    async def versions(self, connection_id: int, stream: str, key: str) -> Sequence[StoredRecord]:
        return await self.below.versions(connection_id, stream, key)

    async def changes(self, connection_id: int, *, after: int, limit: int) -> Sequence[StoredRecord]:
        return await self.below.changes(connection_id, after=after, limit=limit)

    async def index(self, connection_id: int, rules: SearchRules, *, limit: int) -> bool:
        return await self.below.index(connection_id, rules, limit=limit)

    async def search_index(self, connection_id: int) -> SearchIndex | None:
        return await self.below.search_index(connection_id)

    async def search(self, wanted: SearchWanted) -> SearchPage:
        return await self.below.search(wanted)

    async def get_memo(self, connection_id: int, name: str) -> Any:
        return await self.below.get_memo(connection_id, name)

    async def set_memo(self, connection_id: int, name: str, value: Any) -> None:
        await self.below.set_memo(connection_id, name, value)
