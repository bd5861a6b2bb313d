"""A home with as many records as a long collection leaves, written straight into the store.

Owns: what such a home holds: one connection of the made-up chat service, its records, one ended run, a ledger in which
every partition is covered from its beginning. Must not know: what is measured over it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from itertools import islice

from benchmarks.site import CHAT
from polyhost.connectors.loading import load_connector_folder
from polyhost.engine.clock import Clock, new_id
from polyhost.engine.reading.indexing import STEP_RECORDS
from polyhost.ledger.cursor import sort_key
from polyhost.ledger.digest import DIGEST_BYTES
from polyhost.ledger.state import CursorOrder, PartitionState, Range
from polyhost.searching.declared import search_rules
from polyhost.searching.search_rules import SearchRules
from polyhost.store.base import BatchRow, ConnectionRow, RecordWrite, RunRow, SavePartitions, Store, WriteRecords

__all__ = ["NAME", "STREAM", "begun", "channel", "fill", "rules"]

NAME = "chat"
STREAM = "messages"
_CHUNK = 2_000
_BEGINNING = 1_600_000_000
_TEXT = ("We moved the harbour lights one berth to the east. " * 20)[:509]
_DATA = (  # canonical: keys sorted, no spaces; 900 bytes
    '{"blocks":[{"elements":[{"elements":[{"text":"ahoy","type":"text"}],"type":"rich_text_section"}],'
    '"type":"rich_text"}],"channel_id":"%s","edited_ts":null,"files":[],"latest_reply":null,"reactions":[],'
    '"reply_count":0,"sent_at":"2020-09-13T12:26:40.000Z","subtype":null,"team_id":"T0BENCH0001",'
    '"text":"crate%08d ' + _TEXT + '","thread_ts":null,"ts":"%s","user_id":"U0BENCH0001"}'
)


def channel(number: int) -> str:
    """The key of a partition."""
    return f"C0BENCH{number:05d}"


def cursor(index: int) -> str:
    """The cursor of a channel's message."""
    return f"{_BEGINNING + index * 30}.{index:06d}"


async def fill(
    store: Store, *, records: int, partitions: int, indexed: bool = False, name: str = NAME
) -> ConnectionRow:
    """Spread so many records evenly over so many partitions; `indexed`: ready to be searched."""
    clock = Clock()
    at = clock.iso()
    connection = await store.connections.create(
        name=name, source=str(CHAT), nature="test", options={}, account={}, at=at
    )
    run, batch = begun(connection.id, clock)
    await store.runs.open(run, batch)
    each = records // partitions
    writes = _records(partitions, each, at)
    while chunk := list(islice(writes, _CHUNK)):
        await store.write(connection.id, batch.id, [WriteRecords(chunk)])
    states = [
        PartitionState(
            stream=STREAM,
            key=channel(number),
            label=f"channel-{number}",
            covered=(Range(None, cursor(each - 1)),),
            first_seen=at,
            last_seen=at,
            refreshed_at=at,
            swept_at=at,
        )
        for number in range(partitions)
    ]
    await store.write(connection.id, batch.id, [SavePartitions(states)])
    ended = clock.iso()
    await store.runs.close(replace(run, status="complete", finished_at=ended), replace(batch, finished_at=ended))
    while indexed and await store.search.index(connection.id, rules(), limit=STEP_RECORDS):
        pass
    return connection


def rules() -> SearchRules:
    """What of these records is searched."""
    return search_rules(load_connector_folder(CHAT).manifest)


def begun(connection_id: int, clock: Clock) -> tuple[RunRow, BatchRow]:
    """A run of this connection, and its batch, to be opened."""
    at, now = clock.iso(), clock.now()
    batch = BatchRow(
        id=new_id("bat", now),
        connection_id=connection_id,
        method="browser_polyfill",
        trigger="owner",
        started_at=at,
    )
    run = RunRow(
        id=new_id("run", now),
        connection_id=connection_id,
        batch_id=batch.id,
        mode="full_refresh",
        status="running",
        started_at=at,
    )
    return run, batch


def _records(partitions: int, each: int, at: str) -> Iterator[RecordWrite]:
    for index in range(each):  # all channels side by side, as they grow: the worst order for an index by channel
        ts = cursor(index)
        position = sort_key(ts, CursorOrder.DECIMAL)
        for number in range(partitions):
            key = channel(number)
            data = (_DATA % (key, index * partitions + number, ts)).encode()  # a word that no other record has
            digest = blake2b(data, digest_size=DIGEST_BYTES).digest()
            yield RecordWrite(STREAM, f'["{key}","{ts}"]', "upsert", data, digest, at, key, position, ts)
