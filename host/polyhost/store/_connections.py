"""Connections and their memos, as rows. Every function runs in the transaction its caller has open."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from polyhost.errors import RefusedError, RunFailedError
from polyhost.store import _json
from polyhost.store.base import ConnectionRow

__all__ = [
    "create",
    "delete",
    "every",
    "get_memo",
    "named",
    "require",
    "set_memo",
    "taken",
    "unknown_connection",
    "update",
]

_ROW = "SELECT id, name, source, nature, created_at, options, account FROM connections"
_CREATE = """
INSERT INTO connections (name, source, nature, created_at, options, account) VALUES (?, ?, ?, ?, ?, ?)
RETURNING id, name, source, nature, created_at, options, account
"""


def taken(name: str) -> RefusedError:
    return RefusedError(
        f"There is a connection named {name!r} already",
        "Choose another name with --name, or run the one there is.",
        code="connection_exists",
    )


def unknown_connection(connection_id: int) -> RunFailedError:
    return RunFailedError(
        f"There is no connection {connection_id} in this store any more",
        "It was deleted in the meantime; connect again.",
        code="unknown_connection",
    )


def require(db: sqlite3.Connection, connection_id: int) -> None:
    """RunFailedError where the connection is not there (any more)."""
    if not db.execute("SELECT 1 FROM connections WHERE id = ?", (connection_id,)).fetchone():
        raise unknown_connection(connection_id)


def create(
    db: sqlite3.Connection,
    *,
    name: str,
    source: str,
    nature: str,
    options: Mapping[str, Any],
    account: Mapping[str, Any],
    at: str,
) -> ConnectionRow:
    if named(db, name) is not None:
        raise taken(name)
    values = (name, source, nature, at, _json.dump(options), _json.dump(account))
    return _row(db.execute(_CREATE, values).fetchone())


def named(db: sqlite3.Connection, name: str) -> ConnectionRow | None:
    row = db.execute(f"{_ROW} WHERE name = ?", (name,)).fetchone()
    return None if row is None else _row(row)


def every(db: sqlite3.Connection) -> Sequence[ConnectionRow]:
    return [_row(row) for row in db.execute(f"{_ROW} ORDER BY name")]


def update(
    db: sqlite3.Connection,
    connection_id: int,
    *,
    options: Mapping[str, Any] | None,
    account: Mapping[str, Any] | None,
    nature: str | None,
    name: str | None,
) -> None:
    if name is not None and (other := named(db, name)) is not None and other.id != connection_id:
        raise taken(name)
    values = (
        None if options is None else _json.dump(options),
        None if account is None else _json.dump(account),
        nature,
        name,
        connection_id,
    )
    done = db.execute(
        "UPDATE connections SET options = coalesce(?, options), account = coalesce(?, account),"
        " nature = coalesce(?, nature), name = coalesce(?, name) WHERE id = ?",
        values,
    )
    if not done.rowcount:
        raise unknown_connection(connection_id)


def delete(db: sqlite3.Connection, connection_id: int) -> None:
    """The foreign keys take everything else along."""
    db.execute("DELETE FROM connections WHERE id = ?", (connection_id,))


def get_memo(db: sqlite3.Connection, connection_id: int, name: str) -> Any:
    row = db.execute("SELECT value FROM memos WHERE connection_id = ? AND name = ?", (connection_id, name)).fetchone()
    return None if row is None else _json.load(row[0])


def set_memo(db: sqlite3.Connection, connection_id: int, name: str, value: Any) -> None:
    done = db.execute(
        "INSERT INTO memos (connection_id, name, value) SELECT id, ?, ? FROM connections WHERE id = ?"
        " ON CONFLICT DO UPDATE SET value = excluded.value",
        (name, _json.dump(value), connection_id),
    )
    if not done.rowcount:
        raise unknown_connection(connection_id)


def _row(row: tuple[Any, ...]) -> ConnectionRow:
    number, name, source, nature, created_at, options, account = row
    return ConnectionRow(
        id=number,
        name=name,
        source=source,
        nature=nature,
        created_at=created_at,
        options=_json.load(options),
        account=_json.load(account),
    )
