"""Refusing to write to what is not there any more. Every function runs in the transaction its caller has open."""

from __future__ import annotations

import sqlite3

from polyhost.store import refusals

__all__ = ["connection"]


def connection(db: sqlite3.Connection, connection_id: int) -> None:
    """RunFailedError where the connection is not there (any more)."""
    if not db.execute("SELECT 1 FROM connections WHERE id = ?", (connection_id,)).fetchone():
        raise refusals.unknown_connection(connection_id)
