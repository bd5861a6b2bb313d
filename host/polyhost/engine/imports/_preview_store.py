"""A store that writes nothing: what an import would come to, beside the real store and without touching it.

Owns: telling new, updated and unchanged apart by what is stored and by what the preview itself has brought so far. The
latter lies in a temporary database that SQLite keeps in memory and, when it grows, in an unnamed file that is gone with
the process, so that a million records take no more memory than a thousand. Must not know: artifacts, facts, receipts.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from polyhost.ledger.state import PartitionState
from polyhost.searching.search_rules import SearchRules
from polyhost.store.base import (
    AddRecords,
    BatchRow,
    LeaseHolder,
    RecordWrite,
    RunRow,
    SavePartitions,
    Store,
    StoredRecord,
    WriteCounts,
    WriteOp,
    WriteRecords,
)
from polyhost.store.passing import PassingStore

__all__ = ["PreviewStore"]

_CACHE_KIB = 16 * 1024
"""Memory for the temporary database; beyond it pages go to its file."""
_KEYS = 500
_SCHEMA = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -{_CACHE_KIB};
CREATE TABLE brought (stream TEXT, key TEXT, digest BLOB, deleted INTEGER, partition TEXT, emitted_at TEXT, data BLOB);
CREATE UNIQUE INDEX brought_by_key ON brought (stream, key);
"""

_BROUGHT = "SELECT key, digest, deleted, partition, emitted_at, data FROM brought WHERE stream = ? AND key IN ({marks})"


class _Brought(NamedTuple):
    """What the preview has of one record. `data` None and not deleted: as it is stored, seen again as of later."""

    digest: bytes | None
    deleted: bool
    partition: str | None
    emitted_at: str
    data: bytes | None


