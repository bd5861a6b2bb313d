"""Names out of a store, at once: for completion at a prompt and the first screen, where opening it would be felt.

Owns: short reads on a connection that cannot write, none of which ever raises: a store that is not there, is broken or
busy holds no names. Must not know: what names are for. Kept free of heavy imports.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

__all__ = ["ConnectionSummary", "connections", "partitions", "runs", "streams"]

STORE_FILE = "store.db"
_BUSY_SECONDS = 0.1
"""Whoever pressed Tab waits no longer than this for another process."""
MOST = 200
"""Names at once: more than anybody reads through at a prompt."""


@dataclass(frozen=True, slots=True)
class ConnectionSummary:
    """A connection in passing. `last_status`: how its newest run ended, or `running`; None where there was none."""

    name: str
    source: str
    nature: str
    last_status: str | None


def connections(home: Path) -> list[ConnectionSummary]:
    """Every connection, by name."""
    rows = _ask(
        home,
        "SELECT name, source, nature, (SELECT status FROM runs r WHERE r.connection_id = c.id"
        " ORDER BY started_number DESC LIMIT 1) FROM connections c ORDER BY name LIMIT ?",
        MOST,
    )
    return [ConnectionSummary(*row) for row in rows]


def streams(home: Path, connection: str) -> list[str]:
    """Streams that hold something."""
    asked = "SELECT s.name FROM streams s JOIN connections c ON c.id = s.connection_id WHERE c.name = ? LIMIT ?"
    return [row[0] for row in _ask(home, asked, connection, MOST)]


def partitions(home: Path, connection: str, stream: str, beginning: str) -> list[tuple[str, str]]:
    """Keys and labels of partitions whose key begins so."""
    rows = _ask(
        home,
        "SELECT p.key, json_extract(p.state, '$.label') FROM partitions p JOIN streams s ON s.id = p.stream_id"
        " JOIN connections c ON c.id = s.connection_id"
        " WHERE c.name = ? AND s.name = ? AND substr(p.key, 1, ?) = ? ORDER BY p.key LIMIT ?",
        connection,
        stream,
        len(beginning),
        beginning,
        MOST,
    )
    return [(row[0], row[1] or "") for row in rows]


def runs(home: Path) -> list[tuple[str, str, str]]:
    """Ids, connections and statuses of the newest runs, newest first."""
    asked = (
        "SELECT r.id, c.name, r.status FROM runs r JOIN connections c ON c.id = r.connection_id"
        " ORDER BY r.started_number DESC LIMIT ?"
    )
    return [(row[0], row[1], row[2]) for row in _ask(home, asked, MOST)]


def going(home: Path) -> list[tuple[str, str]]:
    """Ids and connections of the runs that go on, as far as their leases tell."""
    asked = "SELECT l.run_id, c.name FROM leases l JOIN connections c ON c.id = l.connection_id ORDER BY c.name"
    return [(row[0], row[1]) for row in _ask(home, asked) if row[0].startswith("run_")]


def _ask(home: Path, question: str, *values: str | int) -> Sequence[tuple[str, ...]]:
    path = home / STORE_FILE
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_BUSY_SECONDS)) as db:
            return db.execute(question, values).fetchall()
    except sqlite3.Error:
        return []
