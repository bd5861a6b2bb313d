"""Runs, batches and leases, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from polyhost.boot_clock import Moment
from polyhost.errors import ErrorCode, RunFailedError
from polyhost.protocol.diagnostics import RunStatus
from polyhost.store import process
from polyhost.store.base import BatchRow, LeaseHolder, RunRow, RunStore
from polyhost.store.leases import is_free
from polyhost.store.memory.state import Part, as_json

__all__ = ["MemoryRuns"]


class MemoryRuns(Part, RunStore):
    """See `RunStore`."""

    async def open(self, run: RunRow, batch: BatchRow) -> None:
        kept = self.state.known(run.connection_id)
        if await self.get(run.id) is not None or await self.batch(batch.id) is not None:
            raise RunFailedError("The store has this run or batch already", code=ErrorCode.STORE_FAILED)
        number = next(self.state.events)
        ended = number if run.finished_at is not None else None
        kept.runs[run.id] = replace(run, number=number, finished_number=ended)
        kept.batches[batch.id] = batch

    async def close(self, run: RunRow, batch: BatchRow) -> None:
        kept = self.state.known(run.connection_id)
        kept.require_open(batch.id)
        kept.runs[run.id] = replace(
            kept.runs[run.id],
            status=str(run.status),
            finished_at=run.finished_at,
            finished_up=run.finished_up,
            finished_number=next(self.state.events),
            scope=as_json(run.scope),
            result=as_json(run.result),
        )
        kept.batches[batch.id] = replace(
            kept.batches[batch.id], finished_at=batch.finished_at, facts=as_json(batch.facts)
        )

    async def next_number(self) -> int:
        return next(self.state.events)

    async def abandon(self, connection_id: int, *, at: str) -> Sequence[str]:
        kept = self.state.known(connection_id)
        left = [run for run in kept.runs.values() if run.status == RunStatus.RUNNING]
        for run in left:
            number = next(self.state.events)
            kept.runs[run.id] = replace(run, status=str(RunStatus.FAILED), finished_at=at, finished_number=number)
            batch = kept.batches[run.batch_id]
            kept.batches[run.batch_id] = replace(batch, finished_at=batch.finished_at or at)
        return [run.id for run in left]

    async def get(self, run_id: str) -> RunRow | None:
        return next((kept.runs[run_id] for kept in self.state.kept.values() if run_id in kept.runs), None)

    async def newest(self, connection_id: int, *, limit: int = 50) -> Sequence[RunRow]:
        kept = self.state.kept.get(connection_id)
        return list(reversed(kept.runs.values()))[:limit] if kept else []

    async def batch(self, batch_id: str) -> BatchRow | None:
        return next((kept.batches[batch_id] for kept in self.state.kept.values() if batch_id in kept.batches), None)

    async def newest_batches(self, connection_id: int, *, limit: int = 50) -> Sequence[BatchRow]:
        kept = self.state.kept.get(connection_id)
        return list(reversed(kept.batches.values()))[:limit] if kept else []

    async def acquire_lease(self, connection_id: int, holder: LeaseHolder, *, now: Moment) -> LeaseHolder | None:
        kept = self.state.known(connection_id)
        if kept.lease is not None:
            current, taken_by = kept.lease
            if current.token != holder.token and not is_free(current, taken_by, now=now):
                return current
        kept.lease = holder, process.process_name(holder.pid)
        return None

    async def lease_holder(self, connection_id: int, *, now: Moment) -> LeaseHolder | None:
        kept = self.state.kept.get(connection_id)
        if kept is None or kept.lease is None:
            return None
        holder, taken_by = kept.lease
        return None if is_free(holder, taken_by, now=now) else holder

    async def renew_lease(self, connection_id: int, token: str, *, expires: Moment) -> bool:
        kept = self.state.kept.get(connection_id)
        if kept is None or kept.lease is None or kept.lease[0].token != token:
            return False
        kept.lease = replace(kept.lease[0], expires=expires), kept.lease[1]
        return True

    async def release_lease(self, connection_id: int, token: str) -> None:
        kept = self.state.kept.get(connection_id)
        if kept is not None and kept.lease is not None and kept.lease[0].token == token:
            kept.lease = None
