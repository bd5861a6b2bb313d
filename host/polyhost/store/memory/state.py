"""Everything a store in memory holds, by connection. One event loop uses it, so that every call is a transaction.

Must not know: what the store's methods are.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import orjson

from polyhost.ledger.exceptions import ExceptionId, StandingException
from polyhost.ledger.files import Content
from polyhost.ledger.state import PartitionState
from polyhost.store import refusals
from polyhost.store.base import BatchRow, ConnectionRow, LeaseHolder, RunRow
from polyhost.store.memory.file_table import FileTable
from polyhost.store.memory.record_table import RecordTable
from polyhost.store.memory.search_model import SearchModel

__all__ = ["Kept", "Part", "State", "as_json"]


@dataclass(slots=True)
class Kept:
    """Everything of one connection."""

    row: ConnectionRow
    records: RecordTable
    lease: tuple[LeaseHolder, str | None] | None = None
    runs: dict[str, RunRow] = field(default_factory=dict[str, RunRow])
    batches: dict[str, BatchRow] = field(default_factory=dict[str, BatchRow])
    partitions: dict[tuple[str, str], PartitionState] = field(default_factory=dict[tuple[str, str], PartitionState])
    exceptions: dict[ExceptionId, StandingException] = field(default_factory=dict[ExceptionId, StandingException])
    checkpoints: dict[str, Any] = field(default_factory=dict[str, Any])
    memos: dict[str, Any] = field(default_factory=dict[str, Any])
    search: SearchModel | None = None
    files: FileTable = field(default_factory=FileTable)

    def copied(self) -> Kept:
        """As it is now, whatever becomes of this one; for reading."""
        names = ("runs", "batches", "partitions", "exceptions", "checkpoints", "memos")
        shallow = {name: dict(getattr(self, name)) for name in names}
        deep = {name: deepcopy(getattr(self, name)) for name in ("search", "files")}
        return replace(self, records=self.records.copied(), **deep, **shallow)

    def require_open(self, batch_id: str) -> None:
        """RunFailedError where nothing may be written for this batch."""
        batch = self.batches.get(batch_id)
        if batch is None:
            raise refusals.unknown_batch(batch_id)
        if batch.finished_at is not None:
            raise refusals.batch_closed(batch_id)


class State:
    """All connections, and the numbers that only grow."""

    def __init__(self) -> None:
        self.kept: dict[int, Kept] = {}
        self.ids = count(1)
        self.sequence = 0
        self.events = count(1)
        self.file_ids = count(1)
        self.contents: dict[str, Content] = {}
        self.closed = False

    def copied(self) -> State:
        copy = State()
        copy.kept = {number: kept.copied() for number, kept in self.kept.items()}
        copy.contents = dict(self.contents)
        return copy

    def known(self, connection_id: int) -> Kept:
        """RunFailedError where the connection is not there (any more)."""
        if connection_id not in self.kept:
            raise refusals.unknown_connection(connection_id)
        return self.kept[connection_id]

    def records(self, connection_id: int) -> RecordTable:
        """None at all of a connection that is not there."""
        kept = self.kept.get(connection_id)
        return kept.records if kept else RecordTable()


class Part:
    """One of the store's protocols over the same state."""

    def __init__(self, state: State) -> None:
        self.state = state


def as_json(value: Any) -> Any:
    """As it would come back from being written as JSON."""
    return orjson.loads(orjson.dumps(value))
