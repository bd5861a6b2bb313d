"""What a store holds at one moment, and what must never be so, whenever a run was killed.

Owns: the checks that need no finished run. Must not know: processes, when a run was killed.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from polyhost.ledger import ranges
from polyhost.ledger.state import CursorOrder, Range
from polyhost.operations.context import Context
from polyhost.store.base import RecordQuery

__all__ = ["Message", "Moment", "Stored", "broken", "newly_claimed", "read"]

Moment = tuple[str, str]
"""A message by channel and ts."""
EVERYTHING = 1_000_000


@dataclass(frozen=True, slots=True)
class Message:
    """A stored message: where it belongs, how often it has changed."""

    key: str
    position: str
    version: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """A connection's messages and ledger."""

    messages: Mapping[Moment, Message]
    twice: int
    covered: Mapping[str, ranges.Ranges]
    runs: tuple[tuple[str, str], ...]
    """Newest first: id and status."""

    @property
    def live(self) -> set[Moment]:
        return {moment for moment, message in self.messages.items() if not message.deleted}


async def read(home: Path, name: str) -> Stored:
    """As the next command finds it."""
    context = Context(home=home)
    async with context.store(create=False) as store:
        row = await context.connection(store, name)
        page = await store.records.page(row.id, "messages", RecordQuery(limit=EVERYTHING, deleted=True))
        found: dict[Moment, Message] = {}
        counted: Counter[Moment] = Counter()
        for record in page.records:
            data = record.data
            if data is None:
                continue
            moment = (data["channel_id"], data["ts"])
            counted[moment] += 1
            found[moment] = Message(record.key, data["thread_ts"] or data["ts"], record.version, record.deleted)
        covered = {state.key: state.covered for state in await store.ledger.partitions(row.id, "messages")}
        runs = tuple((run.id, run.status) for run in await store.runs.newest(row.id, limit=3))
    return Stored(found, sum(number - 1 for number in counted.values()), covered, runs)


def broken(home: Path) -> list[str]:
    """What SQLite itself finds wrong with the file a killed process has left, if it came to make one."""
    if not (home / "store.db").exists():
        return []
    with closing(sqlite3.connect(home / "store.db")) as db:
        whole = [str(row[0]) for row in db.execute("PRAGMA integrity_check")]
        strays = list(db.execute("PRAGMA foreign_key_check"))
    return [line for line in whole if line != "ok"] + [f"foreign key: {stray}" for stray in strays]


def newly_claimed(before: Stored, now: Stored, channel: str) -> ranges.Ranges:
    """What is covered now and was not before."""
    order = CursorOrder.DECIMAL
    found: list[Range] = []
    for piece in now.covered.get(channel, ()):
        found += ranges.without(piece, before.covered.get(channel, ()), order)
    return tuple(found)
