"""What a preview has been given so far, in a temporary database of its own.

SQLite keeps it in memory and, when it grows, in an unnamed file that is gone with the process, so that a million
records take no more memory than a thousand. Must not know: the store beside it, what becomes of a record.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from polyhost.store.base import RecordWrite, StoredRecord

__all__ = ["Overlay", "OverlayRecord", "OverlayRow"]

_CACHE_KIB = 16 * 1024
"""Memory for the temporary database; beyond it pages go to its file."""
_KEYS = 500
_SCHEMA = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -{_CACHE_KIB};
CREATE TABLE brought (stream TEXT, key TEXT, digest BLOB, deleted INTEGER, partition TEXT, emitted_at TEXT, data BLOB);
CREATE UNIQUE INDEX brought_by_key ON brought (stream, key);
"""

_KEEP = """
INSERT INTO brought VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (stream, key) DO UPDATE SET
    digest = excluded.digest, deleted = excluded.deleted, emitted_at = excluded.emitted_at,
    partition = iif(excluded.data IS NULL, partition, excluded.partition), data = coalesce(excluded.data, data)
"""
_BROUGHT = "SELECT key, digest, deleted, partition, emitted_at, data FROM brought WHERE stream = ? AND key IN ({marks})"


class OverlayRow(NamedTuple):
    """Which record, and the digest of its present content."""

    stream: str
    key: str
    digest: bytes | None


class OverlayRecord(NamedTuple):
    """What the preview has of one record. `data` None: its content is the stored one, if there is any."""

    digest: bytes | None
    deleted: bool
    partition: str | None
    emitted_at: str
    data: bytes | None

    @classmethod
    def of(cls, record: RecordWrite) -> OverlayRecord:
        return cls(record.digest, record.op == "delete", record.partition, record.emitted_at, record.data)

    @classmethod
    def as_it_was(cls, digest: bytes | None, at: str, *, deleted: bool) -> OverlayRecord:
        """The content that is known already, deleted or seen again as of this moment."""
        return cls(digest, deleted, None, at, None)

    @property
    def is_seen_again(self) -> bool:
        return self.data is None and not self.deleted

    def as_stored(self, stream: str, key: str) -> StoredRecord:
        return StoredRecord(
            stream=stream,
            key=key,
            partition=self.partition,
            data=None if self.data is None else orjson.loads(self.data),
            emitted_at=self.emitted_at,
            version=1,
            deleted=self.deleted,
            batch_id="",
            sequence=0,
        )


class Overlay:
    """By stream and key; one thread at a time."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    def keep(self, records: Iterable[tuple[OverlayRow, OverlayRecord]]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(_KEEP, [(row.stream, row.key, *brought) for row, brought in records])
        self._db.execute("COMMIT")

    def by_key(self, stream: str, keys: Sequence[str]) -> dict[str, OverlayRecord]:
        found: dict[str, OverlayRecord] = {}
        for start in range(0, len(keys), _KEYS):
            chunk = keys[start : start + _KEYS]
            marks = ",".join("?" * len(chunk))
            for key, digest, deleted, *rest in self._db.execute(_BROUGHT.format(marks=marks), (stream, *chunk)):
                found[key] = OverlayRecord(digest, bool(deleted), *rest)
        return found
