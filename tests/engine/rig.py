"""The engine with everything around it held still: a scripted connector, a clock that stands, a store that is watched.

    rig = await Rig(store).connected(manifest(MESSAGES))
    result = await rig.run(says(message("m1", "C1", "1.0"), coverage("messages", "C1", None, "1.0")))

Must not know: what any test is about.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import copy
from typing import Any

from playbooks import AT, done
from polyhost.boot_clock import Moment
from polyhost.bounds import DEFAULT_BOUNDS, RunBounds
from polyhost.connectors.base import Batch, Connector, ConnectorSession, HostCalls
from polyhost.connectors.scripted import Said, Script, ScriptedConnector, ScriptHost
from polyhost.engine.clock import Clock
from polyhost.engine.events import Answer, OwnerAsked, RunEvent
from polyhost.engine.files.blobs import BlobStep
from polyhost.engine.run.collect import Collection, RunContext, collect
from polyhost.engine.run.pause import Pause
from polyhost.errors import RunFailedError
from polyhost.ledger.state import PartitionState
from polyhost.protocol.manifest import Manifest
from polyhost.protocol.scope_request import resolve_request
from polyhost.store.base import ConnectionRow, RecordQuery, SaveCheckpoints, Store, WriteOp, WriteRecords
from polyhost.store.wrapped import WrappedStore

__all__ = ["Rig", "StillClock", "WatchedStore", "hang", "message", "says", "unanswered"]


class StillClock(Clock):
    """Stands until it is moved: time passes by `seconds`, the wall clock alone is set by `set_by`."""

    set_by: float = 0.0

    def __init__(self) -> None:
        self.seconds = 1_795_000_000.0

    def now(self) -> float:
        return self.seconds + self.set_by

    def up(self) -> float:
        """Far from the wall clock, as on any machine: the two must not be taken for each other."""
        return self.seconds - 1_794_900_000.0


class Log(list[tuple[str, Any]]):
    """What happened, in order, for whoever waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self._grew = asyncio.Event()

    def add(self, what: str, detail: Any) -> None:
        self.append((what, detail))
        self._grew.set()
        self._grew = asyncio.Event()

    async def has(self, what: str, detail: Any) -> None:
        while (what, detail) not in self:
            await self._grew.wait()


class WatchedStore(WrappedStore):
    """The store itself, with a log of what was written when, and failures on demand."""

    def __init__(self, inner: Store, log: Log) -> None:
        super().__init__(inner)
        self.log = log
        self.fails: Callable[[Sequence[WriteOp]], bool] = lambda _: False
        self.lease_is_ours = True
        self._renew = inner.runs.renew_lease
        self.runs = copy(inner.runs)
        self.runs.renew_lease = self._renew_lease  # type: ignore[method-assign]

    async def write(self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]) -> Any:
        if self.fails(ops):
            raise RunFailedError("The disk is full", "Make room.", code="disk_full")
        counts = await self.inner.write(connection_id, batch_id, ops)
        for op in ops:
            if isinstance(op, WriteRecords):
                for record in op.records:
                    self.log.add("stored", record.key)
            elif isinstance(op, SaveCheckpoints):
                self.log.add("cursors", dict(op.cursors))
            else:
                self.log.add(type(op).__name__, op)
        return counts

    async def _renew_lease(self, connection_id: int, token: str, *, expires: Moment) -> bool:
        return self.lease_is_ours and await self._renew(connection_id, token, expires=expires)


class _Logged(Connector):
    """A connector whose acknowledgements are logged."""

    def __init__(self, inner: ScriptedConnector, log: Log) -> None:
        self._inner = inner
        self._log = log

    @property
    def bindings(self) -> Mapping[str, Any]:
        return self._inner.bindings

    @asynccontextmanager
    async def open(self, calls: HostCalls) -> AsyncGenerator[ConnectorSession]:
        async with self._inner.open(calls) as session:
            acknowledge = session.acknowledge

            async def logged(batch: Batch) -> None:
                self._log.add("acknowledged", batch.number)
                await acknowledge(batch)

            session.acknowledge = logged  # type: ignore[method-assign]
            yield session