class PreviewStore(PassingStore):
    """`below`, as if one could write to it."""

    def __init__(self, below: Store) -> None:
        super().__init__(below)
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(_SCHEMA)
        self._states: dict[tuple[str, str], PartitionState] = {}

    async def close(self) -> None:
        """The temporary database only; the store below belongs to somebody else."""
        self._db.close()

    # nothing is begun, held or ended
    async def acquire_lease(self, connection_id: int, holder: LeaseHolder, *, now: float) -> LeaseHolder | None:
        return None

    async def renew_lease(self, connection_id: int, token: str, *, expires_at: float) -> bool:
        return True

    async def release_lease(self, connection_id: int, token: str) -> None:
        pass

    async def abandon_runs(self, connection_id: int, *, at: str) -> Sequence[str]:
        return ()

    async def open_run(self, run: RunRow, batch: BatchRow) -> None:
        pass

    async def close_run(self, run: RunRow, batch: BatchRow) -> None:
        pass

    async def index(self, connection_id: int, rules: SearchRules, *, limit: int) -> bool:
        return False

    async def set_memo(self, connection_id: int, name: str, value: Any) -> None:
        pass

    async def update_connection(self, connection_id: int, **changes: Any) -> None:
        pass

    # reading: what was brought, then what is stored
    async def partitions(self, connection_id: int, stream: str | None = None) -> Sequence[PartitionState]:
        states = {(one.stream, one.key): one for one in await self.below.partitions(connection_id, stream)}
        states |= {of: state for of, state in self._states.items() if stream in (None, state.stream)}
        return list(states.values())

    async def digests(
        self, connection_id: int, stream: str, keys: Sequence[str]
    ) -> Mapping[str, tuple[bytes | None, bool]]:
        brought = await asyncio.to_thread(self._brought, stream, keys)
        rest = [key for key in keys if key not in brought]
        found = dict(await self.below.digests(connection_id, stream, rest)) if rest else {}
        return found | {key: (one.digest, one.deleted) for key, one in brought.items()}

    async def stored(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        found = dict(await self.below.stored(connection_id, stream, keys))
        for key, one in (await asyncio.to_thread(self._brought, stream, keys)).items():
            known = found.get(key)
            if one.data is None and known is not None:
                found[key] = replace(known, emitted_at=max(known.emitted_at, one.emitted_at), deleted=one.deleted)
            else:
                found[key] = _as_stored(stream, key, one)
        return found

    # writing
    async def write(
        self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
    ) -> Mapping[str, WriteCounts]:
        counts: dict[str, WriteCounts] = {}
        for op in ops:
            if isinstance(op, SavePartitions):
                self._states.update({(state.stream, state.key): state for state in op.states})
            elif isinstance(op, AddRecords | WriteRecords):
                await self._take(connection_id, op, counts)
        return counts

    async def _take(self, connection_id: int, op: AddRecords | WriteRecords, counts: dict[str, WriteCounts]) -> None:
        known: dict[tuple[str, str], tuple[bytes | None, bool]] = {}
        for stream in {record.stream for record in op.records}:
            keys = list({record.key for record in op.records if record.stream == stream})
            found = await self.digests(connection_id, stream, keys)
            known |= {(stream, key): of for key, of in found.items()}
        rows: list[tuple[str, str, _Brought]] = []
        judge = _add if isinstance(op, AddRecords) else _write
        for record in op.records:
            count = counts.setdefault(record.stream, WriteCounts())
            of = (record.stream, record.key)
            brought = judge(record, known.get(of), count)
            if brought is not None:
                known[of] = brought.digest, brought.deleted
                rows.append((*of, brought))
        await asyncio.to_thread(self._keep, rows)

    def _keep(self, rows: Iterable[tuple[str, str, _Brought]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT INTO brought VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (stream, key) DO UPDATE SET"
            " digest = excluded.digest, deleted = excluded.deleted, partition = excluded.partition,"
            " emitted_at = max(emitted_at, excluded.emitted_at), data = coalesce(excluded.data, data)",
            [(stream, key, *brought) for stream, key, brought in rows],
        )
        self._db.execute("COMMIT")

    def _brought(self, stream: str, keys: Sequence[str]) -> dict[str, _Brought]:
        found: dict[str, _Brought] = {}
        for start in range(0, len(keys), _KEYS):
            chunk = keys[start : start + _KEYS]
            marks = ",".join("?" * len(chunk))
            for key, digest, deleted, *rest in self._db.execute(_BROUGHT.format(marks=marks), (stream, *chunk)):
                found[key] = _Brought(digest, bool(deleted), *rest)
        return found


def _add(record: RecordWrite, before: tuple[bytes | None, bool] | None, count: WriteCounts) -> _Brought | None:
    """As `AddRecords` says."""
    deleted = record.op == "delete"
    if before is None:
        if deleted:
            count.deleted += 1
        else:
            count.new += 1
        return _of(record)
    digest, was_deleted = before
    if was_deleted is not deleted or not (deleted or (digest is not None and digest == record.digest)):
        count.differing.append(record)
        return None
    count.unchanged += 1
    return None if deleted else _Brought(digest, False, record.partition, record.emitted_at, None)


def _write(record: RecordWrite, before: tuple[bytes | None, bool] | None, count: WriteCounts) -> _Brought | None:
    """As `WriteRecords` says."""
    if record.op == "delete":
        if before is not None and before[1]:
            count.unchanged += 1
            return None
        count.deleted += 1
        return _of(record) if before is None else _Brought(before[0], True, None, record.emitted_at, None)
    if before is None:
        count.new += 1
    elif before[1] or record.digest is None or record.digest != before[0]:
        count.updated += 1
    else:
        count.unchanged += 1
        return None
    return _of(record)


def _of(record: RecordWrite) -> _Brought:
    return _Brought(record.digest, record.op == "delete", record.partition, record.emitted_at, record.data)


def _as_stored(stream: str, key: str, one: _Brought) -> StoredRecord:
    return StoredRecord(
        stream=stream,
        key=key,
        partition=one.partition,
        data=None if one.data is None else orjson.loads(one.data),
        emitted_at=one.emitted_at,
        version=1,
        deleted=one.deleted,
        batch_id="",
        sequence=0,
    )
