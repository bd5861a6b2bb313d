"""The store as plain dictionaries: the naive model the SQLite store is compared with, and a fast store for tests.

Owns: the promises of `Store` said a second time, as simply as they can be said. Nothing outlives the object; one event
loop uses it, so that every call is a transaction. Must not know: SQL, files, threads.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, cast

import orjson

from polyhost.errors import RunFailedError
from polyhost.ledger.state import PartitionState
from polyhost.protocol.diagnostics import RunStatus
from polyhost.searching.search_rules import SearchRules
from polyhost.store import _cursor, _process
from polyhost.store._connections import taken, unknown_connection
from polyhost.store._leases import is_free
from polyhost.store._model import DIFFERING, Entry, RecordModel
from polyhost.store._runs import batch_closed, unknown_batch
from polyhost.store._search_model import SearchModel, find
from polyhost.store.base import (
    AddRecords,
    BatchRow,
    ConnectionRow,
    LeaseHolder,
    RecordPage,
    RecordWrite,
    RunRow,
    SaveCheckpoints,
    SavePartitions,
    SearchIndex,
    SearchPage,
    SearchWanted,
    Store,
    StoredRecord,
    TombstoneAbsent,
    WriteCounts,
    WriteOp,
    WriteRecords,
)

__all__ = ["MemoryStore"]


@dataclass(slots=True)
class _Kept:
    """Everything of one connection."""

    row: ConnectionRow
    records: RecordModel
    lease: tuple[LeaseHolder, str | None] | None = None
    runs: dict[str, RunRow] = field(default_factory=dict[str, RunRow])
    batches: dict[str, BatchRow] = field(default_factory=dict[str, BatchRow])
    partitions: dict[tuple[str, str], PartitionState] = field(default_factory=dict[tuple[str, str], PartitionState])
    checkpoints: dict[str, Any] = field(default_factory=dict[str, Any])
    memos: dict[str, Any] = field(default_factory=dict[str, Any])
    search: SearchModel | None = None

    def copied(self) -> _Kept:
        """As it is now, whatever becomes of this one; for reading."""
        shallow = {
            name: dict(getattr(self, name)) for name in ("runs", "batches", "partitions", "checkpoints", "memos")
        }
        return replace(self, records=self.records.copied(), search=deepcopy(self.search), **shallow)


class MemoryStore(Store):
    """See `Store`."""

    def __init__(self) -> None:
        self._kept: dict[int, _Kept] = {}
        self._ids = count(1)
        self._sequence = count(1)
        self._closed = False

    async def close(self) -> None:
        self._closed = True

    # connections
    async def create_connection(
        self, *, name: str, source: str, nature: str, options: Mapping[str, Any], account: Mapping[str, Any], at: str
    ) -> ConnectionRow:
        if await self.connection(name) is not None:
            raise taken(name)
        row = ConnectionRow(
            id=next(self._ids),
            name=name,
            source=source,
            nature=cast("Any", nature),
            created_at=at,
            options=_json(options),
            account=_json(account),
        )
        self._kept[row.id] = _Kept(row, RecordModel(self._sequence.__next__))
        return row

    async def connection(self, name: str) -> ConnectionRow | None:
        return next((row for row in await self.connections() if row.name == name), None)

    async def connections(self) -> Sequence[ConnectionRow]:
        if self._closed:
            raise RunFailedError("The store is closed", "Open it again.", code="store_closed")
        return sorted((kept.row for kept in self._kept.values()), key=lambda row: row.name)

    async def update_connection(
        self,
        connection_id: int,
        *,
        options: Mapping[str, Any] | None = None,
        account: Mapping[str, Any] | None = None,
        nature: str | None = None,
        name: str | None = None,
    ) -> None:
        kept = self._known(connection_id)
        if name is not None and (other := await self.connection(name)) is not None and other.id != connection_id:
            raise taken(name)
        given = {"options": options, "account": account, "nature": nature, "name": name}
        kept.row = replace(kept.row, **{name: _json(value) for name, value in given.items() if value is not None})

    async def delete_connection(self, connection_id: int) -> None:
        self._kept.pop(connection_id, None)

    async def forget_deleted(self) -> None:
        pass

    # the lease
    async def acquire_lease(self, connection_id: int, holder: LeaseHolder, *, now: float) -> LeaseHolder | None:
        kept = self._known(connection_id)
        if kept.lease is not None:
            current, process = kept.lease
            if current.token != holder.token and not is_free(current, process, now=now):
                return current
        kept.lease = holder, _process.process_name(holder.pid)
        return None

    async def renew_lease(self, connection_id: int, token: str, *, expires_at: float) -> bool:
        kept = self._kept.get(connection_id)
        if kept is None or kept.lease is None or kept.lease[0].token != token:
            return False
        kept.lease = replace(kept.lease[0], expires_at=expires_at), kept.lease[1]
        return True

    async def release_lease(self, connection_id: int, token: str) -> None:
        kept = self._kept.get(connection_id)
        if kept is not None and kept.lease is not None and kept.lease[0].token == token:
            kept.lease = None

    # batches and runs
    async def open_run(self, run: RunRow, batch: BatchRow) -> None:
        kept = self._known(run.connection_id)
        if await self.run(run.id) is not None or await self.batch(batch.id) is not None:
            raise RunFailedError("The store has this run or batch already", code="store_failed")
        kept.runs[run.id] = run
        kept.batches[batch.id] = batch

    async def close_run(self, run: RunRow, batch: BatchRow) -> None:
        kept = self._known(run.connection_id)
        _require_open(kept, batch.id)
        kept.runs[run.id] = replace(
            kept.runs[run.id],
            status=str(run.status),
            finished_at=run.finished_at,
            scope=_json(run.scope),
            result=_json(run.result),
        )
        kept.batches[batch.id] = replace(
            kept.batches[batch.id], finished_at=batch.finished_at, facts=_json(batch.facts)
        )

    async def run(self, run_id: str) -> RunRow | None:
        return next((kept.runs[run_id] for kept in self._kept.values() if run_id in kept.runs), None)

    async def runs(self, connection_id: int, *, limit: int = 50) -> Sequence[RunRow]:
        kept = self._kept.get(connection_id)
        latest = list(reversed(kept.runs.values())) if kept else []
        return sorted(latest, key=lambda run: run.started_at, reverse=True)[:limit]

    async def abandon_runs(self, connection_id: int, *, at: str) -> Sequence[str]:
        kept = self._known(connection_id)
        by_age = sorted(kept.runs.values(), key=lambda run: run.started_at)
        left = [run for run in by_age if run.status == RunStatus.RUNNING]
        for run in left:
            kept.runs[run.id] = replace(run, status=str(RunStatus.FAILED), finished_at=at)
            batch = kept.batches[run.batch_id]
            kept.batches[run.batch_id] = replace(batch, finished_at=batch.finished_at or at)
        return [run.id for run in left]

    async def batch(self, batch_id: str) -> BatchRow | None:
        return next((kept.batches[batch_id] for kept in self._kept.values() if batch_id in kept.batches), None)

    async def batches(self, connection_id: int, *, limit: int = 50) -> Sequence[BatchRow]:
        kept = self._kept.get(connection_id)
        latest = list(reversed(kept.batches.values())) if kept else []
        return sorted(latest, key=lambda batch: batch.started_at, reverse=True)[:limit]

    # the write path
    async def write(
        self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
    ) -> Mapping[str, WriteCounts]:
        kept = self._known(connection_id)
        if batch_id is not None:
            _require_open(kept, batch_id)
        elif any(isinstance(op, WriteRecords | AddRecords | TombstoneAbsent) for op in ops):
            raise unknown_batch(None)
        counts: dict[str, WriteCounts] = {}
        for op in ops:
            for record, what in self._apply(kept, batch_id or "", op):
                count = counts.setdefault(record.stream, WriteCounts())
                if what == DIFFERING:
                    count.differing.append(record)
                else:
                    setattr(count, what, getattr(count, what) + 1)
        return counts

    def _apply(self, kept: _Kept, batch_id: str, op: WriteOp) -> Sequence[tuple[RecordWrite, str]]:
        """One operation; what each record it touched came to."""
        match op:
            case WriteRecords():
                return [(record, kept.records.put(batch_id, record)) for record in op.records]
            case AddRecords():
                return [(record, kept.records.add(batch_id, record)) for record in op.records]
            case TombstoneAbsent():
                return kept.records.bury(batch_id, op)
            case SavePartitions():
                kept.partitions.update({(state.stream, state.key): state for state in op.states})
            case SaveCheckpoints():
                kept.checkpoints.update(_json(op.cursors))
        return []

    # the ledger and checkpoints
    async def partitions(self, connection_id: int, stream: str | None = None) -> Sequence[PartitionState]:
        kept = self._kept.get(connection_id)
        states = sorted(kept.partitions.items(), key=lambda item: item[0]) if kept else []
        return [state for _, state in states if stream is None or state.stream == stream]

    async def checkpoints(self, connection_id: int) -> Mapping[str, Any]:
        kept = self._kept.get(connection_id)
        return deepcopy(kept.checkpoints) if kept else {}

    # reading
    async def stored_data(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        wanted = set(keys)
        found = {entry.write.key: entry.now.data for entry in self._records(connection_id).of(stream)}
        return {key: data for key, data in found.items() if key in wanted and data is not None}

    async def digests(
        self, connection_id: int, stream: str, keys: Sequence[str]
    ) -> Mapping[str, tuple[bytes | None, bool]]:
        wanted = set(keys)
        found = self._records(connection_id).of(stream)
        return {e.write.key: (e.write.digest, e.now.deleted) for e in found if e.write.key in wanted}

    async def stored(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        wanted = set(keys)
        return {e.write.key: e.now for e in self._records(connection_id).of(stream) if e.write.key in wanted}

    async def groups(
        self, connection_id: int, stream: str, partition: str, positions: Sequence[str]
    ) -> Mapping[str, tuple[int, str | None]]:
        members = [e for e in self._records(connection_id).live(stream, partition) if not e.write.is_head]
        found: dict[str, tuple[int, str | None]] = {}
        for position in positions:
            cursors = [entry.write.cursor for entry in members if entry.position == position]
            found[position] = len(cursors), max((c for c in cursors if c is not None), default=None)
        return found

    async def lookback(
        self, connection_id: int, stream: str, partition: str, *, heads: int, before: str | None = None
    ) -> tuple[str | None, int]:
        below = [
            e for e in self._records(connection_id).live(stream, partition) if before is None or e.position < before
        ]
        newest = [entry for entry in reversed(below) if entry.write.is_head][:heads]
        since = newest[-1] if len(newest) == heads else None
        groups = {e.position for e in below if not e.write.is_head and (since is None or e.position >= since.position)}
        return (None if since is None else since.write.cursor), len(groups)

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
        start = None if after is None else _cursor.decoded(after)

        def is_wanted(entry: Entry) -> bool:
            return (
                (partition is None or entry.write.partition == partition)
                and (position is None or entry.position == position)
                and (since is None or entry.position >= since)
                and (until is None or entry.position < until)
                and (start is None or (entry.place < start if newest else entry.place > start))
                and (entry.write.is_head or not heads)
                and (deleted or not entry.now.deleted)
            )

        found = list(filter(is_wanted, self._records(connection_id).of(stream)))
        if newest:
            found.reverse()
        page = found[:limit]
        following = _cursor.after_record(*page[-1].place) if page and len(found) > len(page) else None
        return RecordPage([entry.now for entry in page], following)

    async def count_partitions(
        self, connection_id: int, stream: str, partitions: Sequence[str]
    ) -> Mapping[str, tuple[int, int]]:
        found = self._records(connection_id).of(stream)
        deleted = {key: [e.now.deleted for e in found if e.write.partition == key] for key in partitions}
        return {key: (flags.count(False), flags.count(True)) for key, flags in deleted.items()}

    async def labels(self, connection_id: int, stream: str, partitions: Sequence[str]) -> Mapping[str, str]:
        states = await self.partitions(connection_id, stream)
        return {state.key: state.label for state in states if state.key in partitions and state.label is not None}

    async def partition_keys(self, connection_id: int, stream: str) -> Sequence[str | None]:
        found = {entry.write.partition for entry in self._records(connection_id).of(stream)}
        return sorted(found, key=lambda key: (key is None, key or ""))

    async def last_change(self, connection_id: int) -> int:
        return max((entry.now.sequence for entry in self._records(connection_id).every()), default=0)

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[Store]:
        copy = MemoryStore()
        copy._kept = {number: kept.copied() for number, kept in self._kept.items()}
        yield copy

    async def count_records(self, connection_id: int) -> Mapping[str, tuple[int, int]]:
        everything = [entry.now for entry in self._records(connection_id).every()]
        live = Counter(now.stream for now in everything if not now.deleted)
        deleted = Counter(now.stream for now in everything if now.deleted)
        return {stream: (live[stream], deleted[stream]) for stream in live | deleted}

    async def versions(self, connection_id: int, stream: str, key: str) -> Sequence[StoredRecord]:
        found = [entry for entry in self._records(connection_id).of(stream) if entry.write.key == key]
        return [replace(version, partition=entry.now.partition) for entry in found for version in entry.versions]

    async def changes(self, connection_id: int, *, after: int, limit: int) -> Sequence[StoredRecord]:
        latest = sorted((e.now for e in self._records(connection_id).every()), key=lambda now: now.sequence)
        return [now for now in latest if now.sequence > after][:limit]

    # searching
    async def index(self, connection_id: int, rules: SearchRules, *, limit: int) -> bool:
        kept = self._known(connection_id)
        if kept.search is None or kept.search.rules != rules:
            kept.search = SearchModel(rules)
        return kept.search.take_in(await self.changes(connection_id, after=kept.search.through, limit=limit), limit)

    async def search_index(self, connection_id: int) -> SearchIndex | None:
        kept = self._kept.get(connection_id)
        if kept is None or kept.search is None:
            return None
        pending = await self.changes(connection_id, after=kept.search.through, limit=sys.maxsize)
        return SearchIndex(kept.search.rules, kept.search.through, len(pending))

    async def search(self, wanted: SearchWanted) -> SearchPage:
        kept = {number: self._kept[number] for number in wanted.connections if number in self._kept}
        models = {number: one.search for number, one in kept.items() if one.search is not None}
        now = {(number, e.now.stream, e.now.key): e.now for number, one in kept.items() for e in one.records.every()}
        return find(models, now, wanted)

    # governor memory and the like
    async def get_memo(self, connection_id: int, name: str) -> Any:
        kept = self._kept.get(connection_id)
        return deepcopy(kept.memos.get(name)) if kept else None

    async def set_memo(self, connection_id: int, name: str, value: Any) -> None:
        self._known(connection_id).memos[name] = _json(value)

    def _known(self, connection_id: int) -> _Kept:
        if connection_id not in self._kept:
            raise unknown_connection(connection_id)
        return self._kept[connection_id]

    def _records(self, connection_id: int) -> RecordModel:
        kept = self._kept.get(connection_id)
        return kept.records if kept else RecordModel(self._sequence.__next__)


def _require_open(kept: _Kept, batch_id: str) -> None:
    batch = kept.batches.get(batch_id)
    if batch is None:
        raise unknown_batch(batch_id)
    if batch.finished_at is not None:
        raise batch_closed(batch_id)


def _json(value: Any) -> Any:
    """As it would come back from being written as JSON."""
    return orjson.loads(orjson.dumps(value))
