"""Which thread does what with the file, and how a method of the store comes to run there.

One thread writes, so that writes are serial here and wait for nobody but other processes; two more read, each call on a
connection of its own, and a read never waits for a write (WAL). The event loop only ever waits for a future.
A call that is cancelled while its thread is at work ends there all the same: wholly done or not begun.

Must not know: what is stored and why; SQL.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from queue import LifoQueue
from types import CoroutineType
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from polyhost.store import refusals
from polyhost.store.sqlite import failures, opening

__all__ = ["Access", "FileThreads", "Part", "SnapshotThread", "reads", "writes"]

_READERS = 2
"""Threads that read: a dashboard asks for several things at once, but there are often only two cores."""

P = ParamSpec("P")
T = TypeVar("T")
Action = Callable[[sqlite3.Connection], T]


class Access(Protocol):
    """Has an action done on a connection, in a transaction of its own."""

    async def read(self, action: Action[T]) -> T: ...

    async def write(self, action: Action[T]) -> T: ...


class Part:
    """One of the store's protocols over one file."""

    def __init__(self, access: Access) -> None:
        self.access = access


Of = TypeVar("Of", bound=Part)
Method = Callable[Concatenate[Of, sqlite3.Connection, P], T]
AsyncMethod = Callable[Concatenate[Of, P], "CoroutineType[Any, Any, T]"]


def reads(method: Method[Of, P, T]) -> AsyncMethod[Of, P, T]:
    """The method, given a connection in a read transaction: it sees one state of the store."""

    @wraps(method)
    async def call(part: Of, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await part.access.read(lambda db: method(part, db, *args, **kwargs))

    return call


def writes(method: Method[Of, P, T]) -> AsyncMethod[Of, P, T]:
    """The method, given the writer in a transaction: all or nothing."""

    @wraps(method)
    async def call(part: Of, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await part.access.write(lambda db: method(part, db, *args, **kwargs))

    return call


class FileThreads(Access):
    """A store's threads and connections. Made where the file is there already and is of today's schema."""

    def __init__(self, path: Path, *, busy_seconds: float) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._write_thread = ThreadPoolExecutor(1, "polyhost-store-write")
        self._read_threads = ThreadPoolExecutor(_READERS, "polyhost-store-read")
        self._writer = opening.connect(path, writer=True, busy_seconds=busy_seconds)
        self._idle_readers: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._closed = False

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._read_threads.shutdown()
        self._write_thread.shutdown()
        while not self._idle_readers.empty():
            self._idle_readers.get().close()
        with failures.using(self.path):
            self._writer.close()  # last: it folds the log into the file

    async def write(self, action: Action[T]) -> T:
        def work(db: sqlite3.Connection) -> T:
            with opening.transaction(db, write=True):
                return action(db)

        return await self.write_alone(work)

    async def write_alone(self, action: Action[T]) -> T:
        """On the writer, without a transaction: what SQLite does itself, or pragmas around one."""

        def work() -> T:
            with failures.using(self.path):
                return action(self._writer)

        return await self._in(self._write_thread, work)

    async def read(self, action: Action[T]) -> T:
        def work() -> T:
            with failures.using(self.path), self._reader() as reader, opening.transaction(reader, write=False):
                return action(reader)

        return await self._in(self._read_threads, work)

    async def snapshot(self) -> SnapshotThread:
        def begin() -> sqlite3.Connection:
            with failures.using(self.path):
                reader = opening.connect(self.path, writer=False, busy_seconds=self._busy_seconds)
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM counters").fetchone()  # from here on it sees one state
                return reader

        return SnapshotThread(self.path, await self._in(self._read_threads, begin))

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        if self._closed:
            raise refusals.store_closed()
        return await asyncio.get_running_loop().run_in_executor(threads, work)

    @contextmanager
    def _reader(self) -> Generator[sqlite3.Connection]:
        """A reading connection nobody else uses meanwhile; there are as many as were ever needed at once."""
        if self._idle_readers.empty():
            reader = opening.connect(self.path, writer=False, busy_seconds=self._busy_seconds)
        else:
            reader = self._idle_readers.get()
        try:
            yield reader
        finally:
            self._idle_readers.put(reader)


class SnapshotThread(Access):
    """One connection in one read transaction, and its thread. Everything that would write is refused."""

    def __init__(self, path: Path, reader: sqlite3.Connection) -> None:
        self._path = path
        self._reader = reader
        self._thread = ThreadPoolExecutor(1, "polyhost-store-snapshot")
        self._closed = False

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._thread.shutdown()
        self._reader.close()

    async def read(self, action: Action[T]) -> T:
        if self._closed:
            raise refusals.store_closed()

        def work() -> T:
            with failures.using(self._path):
                return action(self._reader)

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def write(self, action: Action[T]) -> T:
        raise refusals.read_only()
