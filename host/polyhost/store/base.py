"""The Store: six protocols, each for one kind of thing that is kept, and the promises that come with them.

    store.connections   who is collected from, and the small things that are remembered of each
    store.runs          runs and their batches, and the lease that lets one run at a time
    store.records       reading records back: by key, by page, by change
    store.ledger        what is known of each partition, and the checkpoints of connectors
    store.search        the full-text indices
    store.files         the files of records: which there are, and what became of each

What is written in one transaction may be records and ledger entries at once, so `write` is the store's own, as is what
concerns all of it: `snapshot`, `forget_deleted`, `close`.

Promises: a `write` is one transaction, in order, all or nothing; once it returns, kill -9 loses none of it. Writers are
serialised. One run per connection at a time, held by a lease. Nothing here judges: ledger states, facts and receipts
come in finished and go out as they came. Every method is async and may raise PolyhostError with reason and instruction,
nothing else.

Every signature stands here and nowhere else but in what implements it. Must not know: protocol messages, browsers, what
coverage means, how anything is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from polyhost.boot_clock import Moment
from polyhost.ledger.exceptions import StandingException
from polyhost.ledger.files import Content
from polyhost.ledger.state import PartitionState
from polyhost.protocol.record_files import FileRules
from polyhost.searching.search_rules import SearchRules
from polyhost.store.file_rows import EVERY_FILE, FileCount, FilePage, FileQuery, FileResult, FileRow, RecordFile
from polyhost.store.memos import Memo
from polyhost.store.rows import (
    DISCONNECTED,
    DISCOVERED,
    EVERY_RECORD,
    SETTINGS,
    BatchRow,
    ConnectionRow,
    LeaseHolder,
    RecordDigest,
    RecordPage,
    RecordQuery,
    RunRow,
    SearchHit,
    SearchIndex,
    SearchPage,
    SearchWanted,
    StoredRecord,
)
from polyhost.store.writes import (
    AddRecords,
    RecordWrite,
    ResolveExceptions,
    SaveCheckpoints,
    SaveExceptions,
    SavePartitions,
    TombstoneAbsent,
    TombstoneUnseen,
    WriteCounts,
    WriteOp,
    WriteRecords,
)

__all__ = [
    "DISCONNECTED",
    "DISCOVERED",
    "EVERY_FILE",
    "EVERY_RECORD",
    "SETTINGS",
    "AddRecords",
    "BatchRow",
    "ConnectionRow",
    "ConnectionStore",
    "FileCount",
    "FilePage",
    "FileQuery",
    "FileResult",
    "FileRow",
    "FileStore",
    "LeaseHolder",
    "LedgerStore",
    "RecordDigest",
    "RecordFile",
    "RecordPage",
    "RecordQuery",
    "RecordStore",
    "RecordWrite",
    "ResolveExceptions",
    "RunRow",
    "RunStore",
    "SaveCheckpoints",
    "SaveExceptions",
    "SavePartitions",
    "SearchHit",
    "SearchIndex",
    "SearchPage",
    "SearchStore",
    "SearchWanted",
    "Store",
    "StoredRecord",
    "TombstoneAbsent",
    "TombstoneUnseen",
    "WriteCounts",
    "WriteOp",
    "WriteRecords",
]

T = TypeVar("T")


class ConnectionStore(Protocol):
    """Connections, and what is remembered of each."""

    async def create(
        self, *, name: str, source: str, nature: str, options: Mapping[str, Any], account: Mapping[str, Any], at: str
    ) -> ConnectionRow:
        """RefusedError `connection_exists` where the name is taken."""
        ...

    async def get(self, name: str) -> ConnectionRow | None: ...

    async def all(self) -> Sequence[ConnectionRow]:
        """By name."""
        ...

    async def update(
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

    async def delete(self, connection_id: int) -> None:
        """With all its records, state, runs and batches."""
        ...

    async def memo(self, connection_id: int, memo: Memo[T]) -> T:
        """What was kept last; the memo's default where nothing was."""
        ...

    async def save_memo(self, connection_id: int, memo: Memo[T], value: T) -> None: ...


