"""Runs and batches, as rows. Once a batch is finished nothing more is written for it: a process that was taken for dead
and wakes up again finds its batch closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from polyhost.errors import RunFailedError
from polyhost.protocol.diagnostics import RunStatus
from polyhost.store import _connections, _json, _process
from polyhost.store.base import BatchRow, RunRow

__all__ = ["abandon_runs", "batch", "batch_closed", "batches", "close_run", "open_run", "run", "runs", "unknown_batch"]

_RUN = """
SELECT runs.id, runs.connection_id, batches.name, runs.mode, runs.status, runs.started_at, runs.finished_at, runs.scope,
       runs.result, leases.pid, leases.process
FROM runs JOIN batches ON batches.id = runs.batch_id
          LEFT JOIN leases ON leases.connection_id = runs.connection_id AND leases.run_id = runs.id
"""
_BATCH = 'SELECT name, connection_id, method, "trigger", started_at, finished_at, facts FROM batches'


def unknown_batch(batch_id: str | None) -> RunFailedError:
    return RunFailedError(
        f"There is no batch {batch_id!r} in this connection",
        "It was deleted in the meantime; run again.",
        code="unknown_batch",
    )


def batch_closed(batch_id: str) -> RunFailedError:
    return RunFailedError(
        f"The batch {batch_id!r} is finished",
        "Another process took this run for dead and ended it; run again.",
        code="batch_closed",
    )


def open_run(db: sqlite3.Connection, run: RunRow, batch: BatchRow) -> None:
    _connections.require(db, run.connection_id)
    batch_number = db.execute(
        'INSERT INTO batches (name, connection_id, method, "trigger", started_at, finished_at, facts)'
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            batch.id,
            batch.connection_id,
            batch.method,
            batch.trigger,
            batch.started_at,
            batch.finished_at,
            _json.dump(batch.facts),
        ),
    ).lastrowid
    db.execute(
        "INSERT INTO runs (id, connection_id, batch_id, mode, status, started_at, finished_at, scope, result)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            run.id,
            run.connection_id,
            batch_number,
            run.mode,
            run.status,
            run.started_at,
            run.finished_at,
            _json.dump(run.scope),
            _json.dump(run.result),
        ),
    )


def close_run(db: sqlite3.Connection, run: RunRow, batch: BatchRow) -> None:
    _connections.require(db, run.connection_id)
    row = db.execute(f"{_BATCH} WHERE name = ? AND connection_id = ?", (batch.id, batch.connection_id)).fetchone()
    if row is None:
        raise unknown_batch(batch.id)
    if _batch(row).finished_at is not None:
        raise batch_closed(batch.id)
    db.execute(
        "UPDATE batches SET finished_at = ?, facts = ? WHERE name = ?",
        (batch.finished_at, _json.dump(batch.facts), batch.id),
    )
    db.execute(
        "UPDATE runs SET status = ?, finished_at = ?, scope = ?, result = ? WHERE id = ?",
        (run.status, run.finished_at, _json.dump(run.scope), _json.dump(run.result), run.id),
    )


def abandon_runs(db: sqlite3.Connection, connection_id: int, *, at: str) -> Sequence[str]:
    _connections.require(db, connection_id)
    left = db.execute(
        "SELECT id, batch_id FROM runs WHERE connection_id = ? AND status = ? ORDER BY started_at, rowid",
        (connection_id, RunStatus.RUNNING),
    ).fetchall()
    for run_id, batch_number in left:
        db.execute("UPDATE runs SET status = ?, finished_at = ? WHERE id = ?", (RunStatus.FAILED, at, run_id))
        db.execute(
            "UPDATE batches SET finished_at = ? WHERE id = ? AND finished_at IS NULL",
            (at, batch_number),
        )
    return [run_id for run_id, _ in left]


def run(db: sqlite3.Connection, run_id: str) -> RunRow | None:
    row = db.execute(f"{_RUN} WHERE runs.id = ?", (run_id,)).fetchone()
    return None if row is None else _run(row)


def runs(db: sqlite3.Connection, connection_id: int, *, limit: int) -> Sequence[RunRow]:
    newest_first = f"{_RUN} WHERE runs.connection_id = ? ORDER BY runs.started_at DESC, runs.rowid DESC LIMIT ?"
    return [_run(row) for row in db.execute(newest_first, (connection_id, limit))]


def batch(db: sqlite3.Connection, batch_id: str) -> BatchRow | None:
    row = db.execute(f"{_BATCH} WHERE name = ?", (batch_id,)).fetchone()
    return None if row is None else _batch(row)


def batches(db: sqlite3.Connection, connection_id: int, *, limit: int) -> Sequence[BatchRow]:
    newest_first = f"{_BATCH} WHERE connection_id = ? ORDER BY started_at DESC, id DESC LIMIT ?"
    return [_batch(row) for row in db.execute(newest_first, (connection_id, limit))]


def _run(row: tuple[Any, ...]) -> RunRow:
    """A run is what its process left of it. One that still holds the lease of a run that goes on, and is gone, was
    killed: that is told before the next run comes and writes it down."""
    run_id, connection_id, batch_id, mode, status, started_at, finished_at, scope, result, pid, process = row
    if status == RunStatus.RUNNING and _process.is_gone(pid, process):
        status = RunStatus.FAILED
    return RunRow(
        id=run_id,
        connection_id=connection_id,
        batch_id=batch_id,
        mode=mode,
        status=status,
        started_at=started_at,
        finished_at=finished_at,
        scope=_json.load(scope),
        result=_json.load(result),
    )


def _batch(row: tuple[Any, ...]) -> BatchRow:
    name, connection_id, method, trigger, started_at, finished_at, facts = row
    return BatchRow(
        id=name,
        connection_id=connection_id,
        method=method,
        trigger=trigger,
        started_at=started_at,
        finished_at=finished_at,
        facts=_json.load(facts),
    )
