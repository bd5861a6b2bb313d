"""The Store protocol: what the engine and the operations need kept, and the promises that come with it.

Promises: a `write` is one transaction, in order, all or nothing; once it returns, kill -9 loses none of it. Writers are
serialised. One run per connection at a time, held by a lease. Nothing here judges: ledger states, facts and receipts
come in finished and go out as they came.

Must not know: protocol messages, browsers, what coverage means.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from polyhost.ledger.state import PartitionState
from polyhost.searching.query import Query
from polyhost.searching.search_rules import SearchRules

__all__ = [
    "DISCONNECTED",
    "AddRecords",
    "BatchRow",
    "ConnectionRow",
    "LeaseHolder",
    "RecordPage",
    "RecordWrite",
    "RunRow",
    "SaveCheckpoints",
    "SavePartitions",
    "SearchHit",
    "SearchIndex",
    "SearchPage",
    "SearchWanted",
    "Store",
    "StoredRecord",
    "TombstoneAbsent",
    "WriteCounts",
    "WriteOp",
    "WriteRecords",
]

DISCONNECTED = "disconnected_at"
"""The option of a connection that was disconnected and whose data was kept: when, in ISO 8601."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRow:
    """One connector with one owner account. `nature`: whose data: the owner's, a test server's, or a recording's."""

    id: int
    name: str
    source: str
    nature: Literal["live", "test", "replay", "demo"]
    created_at: str
    options: Mapping[str, Any] = field(default_factory=dict)
    account: Mapping[str, Any] = field(default_factory=dict)

    @property
    def disconnected_at(self) -> str | None:
        """Since when its owner wants nothing more collected; None while it is connected. Its data is there still."""
        return self.options.get(DISCONNECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseHolder:
    """Who runs a connection now. `pid` and `host` let another process say so, and see that the holder is dead."""

    token: str
    pid: int
    host: str
    run_id: str
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One collection, from request to settled result. JSON fields hold what `run --json` shows."""

    id: str
    connection_id: int
    batch_id: str
    mode: str
    status: str
    started_at: str
    finished_at: str | None = None
    scope: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One bounded act of acquisition with its facts, as coverage.facts wrote them."""

    id: str
    connection_id: int
    method: str
    trigger: str
    started_at: str
    finished_at: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


class RecordWrite(NamedTuple):  # a tuple: one for every record
    """One record ready to be stored. `data` is canonical JSON (sorted keys); `position` is a sort key that compares as
    text in the declared cursor order: a group member has its head's position, and `is_head` False; `cursor` is the
    record's own cursor value as the source wrote it. An upsert without a digest always counts as a change."""

    stream: str
    key: str
    op: Literal["upsert", "delete"]
    data: bytes | None
    digest: bytes | None
    emitted_at: str
    partition: str | None = None
    position: str | None = None
    cursor: str | None = None
    is_head: bool = True


@dataclass(frozen=True, slots=True)
class WriteRecords:
    """Insert, update (the old version is kept) or leave each record, by digest, in order.

    A delete leaves a tombstone that keeps the last content; one of an unknown key, a tombstone with what it brings. A
    tombstone that is deleted again stays as it is; one that is upserted is live again, as an update.
    """

    records: Sequence[RecordWrite]


@dataclass(frozen=True, slots=True)
class AddRecords:
    """Insert what is not there; leave what is. A record that is there with other content, or otherwise live or deleted,
    is handed back in `WriteCounts.differing` and not counted: somebody else decides what it comes to.

    A known record's `emitted_at` moves on where the same content is brought again as of later.
    """

    records: Sequence[RecordWrite]


@dataclass(frozen=True, slots=True, kw_only=True)
class TombstoneAbsent:
    """Tombstone what is stored in this range and was not seen in a complete walk of it.

    Heads: every stored head in [since, until] that is not in `seen`. Members: those not in `seen` whose group is in
    `groups`, or whose stored head is not in `seen` either (a group whose head was never stored is left alone).
    `since` None = from the beginning. Positions and groups are sort keys.
    """

    stream: str
    partition: str
    since: str | None
    until: str
    seen: Collection[str]
    groups: Collection[str]
    at: str


@dataclass(frozen=True, slots=True)
class SavePartitions:
    """Insert or replace ledger entries."""

    states: Sequence[PartitionState]


@dataclass(frozen=True, slots=True)
class SaveCheckpoints:
    """Opaque cursors per stream (STATE), as the connector gave them."""

    cursors: Mapping[str, Any]


WriteOp = WriteRecords | AddRecords | TombstoneAbsent | SavePartitions | SaveCheckpoints


@dataclass(slots=True)
class WriteCounts:
    """What one stream's records came to in a write."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    differing: list[RecordWrite] = field(default_factory=list["RecordWrite"])


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record as it is read back. `version` starts at 1 and counts changes; `sequence`: store-wide change number."""

    stream: str
    key: str
    partition: str | None
    data: dict[str, Any] | None
    emitted_at: str
    version: int
    deleted: bool
    batch_id: str
    sequence: int


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records in (position, key) order with the cursor of the next page."""

    records: Sequence[StoredRecord]
    next: str | None


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """How far a connection's index has come: through which change number, and how many records are beyond it."""

    rules: SearchRules
    indexed_through: int
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchWanted:
    """What is searched for, and where. `since` (inclusive), `until` (exclusive): whole seconds since 1970; with either,
    records without a moment are left out. `after`: `next` of the page before."""

    connections: Sequence[int]
    query: Query
    stream: str | None = None
    partition: str | None = None
    since: int | None = None
    until: int | None = None
    limit: int = 20
    after: str | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A record that was found, and whose it is."""

    connection_id: int
    record: StoredRecord


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Hits, the newest first (records without a moment before them), with the cursor of the next page."""

    hits: Sequence[SearchHit]
    next: str | None


class Store(Protocol):
    """Async; every method may raise PolyhostError with reason and instruction, nothing else."""

    async def close(self) -> None: ...

    # connections
    async def create_connection(
        self, *, name: str, source: str, nature: str, options: Mapping[str, Any], account: Mapping[str, Any], at: str
    ) -> ConnectionRow:
        """RefusedError where the name is taken."""
        ...

    async def connection(self, name: str) -> ConnectionRow | None: ...

    async def connections(self) -> Sequence[ConnectionRow]: ...

    async def update_connection(
        self,
        connection_id: int,
        *,
        options: Mapping[str, Any] | None = None,
        account: Mapping[str, Any] | None = None,
        nature: str | None = None,
        name: str | None = None,
    ) -> None:
        """Change what is given. RefusedError `connection_exists` where another one has the name."""
        ...

    async def delete_connection(self, connection_id: int) -> None:
        """With all its records, state, runs and batches."""
        ...

    async def forget_deleted(self) -> None:
        """Nothing that was deleted is to be found in the file any more. Takes as long as copying what is left."""
        ...

    # the lease
    async def acquire_lease(self, connection_id: int, holder: LeaseHolder, *, now: float) -> LeaseHolder | None:
        """None when the lease is ours now; otherwise who has it. A lease that expired, or whose holder is dead on this
        host, is taken over."""
        ...

    async def renew_lease(self, connection_id: int, token: str, *, expires_at: float) -> bool: ...

    async def release_lease(self, connection_id: int, token: str) -> None: ...

    # batches and runs
    async def open_run(self, run: RunRow, batch: BatchRow) -> None: ...

    async def close_run(self, run: RunRow, batch: BatchRow) -> None:
        """The final facts and result of both, in one transaction. RunFailedError `batch_closed` where another process
        took this run for dead and abandoned it."""
        ...

    async def run(self, run_id: str) -> RunRow | None: ...

    async def runs(self, connection_id: int, *, limit: int = 50) -> Sequence[RunRow]:
        """Newest first."""
        ...

    async def abandon_runs(self, connection_id: int, *, at: str) -> Sequence[str]:
        """Mark runs left `running` by a process that died as failed, and finish their batches; called by who holds the
        lease. Returns their ids, oldest first."""
        ...

    async def batch(self, batch_id: str) -> BatchRow | None: ...

    async def batches(self, connection_id: int, *, limit: int = 50) -> Sequence[BatchRow]: ...

    # the write path
    async def write(
        self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
    ) -> Mapping[str, WriteCounts]:
        """Apply in order, in one transaction; counts of each stream whose records were written.

        `batch_id` None: an owner's own act, which may save partitions and checkpoints but no records. RunFailedError
        `unknown_batch`, or `batch_closed` once the batch is finished: a run that was taken over cannot write on.
        """
        ...

    # the ledger and checkpoints
    async def partitions(self, connection_id: int, stream: str | None = None) -> Sequence[PartitionState]: ...

    async def checkpoints(self, connection_id: int) -> Mapping[str, Any]: ...

    # reading
    async def stored_data(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        """Last content of records that exist (deleted ones too), by key."""
        ...

    async def digests(
        self, connection_id: int, stream: str, keys: Sequence[str]
    ) -> Mapping[str, tuple[bytes | None, bool]]:
        """Of records that exist: the digest, and whether it is deleted."""
        ...

    async def stored(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        """Records that exist, deleted ones too, by key."""
        ...

    async def groups(
        self, connection_id: int, stream: str, partition: str, positions: Sequence[str]
    ) -> Mapping[str, tuple[int, str | None]]:
        """Per group position (sort key): how many live members beside the head, and the greatest member cursor or None.

        Every position asked for is answered. Cursors compare as text, which is their order where a source writes them
        with a fixed width.
        """
        ...

    async def lookback(
        self, connection_id: int, stream: str, partition: str, *, heads: int, before: str | None = None
    ) -> tuple[str | None, int]:
        """The cursor of the `heads`-th newest live head (None: there are fewer), and how many groups with members lie
        from it on.

        `before` (a position's sort key): only heads strictly below it, as the rotating sweep goes down.
        """
        ...

    async def records(
        self,
        connection_id: int,
        stream: str,
        *,
        partition: str | None = None,
        position: str | None = None,
        since: str | None = None,
        until: str | None = None,
        limit: int = 100,
        after: str | None = None,
        newest: bool = False,
        heads: bool = False,
        deleted: bool = False,
    ) -> RecordPage:
        """A page in (position, key) order over all partitions or one; streams without positions come by key.

        `position`, `since`, `until`: sort keys; positions equal to it, from it on, before it. `after`: `next` of the
        page before; RefusedError `bad_cursor` for anything else. `newest`: the order reversed. `heads`: no members of
        groups. `deleted`: tombstones too.
        """
        ...

    async def count_partitions(
        self, connection_id: int, stream: str, partitions: Sequence[str]
    ) -> Mapping[str, tuple[int, int]]:
        """Of each of these partitions: live records, tombstones. Time grows with what they hold, not with the store."""
        ...

    async def labels(self, connection_id: int, stream: str, partitions: Sequence[str]) -> Mapping[str, str]:
        """What the ledger calls these partitions, for those that have a name."""
        ...

    async def partition_keys(self, connection_id: int, stream: str) -> Sequence[str | None]:
        """The partitions that hold records, tombstones too, in order; None, last, for records that are in none."""
        ...

    async def last_change(self, connection_id: int) -> int:
        """The number of the connection's newest change; 0 where there is none."""
        ...

    def snapshot(self) -> AbstractAsyncContextManager[Store]:
        """The store as it is now, for reading only, however long that takes and whatever is written meanwhile. Its
        calls come one after another."""
        ...

    async def count_records(self, connection_id: int) -> Mapping[str, tuple[int, int]]:
        """Per stream: live records, tombstones."""
        ...

    async def versions(self, connection_id: int, stream: str, key: str) -> Sequence[StoredRecord]:
        """Oldest first, the current one last."""
        ...

    async def changes(self, connection_id: int, *, after: int, limit: int) -> Sequence[StoredRecord]:
        """In change-sequence order, for incremental export."""
        ...

    # searching
    async def index(self, connection_id: int, rules: SearchRules, *, limit: int) -> bool:
        """Take at most so many changed records into the connection's index, in one transaction; whether there are more.

        An index that was made by other rules is made anew from the beginning.
        """
        ...

    async def search_index(self, connection_id: int) -> SearchIndex | None:
        """How far the index has come; None where nothing was ever indexed."""
        ...

    async def search(self, wanted: SearchWanted) -> SearchPage:
        """What the indices hold. A record that has changed since its index has seen it is not found until it has been
        taken in again: `search_index` says how many those are. RefusedError `bad_cursor`."""
        ...

    # governor memory and the like
    async def get_memo(self, connection_id: int, name: str) -> Any: ...

    async def set_memo(self, connection_id: int, name: str, value: Any) -> None: ...
