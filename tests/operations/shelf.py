"""A home with records in it, put there without a browser: what reading, searching and exporting are tried on.

Records are placed by the manifest's own rules, as a run places them. Must not know: what is asked of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from polyhost.engine.sources.lookup import find_source
from polyhost.ledger.digest import encode
from polyhost.ledger.partition_rule import partition_rule
from polyhost.ledger.position import Located, locate
from polyhost.ledger.state import PartitionState
from polyhost.operations.context import Context
from polyhost.protocol.keys import key_of
from polyhost.store.base import BatchRow, ConnectionRow, RecordWrite, RunRow, SavePartitions, Store, WriteRecords

__all__ = ["AT", "Shelf", "message"]

AT = "2026-11-22T03:15:58.000Z"
BEGINNING = 1_790_000_000
"""2026-09-21T14:13:20Z, in the seconds since 1970 that messages are numbered by."""


def ts(number: int) -> str:
    return f"{BEGINNING + number}.000100"


def message(number: int, text: str, *, channel: str = "C1", thread: int | None = None, **more: Any) -> dict[str, Any]:
    """A Slack message as the polyfill emits it; `number` is its second, `thread` its head's."""
    return {
        "channel_id": channel,
        "ts": ts(number),
        "thread_ts": None if thread is None else ts(thread),
        "user_id": "U1",
        "text": text,
        **more,
    }


@dataclass
class Shelf:
    """One home, one store, connections by name."""

    home: Path
    batches: dict[str, str] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        return Context(home=self.home)

    async def connect(self, name: str = "slack", source: str = "slack") -> None:
        async with self.context.store() as store:
            row = await store.connections.create(name=name, source=source, nature="live", options={}, account={}, at=AT)
            await self._open_batch(store, row)

    async def put(self, records: Mapping[str, Sequence[dict[str, Any]]], *, name: str = "slack") -> None:
        """Upsert records by stream."""
        await self._write(name, [("upsert", stream, data) for stream, rows in records.items() for data in rows])

    async def delete(self, stream: str, *records: dict[str, Any], name: str = "slack") -> None:
        await self._write(name, [("delete", stream, data) for data in records])

    async def label(self, stream: str = "messages", *, name: str = "slack", **labels: str) -> None:
        async with self.context.store() as store:
            row = await self.context.connection(store, name)
            states = [PartitionState(stream=stream, key=key, label=label) for key, label in labels.items()]
            await store.write(row.id, None, [SavePartitions(states)])

    async def end_run(self, name: str = "slack") -> None:
        """The run that everything here is put in with."""
        async with self.context.store() as store:
            row = await self.context.connection(store, name)
            (run,) = await store.runs.newest(row.id)
            batch = await store.runs.batch(run.batch_id)
            assert batch is not None
            await store.runs.close(replace(run, status="complete", finished_at=AT), replace(batch, finished_at=AT))

    async def _write(self, name: str, changes: Sequence[tuple[Any, str, dict[str, Any]]]) -> None:
        async with self.context.store() as store:
            row = await self.context.connection(store, name)
            writes = [self._record(row, *change) for change in changes]
            await store.write(row.id, self.batches[name], [WriteRecords(writes)])

    def _record(self, row: ConnectionRow, op: Any, stream: str, data: dict[str, Any]) -> RecordWrite:
        declared = find_source(row.source, self.home).manifest.by_name[stream]
        key = key_of(data, declared.primary_key)
        assert key is not None
        encoded = encode(data)
        if op == "delete":
            return RecordWrite(stream, key, "delete", None, None, AT)
        if declared.partition is None:
            return RecordWrite(stream, key, "upsert", encoded.data, encoded.digest, AT)
        place = locate(data, partition_rule(stream, declared.partition))
        assert isinstance(place, Located)
        return RecordWrite(
            stream,
            key,
            "upsert",
            encoded.data,
            encoded.digest,
            AT,
            place.partition,
            place.key,
            place.cursor,
            place.is_head,
        )

    async def _open_batch(self, store: Store, row: ConnectionRow) -> None:
        batch_id = self.batches[row.name] = f"bat_{row.id}"
        batch = BatchRow(id=batch_id, connection_id=row.id, method="browser_polyfill", trigger="owner", started_at=AT)
        run = RunRow(
            id=f"run_{row.id}",
            connection_id=row.id,
            batch_id=batch_id,
            mode="incremental",
            status="running",
            started_at=AT,
        )
        await store.runs.open(run, batch)
