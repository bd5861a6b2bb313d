"""What one write transaction knows and counts while its operations are applied.

Owns: stream numbers, the change sequence, counts per stream, the batch everything is attributed to.
Must not know: what an operation does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from polyhost.store import refusals
from polyhost.store.base import WriteCounts
from polyhost.store.sqlite import json_columns

__all__ = ["StreamTally", "WriteContext"]

_BEGIN = """
SELECT counters.value, batches.id, batches.finished_at,
       (SELECT json_group_object(name, id) FROM streams WHERE connection_id = connections.id)
FROM connections JOIN counters ON counters.name = 'sequence'
     LEFT JOIN batches ON batches.name = ? AND batches.connection_id = connections.id
WHERE connections.id = ?
"""


@dataclass(slots=True)
class StreamTally:
    """One stream in this write: its number in the store, what the records came to, and by how much it grew."""

    id: int
    counts: WriteCounts = field(default_factory=WriteCounts)
    live: int = 0
    deleted: int = 0


@dataclass(slots=True)
class WriteContext:
    """Made at the start of a write transaction; `finish` writes back what it counted."""

    db: sqlite3.Connection
    connection_id: int
    batch: int | None
    sequence: int
    _known: dict[str, int]
    _first_sequence: int
    _tallies: dict[str, StreamTally] = field(default_factory=dict)

    @classmethod
    def begin(cls, db: sqlite3.Connection, connection_id: int, batch_id: str | None) -> WriteContext:
        """Refuses a batch that is not of this connection or is finished. All is read afresh in every transaction,
        because another process may write to the same store; in one statement, for each costs the thread a turn."""
        row = db.execute(_BEGIN, (batch_id, connection_id)).fetchone()
        if row is None:
            raise refusals.unknown_connection(connection_id)
        sequence, batch, finished_at, known = row
        if batch_id is not None and batch is None:
            raise refusals.unknown_batch(batch_id)
        if batch_id is not None and finished_at is not None:
            raise refusals.batch_closed(batch_id)
        return cls(db, connection_id, batch, sequence, json_columns.load(known), sequence)

    def stream(self, name: str) -> StreamTally:
        """The stream of this name, which is new to the store where it has to be."""
        tally = self._tallies.get(name)
        if tally is None:
            tally = self._tallies[name] = StreamTally(self._stream_id(name))
        return tally

    def changed(self) -> int:
        """The number of the next change."""
        self.sequence += 1
        return self.sequence

    def attributed_to(self) -> int:
        """The batch of what is written now; records are never written without one."""
        if self.batch is None:
            raise refusals.unknown_batch(None)
        return self.batch

    def finish(self) -> Mapping[str, WriteCounts]:
        """Write back the sequence and the streams' totals; counts of the streams whose records were written."""
        if self.sequence != self._first_sequence:
            self.db.execute("UPDATE counters SET value = ? WHERE name = 'sequence'", (self.sequence,))
        for tally in self._tallies.values():
            if tally.live or tally.deleted:
                self.db.execute(
                    "UPDATE streams SET live_records = live_records + ?, deleted_records = deleted_records + ?"
                    " WHERE id = ?",
                    (tally.live, tally.deleted, tally.id),
                )
        return {name: tally.counts for name, tally in self._tallies.items() if tally.counts != WriteCounts()}

    def _stream_id(self, name: str) -> int:
        number = self._known.get(name)
        if number is None:
            (number,) = self.db.execute(
                "INSERT INTO streams (connection_id, name, live_records, deleted_records) VALUES (?, ?, 0, 0)"
                " RETURNING id",
                (self.connection_id, name),
            ).fetchone()
            self._known[name] = number
        return number
