"""Ledger entries and checkpoints, as rows. An entry is one JSON object: the ledger decides what is in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from typing import Any

from polyhost.ledger.exceptions import StandingException
from polyhost.ledger.state import HiddenStretch, PartitionState, PartitionStatus, Range, ResumeToken
from polyhost.store.base import LedgerStore, SaveCheckpoints, SavePartitions
from polyhost.store.sqlite import json_columns
from polyhost.store.sqlite.exceptions import read_exceptions
from polyhost.store.sqlite.threads import Part, reads
from polyhost.store.sqlite.write_context import WriteContext

__all__ = ["SqliteLedger", "save_checkpoints", "save_partitions"]

_FIELDS = [field.name for field in fields(PartitionState) if field.name not in ("stream", "key")]

_RANGES = ("covered", "imported")

_PARTITIONS = """
SELECT streams.name, partitions.key, partitions.state
FROM partitions JOIN streams ON streams.id = partitions.stream_id
WHERE streams.connection_id = ? AND (? IS NULL OR streams.name = ?) ORDER BY streams.name, partitions.key
"""
_LABEL = """
SELECT json_extract(partitions.state, '$.label')
FROM partitions JOIN streams ON streams.id = partitions.stream_id
WHERE streams.connection_id = ? AND streams.name = ? AND partitions.key = ?
"""
_CHECKPOINTS = "SELECT stream, cursor FROM checkpoints WHERE connection_id = ? ORDER BY stream"


def save_partitions(write: WriteContext, op: SavePartitions) -> None:
    rows = [(write.stream_id(state.stream), state.key, _dumped(state)) for state in op.states]
    write.db.executemany("INSERT OR REPLACE INTO partitions (stream_id, key, state) VALUES (?, ?, ?)", rows)


def save_checkpoints(write: WriteContext, op: SaveCheckpoints) -> None:
    rows = [(write.connection_id, stream, json_columns.dump_verbatim(cursor)) for stream, cursor in op.cursors.items()]
    write.db.executemany("INSERT OR REPLACE INTO checkpoints (connection_id, stream, cursor) VALUES (?, ?, ?)", rows)


class SqliteLedger(Part, LedgerStore):
    """See `LedgerStore`."""

    @reads
    def partitions(
        self, db: sqlite3.Connection, connection_id: int, stream: str | None = None
    ) -> Sequence[PartitionState]:
        return [_loaded(*row) for row in db.execute(_PARTITIONS, (connection_id, stream, stream))]

    @reads
    def labels(
        self, db: sqlite3.Connection, connection_id: int, stream: str, partitions: Sequence[str]
    ) -> Mapping[str, str]:
        found = {key: db.execute(_LABEL, (connection_id, stream, key)).fetchone() for key in partitions}
        return {key: row[0] for key, row in found.items() if row is not None and row[0] is not None}

    @reads
    def exceptions(
        self, db: sqlite3.Connection, connection_id: int, stream: str | None = None
    ) -> Sequence[StandingException]:
        return read_exceptions(db, connection_id, stream)

    @reads
    def checkpoints(self, db: sqlite3.Connection, connection_id: int) -> Mapping[str, Any]:
        return {stream: json_columns.load(cursor) for stream, cursor in db.execute(_CHECKPOINTS, (connection_id,))}


def _dumped(state: PartitionState) -> str:
    values = {name: getattr(state, name) for name in _FIELDS}
    for name in _RANGES:
        values[name] = [[piece.since, piece.until] for piece in getattr(state, name)] or None
    values["covered"] = values["covered"] or []
    values["hidden"] = [astuple(one) for one in state.hidden] or None
    values["contiguous"] = list(state.contiguous) or None
    values["tokens"] = [[one.at, one.way, one.token] for one in state.tokens] or None
    values |= {name: getattr(state, name) or None for name in ("to_end", "followed")}
    return json_columns.dump({name: value for name, value in values.items() if value is not None})


def _loaded(stream: str, key: str, text: str) -> PartitionState:
    values = json_columns.load(text)
    values["status"] = PartitionStatus(values["status"])
    for name in _RANGES:
        values[name] = tuple(Range(since, until) for since, until in values.get(name, ()))
    values["tokens"] = tuple(ResumeToken(*one) for one in values.get("tokens", ()))
    values["hidden"] = tuple(HiddenStretch(*one) for one in values.get("hidden", ()))
    values["contiguous"] = tuple(values.get("contiguous", ()))
    return PartitionState(stream=stream, key=key, **values)
