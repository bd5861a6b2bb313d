"""Runs and batches, as rows. Once a batch is finished nothing more is written for it: a process that was taken for dead
and wakes up again finds its batch closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from polyhost.protocol.diagnostics import RunStatus
from polyhost.store import process, refusals
from polyhost.store.base import BatchRow, RunRow, RunStore
from polyhost.store.sqlite import json_columns, require
from polyhost.store.sqlite.leases import SqliteLeases
from polyhost.store.sqlite.threads import reads, writes

__all__ = ["SqliteRuns"]

_RUN = """
SELECT runs.id, runs.connection_id, batches.name, runs.mode, runs.status, runs.started_at, runs.finished_at, runs.scope,
       runs.result, runs.boot, runs.started_up, runs.finished_up, runs.started_number, runs.finished_number, leases.pid,
       leases.process
FROM runs JOIN batches ON batches.id = runs.batch_id
          LEFT JOIN leases ON leases.connection_id = runs.connection_id AND leases.run_id = runs.id
"""
_BATCH = 'SELECT name, connection_id, method, "trigger", started_at, finished_at, facts FROM batches'
_INSERT_BATCH = """
INSERT INTO batches (name, connection_id, method, "trigger", started_at, finished_at, facts)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_RUN = """
INSERT INTO runs (id, connection_id, batch_id, mode, status, started_at, finished_at, scope, result, boot, started_up,
                  finished_up, started_number, finished_number)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_CLOSE_RUN = """
UPDATE runs SET status = ?, finished_at = ?, finished_up = ?, finished_number = ?, scope = ?, result = ? WHERE id = ?
"""
_ABANDON_RUN = "UPDATE runs SET status = ?, finished_at = ?, finished_number = ? WHERE id = ?"


class SqliteRuns(SqliteLeases, RunStore):
    """See `RunStore`."""

    @writes
    def open(self, db: sqlite3.Connection, run: RunRow, batch: BatchRow) -> None:
        require.connection(db, run.connection_id)
        facts = json_columns.dump(batch.facts)
        made = (batch.id, batch.connection_id, batch.method, batch.trigger, batch.started_at, batch.finished_at, facts)
        batch_number = db.execute(_INSERT_BATCH, made).lastrowid
        how = (run.mode, run.status, run.started_at, run.finished_at)
        asked = (json_columns.dump(run.scope), json_columns.dump(run.result))
        number = _next_number(db)
        ended = number if run.finished_at is not None else None
        when = (run.boot, run.started_up, run.finished_up, number, ended)
        db.execute(_INSERT_RUN, (run.id, run.connection_id, batch_number, *how, *asked, *when))

    @writes
    def close(self, db: sqlite3.Connection, run: RunRow, batch: BatchRow) -> None:
        require.connection(db, run.connection_id)
        row = db.execute(f"{_BATCH} WHERE name = ? AND connection_id = ?", (batch.id, batch.connection_id)).fetchone()
        if row is None:
            raise refusals.unknown_batch(batch.id)
        if _batch(row).finished_at is not None:
            raise refusals.batch_closed(batch.id)
        facts = json_columns.dump(batch.facts)
        db.execute("UPDATE batches SET finished_at = ?, facts = ? WHERE name = ?", (batch.finished_at, facts, batch.id))
        told = (json_columns.dump(run.scope), json_columns.dump(run.result))
        db.execute(_CLOSE_RUN, (run.status, run.finished_at, run.finished_up, _next_number(db), *told, run.id))

    @writes
    def next_number(self, db: sqlite3.Connection) -> int:
        return _next_number(db)

    @writes
    def abandon(self, db: sqlite3.Connection, connection_id: int, *, at: str) -> Sequence[str]:
        require.connection(db, connection_id)
        left = db.execute(
            "SELECT id, batch_id FROM runs WHERE connection_id = ? AND status = ? ORDER BY started_number",
            (connection_id, RunStatus.RUNNING),
        ).fetchall()
        for run_id, batch_number in left:
            db.execute(_ABANDON_RUN, (RunStatus.FAILED, at, _next_number(db), run_id))
            db.execute("UPDATE batches SET finished_at = ? WHERE id = ? AND finished_at IS NULL", (at, batch_number))
        return [run_id for run_id, _ in left]

    @reads
    def get(self, db: sqlite3.Connection, run_id: str) -> RunRow | None:
        row = db.execute(f"{_RUN} WHERE runs.id = ?", (run_id,)).fetchone()
        return None if row is None else _run(row)

    @reads
    def newest(self, db: sqlite3.Connection, connection_id: int, *, limit: int = 50) -> Sequence[RunRow]:
        newest_first = f"{_RUN} WHERE runs.connection_id = ? ORDER BY runs.started_number DESC LIMIT ?"
        return [_run(row) for row in db.execute(newest_first, (connection_id, limit))]

    @reads
    def batch(self, db: sqlite3.Connection, batch_id: str) -> BatchRow | None:
        row = db.execute(f"{_BATCH} WHERE name = ?", (batch_id,)).fetchone()
        return None if row is None else _batch(row)

    @reads
    def newest_batches(self, db: sqlite3.Connection, connection_id: int, *, limit: int = 50) -> Sequence[BatchRow]:
        newest_first = f"{_BATCH} WHERE connection_id = ? ORDER BY id DESC LIMIT ?"
        return [_batch(row) for row in db.execute(newest_first, (connection_id, limit))]


def _next_number(db: sqlite3.Connection) -> int:
    (number,) = db.execute("UPDATE counters SET value = value + 1 WHERE name = 'events' RETURNING value").fetchone()
    return number


def _run(row: tuple[Any, ...]) -> RunRow:
    """A run is what its process left of it. One that still holds the lease of a run that goes on, and is gone, was
    killed: that is told before the next run comes and writes it down."""
    *told, pid, taken_by = row
    run_id, connection_id, batch_id, mode, status, started_at, finished_at, scope, result, *when = told
    boot, started_up, finished_up, number, finished_number = when
    if status == RunStatus.RUNNING.value and process.is_gone(pid, taken_by):
        status = RunStatus.FAILED.value
    return RunRow(
        id=run_id,
        connection_id=connection_id,
        batch_id=batch_id,
        mode=mode,
        status=status,
        started_at=started_at,
        finished_at=finished_at,
        scope=json_columns.load(scope),
        result=json_columns.load(result),
        boot=boot,
        started_up=started_up,
        finished_up=finished_up,
        number=number,
        finished_number=finished_number,
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
        facts=json_columns.load(facts),
    )