class RunStore(Protocol):
    """Runs and their batches, and the lease: who runs a connection now."""

    async def open(self, run: RunRow, batch: BatchRow) -> None: ...

    async def close(self, run: RunRow, batch: BatchRow) -> None:
        """The final facts and result of both, in one transaction. RunFailedError `batch_closed` where another process
        took this run for dead and abandoned it."""
        ...

    async def next_number(self) -> int:
        """A number for something that happens beside runs: greater than that of every start and end before it, smaller
        than that of every one after it."""
        ...

    async def abandon(self, connection_id: int, *, at: str) -> Sequence[str]:
        """Mark runs left `running` by a process that died as failed, and finish their batches; called by who holds the
        lease. Returns their ids, oldest first."""
        ...

    async def get(self, run_id: str) -> RunRow | None: ...

    async def newest(self, connection_id: int, *, limit: int = 50) -> Sequence[RunRow]:
        """Newest first: by the order in which they were opened, which no clock has a part in."""
        ...

    async def batch(self, batch_id: str) -> BatchRow | None: ...

    async def newest_batches(self, connection_id: int, *, limit: int = 50) -> Sequence[BatchRow]:
        """Newest first, as runs are."""
        ...

    async def acquire_lease(self, connection_id: int, holder: LeaseHolder, *, now: Moment) -> LeaseHolder | None:
        """None when the lease is ours now; otherwise who has it. One that expired, that was taken in another boot of
        this machine, or whose holder is dead on it, is taken over, wherever the wall clock stands."""
        ...

    async def lease_holder(self, connection_id: int, *, now: Moment) -> LeaseHolder | None:
        """Who has the lease; None where it is free, or is held by somebody it would be taken over from (see
        `acquire_lease`). Takes nothing over itself."""
        ...

    async def renew_lease(self, connection_id: int, token: str, *, expires: Moment) -> bool:
        """Whether it is ours still."""
        ...

    async def release_lease(self, connection_id: int, token: str) -> None: ...


