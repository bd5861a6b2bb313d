"""An importer as a connector: the messages it makes of a file go the way of any other run.

Owns: loading an importer from its polyfill's folder, running it in a thread with a batch at a time in memory, answering
its questions from the store. Must not know: what is in a file, what becomes of its records.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import chain, islice
from types import ModuleType
from typing import Any

from polyhost.artifacts.base import Artifact, ImportContext, Importer
from polyhost.connectors.base import (
    Batch,
    Connector,
    ConnectorExited,
    ConnectorSession,
    HostCalls,
    Traffic,
)
from polyhost.connectors.loading import LoadedSource
from polyhost.engine.imports._files_told import FilesTold
from polyhost.errors import ErrorCode, PolyhostError, RefusedError, RunFailedError
from polyhost.protocol.bindings import PARTITIONS
from polyhost.store.base import RecordQuery, Store

__all__ = ["BATCH_MESSAGES", "ImporterConnector", "StoreContext", "load_importer", "take_messages"]

BATCH_MESSAGES = 500
"""Messages parsed at a time: long enough that switching threads costs nothing, short enough that a cancel is quick."""
_DONE = "DONE"


def load_importer(source: LoadedSource) -> Importer:
    """The source's importer. RefusedError where it has none, or it cannot be loaded."""
    declared = source.manifest.importer
    if declared is None:
        raise RefusedError(
            f"{source.name} cannot read files", "Run it instead: polyhost run NAME", code=ErrorCode.NO_IMPORTER
        )
    module = _module(source, declared.module)
    importer = getattr(module, "IMPORTER", None)
    if importer is None:
        raise RefusedError(
            f"{source.name}: {declared.module} offers no IMPORTER", "Define one there.", code=ErrorCode.IMPORTER_BROKEN
        )
    return importer


def _module(source: LoadedSource, file: str) -> ModuleType:
    """Loaded once, as a package of its own, so that it may be more than one file."""
    name = f"polyhost_importer_{source.name.replace('-', '_')}_{abs(hash(str(source.folder))):x}"
    if name in sys.modules:
        return sys.modules[name]
    path = source.folder / file
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=[str(path.parent)])
    if spec is None or spec.loader is None:
        raise RefusedError(f"{source.name}: {file} is no Python module", "Correct it.", code=ErrorCode.IMPORTER_BROKEN)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        reason = f"{source.name}: {file} cannot be loaded ({type(error).__name__})"
        raise RefusedError(reason, "Correct it.", code=ErrorCode.IMPORTER_BROKEN) from error
    return module


def take_messages(messages: Iterator[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """The next ones. The one place where an importer's own mistakes become the owner's error."""
    try:
        return list(islice(messages, count))
    except PolyhostError:
        raise
    except Exception as error:
        raise RunFailedError(
            f"the importer stumbled over this file ({type(error).__name__})",
            "What was stored before is kept. Please report the kind of export it was.",
            code=ErrorCode.IMPORTER_FAILED,
        ) from error


class StoreContext(ImportContext):
    """Answers an importer from the store, across threads."""

    def __init__(self, store: Store, connection_id: int, imported_at: str) -> None:
        self._store = store
        self._connection_id = connection_id
        self._loop = asyncio.get_running_loop()
        self.imported_at = imported_at

    def partitions(self, stream: str) -> Mapping[str, str | None]:
        states = self._ask(self._store.ledger.partitions(self._connection_id, stream))
        return {state.key: state.label for state in states}

    def known(self, stream: str, keys: Sequence[str]) -> frozenset[str]:
        return frozenset(self._ask(self._store.records.digests(self._connection_id, stream, keys)))

    def first(self, stream: str) -> Mapping[str, Any] | None:
        page = self._ask(self._store.records.page(self._connection_id, stream, RecordQuery(limit=1)))
        return page.records[0].data if page.records else None

    def _ask(self, question: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(question, self._loop).result()


class ImporterConnector(Connector):
    """Opens as often as it is asked to; each time the file is read from its beginning."""

    def __init__(
        self, importer: Importer, artifact: Artifact, context: ImportContext, told: FilesTold, *, skip: bool = False
    ) -> None:
        """`skip`: say nothing and be done, because every record of the file is known. `told`: takes down what is said
        of files."""
        self._importer = importer
        self._artifact = artifact
        self._context = context
        self._told = told
        self._skip = skip

    @property
    def bindings(self) -> Mapping[str, Any]:
        return {PARTITIONS: {}, "filesystem": {}, "network": {}}

    def messages(self) -> Iterator[dict[str, Any]]:
        """All that the file says. To be read in a thread."""
        return self._told.passing(self._importer.parse(self._artifact, self._context))

    def open(self, calls: HostCalls) -> AbstractAsyncContextManager[ConnectorSession]:
        del calls
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[ConnectorSession]:
        session = _Session(iter(()) if self._skip else self.messages())
        try:
            await session.begin()
            yield session
        finally:
            await session.terminate()


class _Session(ConnectorSession):
    """One reading of the file. The next batch is parsed while the one before it is written, and no further ahead."""

    def __init__(self, messages: Iterator[dict[str, Any]]) -> None:
        self.traffic = Traffic()
        self._messages = messages
        self._started = asyncio.Event()
        self._ended = asyncio.Event()
        self._exited = ConnectorExited(status=0)
        self._records = 0

    async def begin(self) -> None:
        """Read the first message, so that a file that is refused is refused before anything is written."""
        self._messages = chain(await asyncio.to_thread(self._take, 1), self._messages)

    async def send(self, message: Mapping[str, Any]) -> None:
        del message
        self._started.set()

    async def events(self) -> AsyncIterator[Batch | ConnectorExited]:  # pyright: ignore[reportIncompatibleMethodOverride]
        await self._started.wait()
        number = 0
        done = False
        while not done and not self._ended.is_set():
            messages = await asyncio.to_thread(self._next)
            number += 1
            if len(messages) < BATCH_MESSAGES:
                done = True
                messages.append({"type": _DONE, "status": "succeeded", "records_emitted": self._records})
            yield Batch(number, messages, len(messages))
        await self._ended.wait()
        yield self._exited

    def _next(self) -> list[dict[str, Any]]:
        """The next messages; in a thread."""
        messages = self._take(BATCH_MESSAGES)
        self._records += sum(message["type"] == "RECORD" for message in messages)
        return messages

    def _take(self, count: int) -> list[dict[str, Any]]:
        return take_messages(self._messages, count)

    async def acknowledge(self, batch: Batch) -> None:
        del batch

    async def finish(self) -> ConnectorExited:
        self._ended.set()
        return self._exited

    async def terminate(self) -> None:
        if not self._ended.is_set():
            self._exited = ConnectorExited(detail="ended by the host")
        self._ended.set()
