"""Connections and their memos, as rows. Must not know: threads, transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from polyhost.store import refusals
from polyhost.store.base import ConnectionRow, ConnectionStore
from polyhost.store.memos import Memo
from polyhost.store.sqlite import json_columns, opening, search_index
from polyhost.store.sqlite.threads import Part, reads, writes

__all__ = ["SqliteConnections"]

T = TypeVar("T")

_ROW = "SELECT id, name, source, nature, created_at, options, account FROM connections"
_CREATE = """
INSERT INTO connections (name, source, nature, created_at, options, account) VALUES (?, ?, ?, ?, ?, ?)
RETURNING id, name, source, nature, created_at, options, account
"""
_UPDATE = """
UPDATE connections SET options = coalesce(?, options), account = coalesce(?, account), nature = coalesce(?, nature),
                       name = coalesce(?, name)
WHERE id = ?
"""
_SAVE_MEMO = """
INSERT INTO memos (connection_id, name, value) SELECT id, ?, ? FROM connections WHERE id = ?
ON CONFLICT DO UPDATE SET value = excluded.value
"""


class SqliteConnections(Part, ConnectionStore):
    """See `ConnectionStore`."""

    @writes
    def create(
        self,
        db: sqlite3.Connection,
        *,
        name: str,
        source: str,
        nature: str,
        options: Mapping[str, Any],
        account: Mapping[str, Any],
        at: str,
    ) -> ConnectionRow:
        if _named(db, name) is not None:
            raise refusals.connection_exists(name)
        values = (name, source, nature, at, json_columns.dump(options), json_columns.dump(account))
        return _row(db.execute(_CREATE, values).fetchone())

    @reads
    def get(self, db: sqlite3.Connection, name: str) -> ConnectionRow | None:
        return _named(db, name)

    @reads
    def all(self, db: sqlite3.Connection) -> Sequence[ConnectionRow]:
        return [_row(row) for row in db.execute(f"{_ROW} ORDER BY name")]

    @writes
    def update(
        self,
        db: sqlite3.Connection,
        connection_id: int,
        *,
        options: Mapping[str, Any] | None = None,
        account: Mapping[str, Any] | None = None,
        nature: str | None = None,
        name: str | None = None,
    ) -> None:
        if name is not None and (other := _named(db, name)) is not None and other.id != connection_id:
            raise refusals.connection_exists(name)
        columns = [None if value is None else json_columns.dump(value) for value in (options, account)]
        if not db.execute(_UPDATE, (*columns, nature, name, connection_id)).rowcount:
            raise refusals.unknown_connection(connection_id)

    @writes
    def delete(self, db: sqlite3.Connection, connection_id: int) -> None:
        """The foreign keys take everything else along."""
        with opening.overwriting(db):
            search_index.drop(db, connection_id)
            db.execute("DELETE FROM connections WHERE id = ?", (connection_id,))

    @reads
    def memo(self, db: sqlite3.Connection, connection_id: int, memo: Memo[T]) -> T:
        asked = "SELECT value FROM memos WHERE connection_id = ? AND name = ?"
        row = db.execute(asked, (connection_id, memo.name)).fetchone()
        return memo.default if row is None else json_columns.load(row[0])

    @writes
    def save_memo(self, db: sqlite3.Connection, connection_id: int, memo: Memo[T], value: T) -> None:
        if not db.execute(_SAVE_MEMO, (memo.name, json_columns.dump(value), connection_id)).rowcount:
            raise refusals.unknown_connection(connection_id)


def _named(db: sqlite3.Connection, name: str) -> ConnectionRow | None:
    row = db.execute(f"{_ROW} WHERE name = ?", (name,)).fetchone()
    return None if row is None else _row(row)


def _row(row: tuple[Any, ...]) -> ConnectionRow:
    number, name, source, nature, created_at, options, account = row
    return ConnectionRow(
        id=number,
        name=name,
        source=source,
        nature=nature,
        created_at=created_at,
        options=json_columns.load(options),
        account=json_columns.load(account),
    )
