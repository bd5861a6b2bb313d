"""Things to store, made short. Every default is a value a real run could have written."""

from typing import Any

import orjson

from polyhost.boot_clock import Moment
from polyhost.ledger.digest import encode
from polyhost.store.base import BatchRow, ConnectionRow, LeaseHolder, RecordWrite, RunRow, Store, TombstoneAbsent

AT = "2026-11-22T03:15:58.000Z"
LATER = "2026-11-22T04:00:00.000Z"
MOMENT = Moment(1_800_000_000.0, "this boot", 5_000.0)
SOON = MOMENT.later(60)
BEFORE_ORDER = """
DROP TABLE record_files;
DROP TABLE files;
DROP TABLE contents;
DROP TABLE file_indexes;
DROP INDEX runs_by_connection;
CREATE INDEX runs_by_connection ON runs (connection_id, started_at);
ALTER TABLE runs DROP COLUMN started_number;
ALTER TABLE runs DROP COLUMN finished_number;
ALTER TABLE runs DROP COLUMN boot;
ALTER TABLE runs DROP COLUMN started_up;
ALTER TABLE runs DROP COLUMN finished_up;
ALTER TABLE leases DROP COLUMN boot;
ALTER TABLE leases DROP COLUMN expires_up;
DELETE FROM counters WHERE name = 'events';
"""
"""Makes of a store one of before its fourth migration, but for its version."""


def record(
    key: str,
    *,
    text: str = "hello",
    stream: str = "messages",
    op: Any = "upsert",
    partition: str | None = "C1",
    position: str | None = "1",
    cursor: str | None = None,
    is_head: bool = True,
    at: str = AT,
) -> RecordWrite:
    encoded = encode({"key": key, "text": text})
    return RecordWrite(
        stream, key, op, encoded.data, encoded.digest, at, partition, position, cursor or position, is_head
    )


def deletion(key: str, *, stream: str = "messages", at: str = LATER) -> RecordWrite:
    """As the engine sends it: a delete brings neither content nor a place."""
    return RecordWrite(stream, key, "delete", None, None, at)


def walk(*seen: str, since: str | None = None, until: str = "9", groups: tuple[str, ...] = ()) -> TombstoneAbsent:
    return TombstoneAbsent(
        stream="messages", partition="C1", since=since, until=until, seen=set(seen), groups=groups, at=LATER
    )


def holder(token: str, *, pid: int, expires: Moment = SOON, run_id: str = "run_1", host: str = "here") -> LeaseHolder:
    return LeaseHolder(token=token, pid=pid, host=host, run_id=run_id, expires=expires)


def run_rows(connection: ConnectionRow, number: int = 1, started_at: str = AT) -> tuple[RunRow, BatchRow]:
    batch = BatchRow(
        id=f"bat_{number}",
        connection_id=connection.id,
        method="browser_polyfill",
        trigger="owner",
        started_at=started_at,
    )
    run = RunRow(
        id=f"run_{number}",
        connection_id=connection.id,
        batch_id=batch.id,
        mode="incremental",
        status="running",
        started_at=started_at,
        scope={"streams": [{"name": "messages"}]},
    )
    return run, batch


async def connect(store: Store, name: str = "work") -> ConnectionRow:
    return await store.connections.create(
        name=name, source="slack", nature="live", options={"b": 1, "a": [2]}, account={"team": "T1"}, at=AT
    )


async def connect_and_open(store: Store, name: str = "work", number: int = 1) -> ConnectionRow:
    """A connection with a run under way, whose batch is `bat_<number>`."""
    connection = await connect(store, name)
    await store.runs.open(*run_rows(connection, number))
    return connection


def text_of(data: bytes) -> Any:
    return orjson.loads(data)
