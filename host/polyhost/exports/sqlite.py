"""One SQLite file with a table for each stream: to query, and to open in any tool that reads SQLite.

Owns: that file. It is not the store: it holds what was asked for, in plain tables, and nothing polyhost needs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from polyhost.exports.base import META, Plan, Row, StreamPlan, Writer
from polyhost.exports.table import cells

__all__ = ["SqliteFile"]

_TYPES = {"_version": "INTEGER", "_deleted": "INTEGER", "_current": "INTEGER"}


class SqliteFile(Writer):
    """A table per stream; with older versions, a record has several rows."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._plan = plan
        self._db = sqlite3.connect(folder / f"{plan.connection}.sqlite", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = OFF")  # a file that is not whole is thrown away
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("BEGIN")
        self._file_tables = _create_file_tables(self._db, plan) if plan.with_files else None
        self._inserts = {stream.name: self._create(stream) for stream in plan.streams}

    def _create(self, stream: StreamPlan) -> str:
        declared = {name: _TYPES.get(name, "TEXT") for name in META}
        declared |= {name: "NUMERIC" if number else "TEXT" for name, number in stream.columns.items()}
        table = _quoted(stream.name)
        columns = ", ".join(f"{_quoted(name)} {kind}" for name, kind in declared.items())
        self._db.execute(f"CREATE TABLE {table} ({columns}, PRIMARY KEY (_key, _version))")
        return f"INSERT INTO {table} VALUES ({', '.join('?' * len(declared))})"  # noqa: S608  quoted

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            values = [*row.meta(), *cells(self._plan.stream(row.stream), row)]
            self._db.execute(self._inserts[row.stream], values)
            if self._file_tables is not None and row.current:
                self._add_files(row, *self._file_tables)

    def _add_files(self, row: Row, files: str, record_files: str) -> None:
        for number, file in enumerate(row.files):
            values = (file.id, file.name, file.type, file.size, file.state, file.why, file.digest, file.path)
            self._db.execute(f"INSERT OR IGNORE INTO {files} VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608
            held = (row.stream, row.key, number, file.id)
            self._db.execute(f"INSERT INTO {record_files} VALUES (?, ?, ?, ?)", held)  # noqa: S608

    def finish(self) -> None:
        for stream in self._plan.streams:
            if stream.partitioned:
                table, index = _quoted(stream.name), _quoted(f"{stream.name} by partition")
                self._db.execute(f"CREATE INDEX {index} ON {table} (_partition, _time)")
        self._db.execute("COMMIT")
        self.abandon()

    def abandon(self) -> None:
        self._db.close()


def _create_file_tables(db: sqlite3.Connection, plan: Plan) -> tuple[str, str]:
    """Of files, and of which record holds which. Underlined where a stream has the name."""
    taken = {stream.name.lower() for stream in plan.streams}
    files, held = ("_" * (name in taken) + name for name in ("files", "record_files"))
    db.execute(
        f'CREATE TABLE "{files}" (id INTEGER PRIMARY KEY, name TEXT, type TEXT, size INTEGER, state TEXT, why TEXT, '
        "sha256 TEXT, path TEXT)"
    )
    db.execute(
        f'CREATE TABLE "{held}" (stream TEXT, _key TEXT, number INTEGER, file_id INTEGER, '
        "PRIMARY KEY (stream, _key, number))"
    )
    return f'"{files}"', f'"{held}"'


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("\0", "") + '"'