class RecordStore(Protocol):
    """Reading records back. They are written with `Store.write`."""

    async def by_key(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        """Records that exist, deleted ones too, by key."""
        ...

    async def content(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        """Last content of records that exist (deleted ones too), by key."""
        ...

    async def digests(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, RecordDigest]:
        """Of records that exist, deleted ones too, by key."""
        ...

    async def versions(self, connection_id: int, stream: str, key: str) -> Sequence[StoredRecord]:
        """Oldest first, the current one last."""
        ...

    async def page(self, connection_id: int, stream: str, query: RecordQuery = EVERY_RECORD) -> RecordPage:
        """A page in (position, key) order over all partitions or one; streams without positions come by key.
        RefusedError `bad_cursor`."""
        ...

    async def changes(self, connection_id: int, *, after: int, limit: int) -> Sequence[StoredRecord]:
        """In change-sequence order, for incremental export."""
        ...

    async def last_change(self, connection_id: int) -> int:
        """The number of the connection's newest change; 0 where there is none."""
        ...

    async def count(self, connection_id: int) -> Mapping[str, tuple[int, int]]:
        """Per stream: live records, tombstones."""
        ...

    async def count_partitions(
        self, connection_id: int, stream: str, partitions: Sequence[str]
    ) -> Mapping[str, tuple[int, int]]:
        """Of each of these partitions: live records, tombstones. Time grows with what they hold, not with the store."""
        ...

    async def partition_keys(self, connection_id: int, stream: str) -> Sequence[str | None]:
        """The partitions that hold records, tombstones too, in order; None, last, for records that are in none."""
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


class LedgerStore(Protocol):
    """What is known of each partition, what stands out of it, and the checkpoints of connectors. All are saved with
    `Store.write`."""

    async def partitions(self, connection_id: int, stream: str | None = None) -> Sequence[PartitionState]:
        """By stream and key."""
        ...

    async def labels(self, connection_id: int, stream: str, partitions: Sequence[str]) -> Mapping[str, str]:
        """What the ledger calls these partitions, for those that have a name."""
        ...

    async def exceptions(self, connection_id: int, stream: str | None = None) -> Sequence[StandingException]:
        """What stands out of covered ranges, by stream, kind, partition and key."""
        ...

    async def checkpoints(self, connection_id: int) -> Mapping[str, Any]:
        """Opaque cursors by stream, as the connector gave them."""
        ...


class SearchStore(Protocol):
    """One full-text index for each connection, which follows what is written."""

    async def index(self, connection_id: int, rules: SearchRules, *, limit: int) -> bool:
        """Take at most so many changed records into the connection's index, in one transaction; whether there are more.

        An index that was made by other rules is made anew from the beginning.
        """
        ...

    async def index_state(self, connection_id: int) -> SearchIndex | None:
        """How far the index has come; None where nothing was ever indexed."""
        ...

    async def find(self, wanted: SearchWanted) -> SearchPage:
        """What the indices hold. A record that has changed since its index has seen it is not found until it has been
        taken in again: `index_state` says how many those are. RefusedError `bad_cursor`."""
        ...


class FileStore(Protocol):
    """The files of one connection's records, which follow what is written. Their bytes are kept elsewhere, by their
    SHA-256: here stands which there are, and whose."""

    async def index(self, connection_id: int, rules: FileRules, *, limit: int) -> bool:
        """Read the files of at most so many changed records, in one transaction; whether there are more.

        A file stays known while a record that is not deleted holds it. By other rules all records are read anew, and
        what is known of a file stays known where they find it too.
        """
        ...

    async def find(self, connection_id: int, query: FileQuery = EVERY_FILE) -> FilePage:
        """Newest first: by the moment of the newest record that holds each. RefusedError `bad_cursor`."""
        ...

    async def get(self, connection_id: int, file_id: int) -> FileRow | None: ...

    async def by_identity(self, connection_id: int, identities: Sequence[str]) -> Mapping[str, FileRow]:
        """The originals of these identities, those that are known."""
        ...

    async def of(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, Sequence[RecordFile]]:
        """The files of each of these records, in the order in which they stand in it; none of a record without."""
        ...

    async def records(self, connection_id: int, file_ids: Sequence[int]) -> Mapping[int, Sequence[RecordFile]]:
        """The records that hold each of these files, the one that was stored first first."""
        ...

    async def count(self, connection_id: int) -> Sequence[FileCount]:
        """How many there are of each stream and state, and of how many bytes."""
        ...

    async def save(self, connection_id: int, results: Sequence[FileResult]) -> None:
        """What became of files. One that is not known any more is passed over; its content then belongs to nobody."""
        ...

    async def contents(self, *, after: str = "", limit: int) -> Sequence[Content]:
        """What is kept, for all connections, by digest; from the one behind `after`."""
        ...

    async def holders(self, digest: str) -> Sequence[tuple[int, int]]:
        """Who holds this content: connection and file, in order."""
        ...

    async def unused(self, *, limit: int) -> Sequence[str]:
        """Digests of contents that no file holds any more."""
        ...

    async def forget(self, digests: Sequence[str]) -> Sequence[str]:
        """Those of these contents that no file holds are not known any more; returns them: their bytes may go."""
        ...


class Store(Protocol):
    """The six together, and what concerns them all."""

    connections: ConnectionStore
    runs: RunStore
    records: RecordStore
    ledger: LedgerStore
    search: SearchStore
    files: FileStore

    async def write(
        self, connection_id: int, batch_id: str | None, ops: Sequence[WriteOp]
    ) -> Mapping[str, WriteCounts]:
        """Apply in order, in one transaction; counts of each stream whose records were written.

        `batch_id` None: an owner's own act, which may save what the ledger keeps but no records. RunFailedError
        `unknown_batch`, or `batch_closed` once the batch is finished: a run that was taken over cannot write on.
        """
        ...

    def snapshot(self) -> AbstractAsyncContextManager[Store]:
        """The store as it is now, for reading only, however long that takes and whatever is written meanwhile. Its
        calls come one after another."""
        ...

    async def forget_deleted(self) -> None:
        """Nothing that was deleted is to be found in the file any more. Takes as long as copying what is left."""
        ...

    async def close(self) -> None: ...
