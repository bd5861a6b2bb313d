"""What one write transaction knows of its connection, and what it writes back at its end.

Owns: the numbers of streams and of the batch everything is attributed to, the change sequence, the streams' totals.
Must not know: what an operation does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from polyhost.store import refusals
from polyhost.store.base import WriteCounts
from polyhost.store.sqlite import json_columns
from polyhost.store.write_rules import Decisions

__all__ = ["WriteContext"]

_BEGIN = """
SELECT counters.value, batches.id, batches.finished_at,
       (SELECT json_group_object(name, id) FROM streams WHERE connection_id = connections.id)
FROM connections JOIN counters ON counters.name = 'sequence'
     LEFT JOIN batches ON batches.name = ? AND batches.connection_id = connections.id
WHERE connections.id = ?
"""
_GROW = "UPDATE streams SET live_records = live_records + ?, deleted_records = deleted_records + ? WHERE id = ?"
_NEW_STREAM = """
INSERT INTO streams (connection_id, name, live_records, deleted_records) VALUES (?, ?, 0, 0) RETURNING id
"""


@dataclass(slots=True)
class WriteContext:
    """Made at the start of a write transaction; `finish` writes back what was decided in it."""

    db: sqlite3.Connection
    connection_id: int
    batch: int | None
    decisions: Decisions[int]
    _streams: dict[str, int]
    _first_sequence: int

    @classmethod
    def begin(cls, db: sqlite3.Connection, connection_id: int, batch_id: str | None) -> WriteContext:
        """Refuses a batch that is not of this connection or is finished. All is read afresh in every transaction,
        because another process may write to the same store; in one statement, for each costs the thread a turn."""
        row = db.execute(_BEGIN, (batch_id, connection_id)).fetchone()
        if row is None:
            raise refusals.unknown_connection(connection_id)
        sequence, batch, finished_at, streams = row
        if batch_id is not None and batch is None:
            raise refusals.unknown_batch(batch_id)
        if batch_id is not None and finished_at is not None:
            raise refusals.batch_closed(batch_id)
        return cls(db, connection_id, batch, Decisions(sequence), json_columns.load(streams), sequence)

    def stream_id(self, name: str) -> int:
        """The stream's number, which is new to the store where it has to be."""
        number = self._streams.get(name)
        if number is None:
            (number,) = self.db.execute(_NEW_STREAM, (self.connection_id, name)).fetchone()
            self._streams[name] = number
        return number

    def finish(self) -> Mapping[str, WriteCounts]:
        """Write back the sequence and the streams' totals; counts of the streams whose records were written."""
        if self.decisions.sequence != self._first_sequence:
            self.db.execute("UPDATE counters SET value = ? WHERE name = 'sequence'", (self.decisions.sequence,))
        for name, tally in self.decisions.tallies.items():
            if tally.live or tally.deleted:
                self.db.execute(_GROW, (tally.live, tally.deleted, self.stream_id(name)))
        return self.decisions.counts()