async def unanswered(asked: OwnerAsked) -> tuple[str, Any]:
    """An owner who is not there."""
    await asyncio.Event().wait()
    raise AssertionError(asked)


class Rig:
    """One connection and all its runs."""

    def __init__(self, store: Store) -> None:
        self.log = Log()
        self.store = WatchedStore(store, self.log)
        self.clock = StillClock()
        self.events: list[RunEvent] = []
        self.starts: list[Mapping[str, Any]] = []
        self.cancelled = asyncio.Event()
        self.pause = Pause()
        self.manifest: Manifest
        self.connection: ConnectionRow

    async def connected(self, of: Manifest) -> Rig:
        self.manifest = of
        self.connection = await self.store.connections.create(
            name="work", source="test", nature="live", options={}, account={}, at=AT
        )
        return self

    async def run(
        self,
        script: Script,
        request: Any = None,
        *,
        full: bool = False,
        recorded: bool = False,
        batch: int = 100,
        answer: Answer = unanswered,
        bindings: Mapping[str, Any] | None = None,
        made: type[ScriptedConnector] = ScriptedConnector,
        other: Connector | None = None,
        bounds: RunBounds = DEFAULT_BOUNDS,
        blobs: BlobStep | None = None,
    ) -> dict[str, Any]:
        """One run to its end, as `run --json` shows it. `other`: a connector to run instead of the script."""
        self.log.clear()
        self.cancelled.clear()
        self.pause = Pause()
        connector = made(script, batch=batch, bindings=bindings)
        what = Collection(
            connection=self.connection,
            manifest=self.manifest,
            scope=resolve_request(self.manifest, request if request is not None else {}),
            connector=_Logged(connector, self.log) if other is None else other,
            full=full,
            recorded=recorded,
            bounds=bounds,
            blobs=blobs,
        )
        around = RunContext(
            store=self.store,  # type: ignore[arg-type]  # it is one, by delegation
            clock=self.clock,
            watch=self.events.append,
            answer=answer,
            cancelled=self.cancelled,
            pause=self.pause,
        )
        self.starts = connector.starts  # type: ignore[assignment]
        try:
            async with asyncio.timeout(20):
                return await collect(what, around)
        finally:
            self.clock.seconds += 3600

    # what is left behind

    async def keys(self, stream: str, *, deleted: bool = False) -> list[str]:
        page = await self.store.records.page(self.connection.id, stream, RecordQuery(deleted=deleted))
        return [record.key for record in page.records]

    async def data(self, stream: str) -> dict[str, Any]:
        page = await self.store.records.page(self.connection.id, stream)
        return {record.key: record.data for record in page.records}

    async def cursors(self) -> Mapping[str, Any]:
        return await self.store.ledger.checkpoints(self.connection.id)

    async def partitions(self, stream: str = "messages") -> dict[str, PartitionState]:
        return {state.key: state for state in await self.store.ledger.partitions(self.connection.id, stream)}

    async def covered(self, partition: str) -> list[tuple[str | None, str]]:
        state = (await self.partitions()).get(partition)
        return [] if state is None else [(piece.since, piece.until) for piece in state.covered]

    def codes(self, result: Mapping[str, Any]) -> list[tuple[str, str | None]]:
        return [(found["code"], found.get("stream")) for found in result["diagnostics"]]


def says(*messages: Said) -> Script:
    """Says these and is done; with the count a polite connector gives, unless it ends with a DONE of its own."""

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        records = host.start.get("resume", {}).get("records_emitted", 0)
        last: Said = {}
        for last in messages:
            records += isinstance(last, dict) and last.get("type") == "RECORD"
            yield last
        if not (isinstance(last, dict) and last.get("type") == "DONE"):
            yield done(records)

    return script


def message(key: str, channel: str, ts: str, **over: Any) -> dict[str, Any]:
    """A RECORD of the partitioned stream."""
    data = {"id": key, "channel": channel, "ts": ts, **over}
    return {"type": "RECORD", "stream": "messages", "key": key, "data": data, "emitted_at": AT}


async def hang() -> None:
    """As a connector that never gets on."""
    await asyncio.Event().wait()
