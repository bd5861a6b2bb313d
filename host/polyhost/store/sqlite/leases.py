"""The lease: one run per connection at a time, over all processes that share the store.

Owns: who may have it, decided inside the write transaction that records it. Must not know: runs, what a holder does.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from polyhost.boot_clock import Moment
from polyhost.store import process
from polyhost.store.base import LeaseHolder
from polyhost.store.leases import is_free
from polyhost.store.sqlite import require
from polyhost.store.sqlite.threads import Part, reads, writes

__all__ = ["SqliteLeases", "holder_of"]

_HELD = "SELECT process, token, pid, host, run_id, expires_at, boot, expires_up FROM leases WHERE connection_id = ?"
_TAKE = """
INSERT OR REPLACE INTO leases (connection_id, token, pid, host, process, run_id, expires_at, boot, expires_up)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_RENEW = "UPDATE leases SET expires_at = ?, boot = ?, expires_up = ? WHERE connection_id = ? AND token = ?"
_RELEASE = "DELETE FROM leases WHERE connection_id = ? AND token = ?"


class SqliteLeases(Part):
    """The leases of `RunStore`."""

    @writes
    def acquire_lease(
        self, db: sqlite3.Connection, connection_id: int, holder: LeaseHolder, *, now: Moment
    ) -> LeaseHolder | None:
        require.connection(db, connection_id)
        row = db.execute(_HELD, (connection_id,)).fetchone()
        if row is not None:
            taken_by, current = row[0], holder_of(row[1:])
            if current.token != holder.token and not is_free(current, taken_by, now=now):
                return current
        name = process.process_name(holder.pid)
        ends = holder.expires
        values = (holder.token, holder.pid, holder.host, name, holder.run_id, ends.wall, ends.boot, ends.up)
        db.execute(_TAKE, (connection_id, *values))
        return None

    @reads
    def lease_holder(self, db: sqlite3.Connection, connection_id: int, *, now: Moment) -> LeaseHolder | None:
        row = db.execute(_HELD, (connection_id,)).fetchone()
        if row is None:
            return None
        holder = holder_of(row[1:])
        return None if is_free(holder, row[0], now=now) else holder

    @writes
    def renew_lease(self, db: sqlite3.Connection, connection_id: int, token: str, *, expires: Moment) -> bool:
        return db.execute(_RENEW, (expires.wall, expires.boot, expires.up, connection_id, token)).rowcount == 1

    @writes
    def release_lease(self, db: sqlite3.Connection, connection_id: int, token: str) -> None:
        db.execute(_RELEASE, (connection_id, token))


def holder_of(row: tuple[Any, ...]) -> LeaseHolder:
    """A row of token, pid, host, run, and when it expires: by the wall clock, boot, and seconds since that boot."""
    token, pid, host, run_id, expires_at, boot, expires_up = row
    expires = Moment(expires_at, None if expires_up is None else boot, expires_up or 0.0)
    return LeaseHolder(token=token, pid=pid, host=host, run_id=run_id, expires=expires)
