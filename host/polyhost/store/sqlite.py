"""The store in one SQLite file: which thread does what. Everything else is in the private modules beside it.

One thread writes, so that writes are serial here and wait for nobody but other processes; two more read, each call on a
connection of its own, and a read never waits for a write (WAL). The event loop only ever waits for a future.
A call that is cancelled while its thread is at work ends there all the same: wholly done or not begun.

Must not know: what is stored and why; SQL.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from queue import LifoQueue
from typing import Any, Concatenate, ParamSpec, TypeVar

from polyhost.errors import RunFailedError
from polyhost.ledger.state import PartitionState
from polyhost.searching.search_rules import SearchRules
from polyhost.store import (
    _connections,
    _failures,
    _leases,
    _ledger,
    _opening,
    _reading,
    _runs,
    _search,
    _search_index,
    _writing,
)
from polyhost.store._pages import Wanted
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

__all__ = ["SqliteStore", "open_store"]

_READERS = 2
"""Threads that read: a dashboard asks for several things at once, but there are often only two cores."""

P = ParamSpec("P")
T = TypeVar("T")


async def open_store(home: Path) -> Store:
    """The store of this home, made or upgraded where needed.

    RefusedError where that cannot be: home_unwritable, home_unsuitable, disk_full, store_locked, store_corrupt,
    store_foreign, store_too_new.
    """
    return await SqliteStore.open(home)


class SqliteStore(Store):
    """See `Store`. Made by `open_store`."""

    def __init__(self, path: Path, *, busy_seconds: float) -> None:
        """For `open`: the file is there already and is of today's schema."""
        self._path = path
        self._busy_seconds = busy_seconds
        self._write_thread = ThreadPoolExecutor(1, "polyhost-store-write")
        self._read_threads = ThreadPoolExecutor(_READERS, "polyhost-store-read")
        self._writer = _opening.connect(path, writer=True, busy_seconds=busy_seconds)
        self._idle_readers: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._closed = False

    @classmethod
    async def open(cls, home: Path, *, busy_seconds: float = _opening.BUSY_SECONDS) -> SqliteStore:
        return await asyncio.to_thread(cls._open, home / _opening.STORE_FILE, busy_seconds)

    @classmethod
    def _open(cls, path: Path, busy_seconds: float) -> SqliteStore:
        with _failures.opening(path):
            _opening.prepare(path, busy_seconds=busy_seconds)
            return cls(path, busy_seconds=busy_seconds)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._read_threads.shutdown()
        self._write_thread.shutdown()
        while not self._idle_readers.empty():
            self._idle_readers.get().close()
        with _failures.using(self._path):
            self._writer.close()  # last: it folds the log into the file

    async def _write(
        self, action: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def work() -> T:
            with _failures.using(self._path), _opening.transaction(self._writer, write=True):
                return action(self._writer, *args, **kwargs)

        return await self._in(self._write_thread, work)

    async def _read(
        self, action: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def work() -> T:
            with _failures.using(self._path), self._reader() as reader, _opening.transaction(reader, write=False):
                return action(reader, *args, **kwargs)

        return await self._in(self._read_threads, work)

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        if self._closed:
            raise RunFailedError("The store is closed", "Open it again.", code="store_closed")
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    @contextmanager
    def _reader(self) -> Generator[sqlite3.Connection]:
        """A reading connection nobody else uses meanwhile; there are as many as were ever needed at once."""
        if self._idle_readers.empty():
            reader = _opening.connect(self._path, writer=False, busy_seconds=self._busy_seconds)
        else:
            reader = self._idle_readers.get()
        try:
            yield reader
        finally:
            self._idle_readers.put(reader)

    # connections
    async def create_connection(
        self, *, name: str, source: str, nature: str, options: Mapping[str, Any], account: Mapping[str, Any], at: str
    ) -> ConnectionRow:
        return await self._write(
            _connections.create, name=name, source=source, nature=nature, options=options, account=account, at=at
        )

    async def connection(self, name: str) -> ConnectionRow | None:
        return await self._read(_connections.named, name)

    async def connections(self) -> Sequence[ConnectionRow]:
        return await self._read(_connections.every)

    async def update_connection(
        self,
        connection_id: int,
        *,
        options: Mapping[str, Any] | None = None,
        account: Mapping[str, Any] | None = None,
        nature: str | None = None,
        name: str | None = None,
    ) -> None:
        await self._write(
            _connections.update, connection_id, options=options, account=account, nature=nature, name=name
        )

    async def delete_connection(self, connection_id: int) -> None:
        await self._write(_delete_connection, connection_id)

    async def forget_deleted(self) -> None:
        def work() -> None:
            with _failures.using(self._path):
                _opening.rebuild(self._writer)

        await self._in(self._write_thread, work)

    # the lease
    async def acquire_lease(self, connection_id: int, holder: LeaseHolder, *, now: float) -> LeaseHolder | None:
        return await self._write(_leases.acquire, connection_id, holder, now=now)

    async def renew_lease(self, connection_id: int, token: str, *, expires_at: float) -> bool:
        return await self._write(_leases.renew, connection_id, token, expires_at=expires_at)

    async def release_lease(self, connection_id: int, token: str) -> None:
        await self._write(_leases.release, connection_id, token)

    # batches and runs
    async def open_run(self, run: RunRow, batch: BatchRow) -> None:
        await self._write(_runs.open_run, run, batch)

    async def close_run(self, run: RunRow, batch: BatchRow) -> None:
        await self._write(_runs.close_run, run, batch)

    async def run(self, run_id: str) -> RunRow | None:
        return await self._read(_runs.run, run_id)

    async def runs(self, connection_id: int, *, limit: int = 50) -> Sequence[RunRow]:
        return await self._read(_runs.runs, connection_id, limit=limit)

    async def abandon_runs(self, connection_id: int, *, at: str) -> Sequence[str]:
        return await self._write(_runs.abandon_runs, connection_id, at=at)

    async def batch(self, batch_id: str) -> BatchRow | None:
        return await self._read(_runs.batch, batch_id)

    async def batches(self, connection_id: int, *, limit: int = 50) -> Sequence[BatchRow]:
        return await self._read(_runs.batches, connection_id, limit=limit)

    # the write path
    async def write(
        self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
    ) -> Mapping[str, WriteCounts]:
        return await self._write(_writing.write, connection_id, batch_id, ops)

    # the ledger and checkpoints
    async def partitions(self, connection_id: int, stream: str | None = None) -> Sequence[PartitionState]:
        return await self._read(_ledger.partitions, connection_id, stream)

    async def checkpoints(self, connection_id: int) -> Mapping[str, Any]:
        return await self._read(_ledger.checkpoints, connection_id)

    # reading
    async def stored_data(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        return await self._read(_reading.stored_data, connection_id, stream, keys)

    async def digests(
        self, connection_id: int, stream: str, keys: Sequence[str]
    ) -> Mapping[str, tuple[bytes | None, bool]]:
        return await self._read(_reading.digests, connection_id, stream, keys)

    async def stored(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        return await self._read(_reading.stored, connection_id, stream, keys)

    async def groups(
        self, connection_id: int, stream: str, partition: str, positions: Sequence[str]
    ) -> Mapping[str, tuple[int, str | None]]:
        return await self._read(_reading.groups, connection_id, stream, partition, positions)

    async def lookback(
        self, connection_id: int, stream: str, partition: str, *, heads: int, before: str | None = None
    ) -> tuple[str | None, int]:
        return await self._read(_reading.lookback, connection_id, stream, partition, heads=heads, before=before)

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
        wanted = Wanted(
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
        return await self._read(_reading.records, connection_id, stream, wanted)

    async def count_partitions(
        self, connection_id: int, stream: str, partitions: Sequence[str]
    ) -> Mapping[str, tuple[int, int]]:
        return await self._read(_reading.count_partitions, connection_id, stream, partitions)

    async def labels(self, connection_id: int, stream: str, partitions: Sequence[str]) -> Mapping[str, str]:
        return await self._read(_ledger.labels, connection_id, stream, partitions)

    async def partition_keys(self, connection_id: int, stream: str) -> Sequence[str | None]:
        return await self._read(_reading.partition_keys, connection_id, stream)

    async def last_change(self, connection_id: int) -> int:
        return await self._read(_reading.last_change, connection_id)

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Store]:
        def begin() -> sqlite3.Connection:
            with _failures.using(self._path):
                reader = _opening.connect(self._path, writer=False, busy_seconds=self._busy_seconds)
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM counters").fetchone()  # from here on it sees one state
                return reader

        snapshot = _Snapshot(self._path, await self._in(self._read_threads, begin))
        try:
            yield snapshot
        finally:
            await snapshot.close()

    async def count_records(self, connection_id: int) -> Mapping[str, tuple[int, int]]:
        return await self._read(_reading.count_records, connection_id)

    async def versions(self, connection_id: int, stream: str, key: str) -> Sequence[StoredRecord]:
        return await self._read(_reading.versions, connection_id, stream, key)

    async def changes(self, connection_id: int, *, after: int, limit: int) -> Sequence[StoredRecord]:
        return await self._read(_reading.changes, connection_id, after=after, limit=limit)

    # searching
    async def index(self, connection_id: int, rules: SearchRules, *, limit: int) -> bool:
        return await self._write(_search_index.index, connection_id, rules, limit=limit)

    async def search_index(self, connection_id: int) -> SearchIndex | None:
        return await self._read(_search_index.known, connection_id)

    async def search(self, wanted: SearchWanted) -> SearchPage:
        return await self._read(_search.search, wanted)

    # governor memory and the like
    async def get_memo(self, connection_id: int, name: str) -> Any:
        return await self._read(_connections.get_memo, connection_id, name)

    async def set_memo(self, connection_id: int, name: str, value: Any) -> None:
        await self._write(_connections.set_memo, connection_id, name, value)


class _Snapshot(SqliteStore):
    """One connection in one read transaction. Everything that would write is refused."""

    def __init__(self, path: Path, reader: sqlite3.Connection) -> None:
        self._path = path
        self._reading = reader
        self._read_threads = ThreadPoolExecutor(1, "polyhost-store-snapshot")
        self._closed = False

    def _close(self) -> None:
        self._read_threads.shutdown()
        self._reading.close()

    async def _write(
        self, action: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        raise _only_read()

    async def forget_deleted(self) -> None:
        raise _only_read()

    async def _read(
        self, action: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def work() -> T:
            with _failures.using(self._path):
                return action(self._reading, *args, **kwargs)

        return await self._in(self._read_threads, work)


def _only_read() -> RunFailedError:
    return RunFailedError("A snapshot is for reading only", "Write to the store itself.", code="store_snapshot")


def _delete_connection(db: sqlite3.Connection, connection_id: int) -> None:
    with _opening.overwriting(db):
        _search_index.drop(db, connection_id)
        _connections.delete(db, connection_id)
