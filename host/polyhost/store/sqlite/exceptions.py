"""What stands out of covered ranges, as rows: one for each, by stream, kind, partition and key."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from polyhost.ledger.exceptions import StandingException
from polyhost.protocol.exceptions import ExceptionKind, ExceptionReason
from polyhost.store.base import ResolveExceptions, SaveExceptions
from polyhost.store.sqlite.write_context import WriteContext

__all__ = ["read_exceptions", "resolve_exceptions", "save_exceptions"]

_SAVE = """
INSERT OR REPLACE INTO exceptions
       (stream_id, kind, partition, key, position, member, reason, detail, since, last_tried, tries, turn, set_aside_at,
        set_aside_reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_RESOLVE = "DELETE FROM exceptions WHERE stream_id = ? AND kind = ? AND partition = ? AND key = ?"
_READ = """
SELECT streams.name, kind, partition, key, position, member, reason, detail, since, last_tried, tries, turn,
       set_aside_at, set_aside_reason
FROM exceptions JOIN streams ON streams.id = exceptions.stream_id
WHERE streams.connection_id = ? AND (? IS NULL OR streams.name = ?)
ORDER BY streams.name, kind, partition, key
"""
_NONE = ""
"""The partition of what is in none: part of a key, which SQLite lets hold NULL twice."""


def save_exceptions(write: WriteContext, op: SaveExceptions) -> None:
    write.db.executemany(_SAVE, [_row(write, one) for one in op.standing])


def resolve_exceptions(write: WriteContext, op: ResolveExceptions) -> None:
    rows = [(write.stream_id(of.stream), str(of.kind), of.partition or _NONE, of.key) for of in op.healed]
    write.db.executemany(_RESOLVE, rows)


def read_exceptions(db: sqlite3.Connection, connection_id: int, stream: str | None) -> Sequence[StandingException]:
    return [_loaded(*row) for row in db.execute(_READ, (connection_id, stream, stream))]


def _row(write: WriteContext, one: StandingException) -> tuple[object, ...]:
    return (
        write.stream_id(one.stream),
        str(one.kind),
        one.partition or _NONE,
        one.key,
        one.position,
        one.member,
        str(one.reason),
        one.detail,
        one.since,
        one.last_tried,
        one.tries,
        one.turn,
        one.set_aside_at,
        one.set_aside_reason,
    )


def _loaded(
    stream: str,
    kind: str,
    partition: str,
    key: str,
    position: str | None,
    member: int,
    reason: str,
    detail: str,
    since: str,
    last_tried: str,
    tries: int,
    turn: int,
    set_aside_at: str | None,
    set_aside_reason: str | None,
) -> StandingException:
    return StandingException(
        stream=stream,
        kind=ExceptionKind(kind),
        key=key,
        reason=ExceptionReason(reason),
        since=since,
        last_tried=last_tried,
        partition=partition or None,
        position=position,
        member=bool(member),
        detail=detail,
        tries=tries,
        turn=turn,
        set_aside_at=set_aside_at,
        set_aside_reason=set_aside_reason,
    )
