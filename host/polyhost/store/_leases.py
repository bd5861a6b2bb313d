"""The lease: one run per connection at a time, over all processes that share the store.

Owns: who may have it, decided inside the write transaction that records it. Must not know: runs, what a holder does.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from polyhost.store import _connections, _process
from polyhost.store.base import LeaseHolder

__all__ = ["acquire", "is_free", "release", "renew"]


def is_free(holder: LeaseHolder, process: str | None, *, now: float) -> bool:
    """Its time is over, or the process that took it is certainly gone."""
    return holder.expires_at <= now or _process.is_gone(holder.pid, process)


def acquire(db: sqlite3.Connection, connection_id: int, holder: LeaseHolder, *, now: float) -> LeaseHolder | None:
    _connections.require(db, connection_id)
    row = db.execute(
        "SELECT process, token, pid, host, run_id, expires_at FROM leases WHERE connection_id = ?", (connection_id,)
    ).fetchone()
    if row is not None:
        process, current = row[0], _holder(row[1:])
        if current.token != holder.token and not is_free(current, process, now=now):
            return current
    db.execute(
        "INSERT OR REPLACE INTO leases (connection_id, token, pid, host, process, run_id, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            connection_id,
            holder.token,
            holder.pid,
            holder.host,
            _process.process_name(holder.pid),
            holder.run_id,
            holder.expires_at,
        ),
    )
    return None


def renew(db: sqlite3.Connection, connection_id: int, token: str, *, expires_at: float) -> bool:
    done = db.execute(
        "UPDATE leases SET expires_at = ? WHERE connection_id = ? AND token = ?", (expires_at, connection_id, token)
    )
    return done.rowcount == 1


def release(db: sqlite3.Connection, connection_id: int, token: str) -> None:
    db.execute("DELETE FROM leases WHERE connection_id = ? AND token = ?", (connection_id, token))


def _holder(row: tuple[Any, ...]) -> LeaseHolder:
    token, pid, host, run_id, expires_at = row
    return LeaseHolder(token=token, pid=pid, host=host, run_id=run_id, expires_at=expires_at)
