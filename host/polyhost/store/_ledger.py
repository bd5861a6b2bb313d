"""Ledger entries and checkpoints, as rows. An entry is one JSON object: the ledger decides what is in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from polyhost.ledger.state import PartitionState, PartitionStatus, Range
from polyhost.store import _json
from polyhost.store._context import WriteContext

__all__ = ["checkpoints", "labels", "partitions", "save_checkpoints", "save_partitions"]

_FIELDS = [field.name for field in fields(PartitionState) if field.name not in ("stream", "key")]

_RANGES = ("covered", "imported")


def save_partitions(write: WriteContext, states: Sequence[PartitionState]) -> None:
    write.db.executemany(
        "INSERT OR REPLACE INTO partitions (stream_id, key, state) VALUES (?, ?, ?)",
        [(write.stream(state.stream).id, state.key, _dumped(state)) for state in states],
    )


def save_checkpoints(write: WriteContext, cursors: Mapping[str, Any]) -> None:
    write.db.executemany(
        "INSERT OR REPLACE INTO checkpoints (connection_id, stream, cursor) VALUES (?, ?, ?)",
        [(write.connection_id, stream, _json.dump_opaque(cursor)) for stream, cursor in cursors.items()],
    )


def partitions(db: sqlite3.Connection, connection_id: int, stream: str | None) -> Sequence[PartitionState]:
    rows = db.execute(
        "SELECT streams.name, partitions.key, partitions.state FROM partitions"
        " JOIN streams ON streams.id = partitions.stream_id"
        " WHERE streams.connection_id = ? AND (? IS NULL OR streams.name = ?) ORDER BY streams.name, partitions.key",
        (connection_id, stream, stream),
    )
    return [_loaded(*row) for row in rows]


def labels(db: sqlite3.Connection, connection_id: int, stream: str, partitions: Sequence[str]) -> Mapping[str, str]:
    statement = (
        "SELECT json_extract(partitions.state, '$.label') FROM partitions"
        " JOIN streams ON streams.id = partitions.stream_id"
        " WHERE streams.connection_id = ? AND streams.name = ? AND partitions.key = ?"
    )
    found = {key: db.execute(statement, (connection_id, stream, key)).fetchone() for key in partitions}
    return {key: row[0] for key, row in found.items() if row is not None and row[0] is not None}


def checkpoints(db: sqlite3.Connection, connection_id: int) -> Mapping[str, Any]:
    rows = db.execute(
        "SELECT stream, cursor FROM checkpoints WHERE connection_id = ? ORDER BY stream", (connection_id,)
    )
    return {stream: _json.load(cursor) for stream, cursor in rows}


def _dumped(state: PartitionState) -> str:
    values = {name: getattr(state, name) for name in _FIELDS}
    for name in _RANGES:
        values[name] = [[piece.since, piece.until] for piece in getattr(state, name)] or None
    values["covered"] = values["covered"] or []
    return _json.dump({name: value for name, value in values.items() if value is not None})


def _loaded(stream: str, key: str, text: str) -> PartitionState:
    values = _json.load(text)
    values["status"] = PartitionStatus(values["status"])
    for name in _RANGES:
        values[name] = tuple(Range(since, until) for since, until in values.get(name, ()))
    return PartitionState(stream=stream, key=key, **values)
