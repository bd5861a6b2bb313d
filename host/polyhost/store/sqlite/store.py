"""The store in one SQLite file: the six protocols over its threads.

Must not know: what is stored and why; SQL.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from polyhost.store import refusals
from polyhost.store.base import Store, WriteCounts, WriteOp
from polyhost.store.sqlite import failures, opening, writing
from polyhost.store.sqlite.connections import SqliteConnections
from polyhost.store.sqlite.files import SqliteFiles
from polyhost.store.sqlite.ledger import SqliteLedger
from polyhost.store.sqlite.records import SqliteRecords
from polyhost.store.sqlite.runs import SqliteRuns
from polyhost.store.sqlite.search import SqliteSearch
from polyhost.store.sqlite.threads import Access, FileThreads

__all__ = ["SqliteStore"]


class _Parts(Store):
    """The six, wherever their work is done."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.connections = SqliteConnections(access)
        self.runs = SqliteRuns(access)
        self.records = SqliteRecords(access)
        self.ledger = SqliteLedger(access)
        self.search = SqliteSearch(access)
        self.files = SqliteFiles(access)

    async def write(
        self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
    ) -> Mapping[str, WriteCounts]:
        return await self.access.write(lambda db: writing.write(db, connection_id, batch_id, ops))


class SqliteStore(_Parts):
    """See `Store`. Made by `open`."""

    def __init__(self, threads: FileThreads) -> None:
        super().__init__(threads)
        self.threads = threads

    @classmethod
    async def open(cls, home: Path, *, busy_seconds: float = opening.BUSY_SECONDS) -> SqliteStore:
        """The store of this home, made or upgraded where needed. RefusedError where that cannot be."""
        return cls(await asyncio.to_thread(_threads, home / opening.STORE_FILE, busy_seconds))

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Store]:
        thread = await self.threads.snapshot()
        try:
            yield _Snapshot(thread)
        finally:
            await thread.close()

    async def forget_deleted(self) -> None:
        await self.threads.write_alone(opening.rebuild)

    async def close(self) -> None:
        await self.threads.close()


class _Snapshot(_Parts):
    """One state of the store, which stays while it is read. Its maker closes it."""

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Store]:
        yield self

    async def forget_deleted(self) -> None:
        raise refusals.read_only()

    async def close(self) -> None:
        pass


def _threads(path: Path, busy_seconds: float) -> FileThreads:
    with failures.opening(path):
        opening.prepare(path, busy_seconds=busy_seconds)
        return FileThreads(path, busy_seconds=busy_seconds)
