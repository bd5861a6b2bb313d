"""Which files an artifact's records name, and which entries they are: each file once, on disk where there are many.

SQLite keeps it in memory and, when it grows, in an unnamed file that is gone with the process, so that a million files
take no more memory than a thousand. Must not know: artifacts, records, what becomes of a file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["FoundFile", "FoundFiles"]

_CACHE_KIB = 8 * 1024
"""Memory for the temporary database; beyond it pages go to its file."""
_SCHEMA = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -{_CACHE_KIB};
CREATE TABLE found (
    identity TEXT PRIMARY KEY, stream TEXT, entry INTEGER, size INTEGER, type TEXT, name TEXT, times INTEGER,
    is_expected INTEGER
) WITHOUT ROWID;
"""
_PUT = """
INSERT INTO found VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (identity) DO UPDATE SET
    entry = coalesce(entry, excluded.entry), size = coalesce(size, excluded.size),
    type = coalesce(type, excluded.type), name = coalesce(name, excluded.name),
    times = times + excluded.times, is_expected = max(is_expected, excluded.is_expected)
"""
_IN_ORDER = "SELECT * FROM found ORDER BY entry IS NULL, entry, identity"
_HELD = "SELECT count(*) FROM found WHERE entry IS NOT NULL"


class FoundFile(NamedTuple):
    """One file. `entry`: the place in the artifact of the entry that it is; None where the artifact does not hold it.
    `size`, `type`, `name`: as the artifact's records say. `times`: how often they name it. `is_expected`: they do not
    say that it is gone, hidden or elsewhere."""

    identity: str
    stream: str
    entry: int | None
    size: int | None
    type: str | None
    name: str | None
    times: int
    is_expected: bool


class FoundFiles:
    """By identity; one thread at a time."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def clear(self) -> None:
        """The artifact is read from its beginning."""
        self._db.execute("DELETE FROM found")

    def put(self, file: FoundFile) -> None:
        """A record names it."""
        self._db.execute(_PUT, file)

    @property
    def held(self) -> int:
        """How many the artifact holds."""
        return self._db.execute(_HELD).fetchone()[0]

    def pages(self, size: int) -> Iterator[Sequence[FoundFile]]:
        """All of them in the order of their entries, those without one last."""
        found = self._db.execute(_IN_ORDER)
        while rows := found.fetchmany(size):
            yield [FoundFile(*row) for row in rows]
