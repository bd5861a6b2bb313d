"""Stored records: pages of them, one with its history, the group one belongs to, what each partition holds.

Owns: turning stored records into these results. Must not know: how they look; surfaces get every moment and name ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import Names, argument, flag, limit, option
from polyhost.operations.operation import Result, Route, Section, operation
from polyhost.operations.shown import StoredRecord
from polyhost.operations.taking_in import take_files_in

if TYPE_CHECKING:
    from polyhost.engine.sources.lookup import Loaded
    from polyhost.ledger.state import PartitionRule
    from polyhost.operations.context import Context
    from polyhost.store.base import ConnectionRow, RecordPage, Store
    from polyhost.store.base import StoredRecord as Stored

__all__ = [
    "CountsRequest",
    "Record",
    "RecordRequest",
    "Records",
    "RecordsRequest",
    "StreamCounts",
    "Thread",
    "ThreadRequest",
    "counts",
    "record",
    "records",
    "thread",
]

MAX_RECORDS = 1_000_000
"""Records one command prints; more is an export's job."""
MAX_COUNTED = 1_000
"""Partitions counted at once where none are named: what each holds is counted anew every time."""
_STREAM = "/v1/connections/{name}/streams/{stream}"


class ListedRecord(StoredRecord, total=False):
    """A record in a list; `members`: of how many a group consists beside its head, where only heads were asked for."""

    members: int


class Records(TypedDict):
    """One page of records. `next`: `after` of the following page; null where it ends."""

    records: list[ListedRecord]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsRequest:
    name: str = common.connection()
    stream: str = common.stream()
    partition: str | None = common.partition("Only this partition, e.g. one channel's id, and those that became it.")
    since: str | None = common.since()
    until: str | None = option("Only records before this time.", metavar="TIME")
    limit: int = limit("At most this many (0: all).", default=50, least=0, most=MAX_RECORDS)
    after: str | None = common.after()
    newest: bool = flag("The newest first.")
    heads: bool = flag("Only heads of groups, e.g. no replies; says how many members each has.")
    deleted: bool = common.deleted()


@operation(
    "records",
    "Read stored records.",
    section=Section.READING,
    examples=(
        "polyhost records slack messages --partition C024BE91L --limit 10",
        "polyhost records slack users --json",
    ),
    routes=(Route("GET", f"{_STREAM}/records"),),
    refusals=(ErrorCode.BAD_CURSOR, ErrorCode.BAD_SINCE, ErrorCode.BAD_UNTIL),
)
async def records(context: Context, request: RecordsRequest) -> Result[Records]:
    """One page of a stream's records, in position order or from the newest back."""
    from polyhost.engine.sources.lookup import find_source
    from polyhost.operations.grouping import count_members, predecessors_of
    from polyhost.operations.shown import Shown, known_stream
    from polyhost.store.base import RecordQuery

    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = find_source(connection.source, context.home)
        declared = known_stream(source, request.stream)
        partition = await _partition(store, connection, request)
        await take_files_in(context, store, connection, source, request.stream)
        page = await store.records.page(
            connection.id,
            request.stream,
            RecordQuery(
                partition=partition,
                besides=await predecessors_of(store, connection.id, request.stream, partition),
                since=_sort_key(source, request, "since"),
                until=_sort_key(source, request, "until"),
                limit=request.limit or MAX_RECORDS,
                after=request.after,
                newest=request.newest,
                heads=request.heads,
                deleted=request.deleted,
            ),
        )
        shown = await Shown.of(store, connection.id, request.stream, source, page.records, context.home)
        found = [ListedRecord(**shown.json(record)) for record in page.records]
        if request.heads:
            members = await count_members(store, connection.id, declared, page.records)
            for one in found:
                one["members"] = members[one["key"]]
    return Result(Records(records=found, next=page.next))


async def _partition(store: Store, connection: ConnectionRow, request: RecordsRequest) -> str | None:
    """The key of the one that is asked for."""
    from polyhost.operations.naming import partition_named

    if request.partition is None:
        return None
    return await partition_named(store, connection, [request.stream], request.partition)


def _sort_key(source: Loaded, request: RecordsRequest, bound: Literal["since", "until"]) -> str | None:
    """A moment as a sort key of this stream's positions."""
    from polyhost.engine.run.partition_rules import partition_rules
    from polyhost.ledger.cursor import sort_key
    from polyhost.ledger.cursor_time import position_at
    from polyhost.protocol.scope_request import resolve_scope

    given = request.since if bound == "since" else request.until
    if given is None:
        return None
    rules = partition_rules(source.manifest, resolve_scope(source.manifest))
    rule = rules.get(request.stream)
    position = None if rule is None else position_at(given, rule.cursor_time)
    if rule is None or position is None:
        raise RefusedError(
            f"--{bound} cannot be used with {request.stream}",
            "Its records are not ordered by time, or the time is not ISO 8601.",
            code=ErrorCode.BAD_SINCE if bound == "since" else ErrorCode.BAD_UNTIL,
        )
    return sort_key(position, rule.order)


class _OneRecord(TypedDict):
    connection: str
    record: StoredRecord


class Record(_OneRecord, total=False):
    """One record, and what it was before, newest first, where that was asked for."""

    versions: list[StoredRecord]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRequest:
    name: str = common.connection()
    stream: str = common.stream()
    key: str = argument("The record's key, as records shows it.")
    versions: bool = flag("Show what it was before, too.")


@operation(
    "record",
    "Show one record, and what it was before it was edited.",
    section=Section.READING,
    examples=('polyhost record slack messages \'["C024BE91L","1790000000.000100"]\' --versions',),
    routes=(Route("GET", f"{_STREAM}/record"),),
)
async def record(context: Context, request: RecordRequest) -> Result[Record]:
    """One record as it is now, deleted or not, and on request what it was before."""
    from polyhost.engine.sources.lookup import find_source
    from polyhost.operations.shown import Shown, known_stream

    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = find_source(connection.source, context.home)
        known_stream(source, request.stream)
        await take_files_in(context, store, connection, source, request.stream)
        found = await _record(store, connection, request.stream, request.key)
        versions = await store.records.versions(connection.id, request.stream, request.key) if request.versions else []
        shown = await Shown.of(store, connection.id, request.stream, source, [found, *versions], context.home)
    value = Record(connection=connection.name, record=shown.json(found))
    if request.versions:
        value["versions"] = [shown.json(version) for version in reversed(versions)]
    return Result(value)


async def _record(store: Store, connection: ConnectionRow, stream: str, key: str) -> Stored:
    found = (await store.records.by_key(connection.id, stream, [key])).get(key)
    if found is None:
        raise RefusedError(
            f"{connection.name} has no such record in {stream}",
            f"Keys are shown by: polyhost records {connection.name} {stream}",
            code=ErrorCode.UNKNOWN_RECORD,
        )
    return found


class Thread(TypedDict):
    """The group a record belongs to: its head, then its members in order."""

    connection: str
    stream: str
    key: str
    partition: str | None
    records: list[StoredRecord]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRequest:
    name: str = common.connection()
    stream: str = common.stream()
    key: str = argument("The key of any record of the group, as records shows it.")
    limit: int = limit("At most this many at once.", default=1000)
    after: str | None = common.after()
    deleted: bool = common.deleted()


@operation(
    "thread",
    "Show the group a record belongs to: a message with its replies.",
    section=Section.READING,
    examples=('polyhost thread slack messages \'["C024BE91L","1790000000.000100"]\'',),
    routes=(Route("GET", f"{_STREAM}/thread"),),
    refusals=(ErrorCode.BAD_CURSOR,),
)
async def thread(context: Context, request: ThreadRequest) -> Result[Thread]:
    """The group a record belongs to: its head, then its members in order. A record without one is a group by itself."""
    from polyhost.engine.sources.lookup import find_source
    from polyhost.operations.grouping import rule_of
    from polyhost.operations.shown import Shown, known_stream

    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = find_source(connection.source, context.home)
        declared = known_stream(source, request.stream)
        await take_files_in(context, store, connection, source, request.stream)
        found = await _record(store, connection, request.stream, request.key)
        page = await _group(store, connection, request, found, rule_of(declared))
        shown = await Shown.of(store, connection.id, request.stream, source, page.records, context.home)
    value = Thread(
        connection=connection.name,
        stream=request.stream,
        key=request.key,
        partition=found.partition,
        records=[shown.json(record) for record in page.records],
        next=page.next,
    )
    return Result(value)


async def _group(
    store: Store, connection: ConnectionRow, request: ThreadRequest, found: Stored, rule: PartitionRule | None
) -> RecordPage:
    from polyhost.operations.grouping import in_group_order, located
    from polyhost.store.base import RecordPage, RecordQuery

    place = located(found, rule)
    if rule is None or rule.group_field is None or place is None:
        return RecordPage([found], None)
    page = await store.records.page(
        connection.id,
        request.stream,
        RecordQuery(
            partition=place.partition,
            position=place.key,
            limit=request.limit,
            after=request.after,
            deleted=request.deleted or found.deleted,
        ),
    )
    return RecordPage(in_group_order(page.records, rule), page.next)


class PartitionCounts(TypedDict):
    """What one partition holds."""

    key: str
    label: str | None
    records: int
    deleted: int


class StreamCounts(TypedDict):
    """What a stream holds. `truncated`: there are more partitions than are listed."""

    connection: str
    stream: str
    records: int
    deleted: int
    partitions: list[PartitionCounts]
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CountsRequest:
    name: str = common.connection()
    stream: str = common.stream()
    partition: tuple[str, ...] = option(
        "Only this partition. Repeat for more.", metavar="KEY", default=(), names=Names.PARTITION
    )


@operation(
    "counts",
    "Count what a stream and its partitions hold.",
    section=Section.READING,
    examples=("polyhost counts slack messages", "polyhost counts slack messages --partition C024BE91L --json"),
    routes=(Route("GET", f"{_STREAM}/counts"),),
)
async def counts(context: Context, request: CountsRequest) -> Result[StreamCounts]:
    """How many records a stream holds, and each of its partitions."""
    from polyhost.engine.sources.lookup import find_source
    from polyhost.operations.naming import partition_named
    from polyhost.operations.shown import known_stream

    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        known_stream(find_source(connection.source, context.home), request.stream)
        totals = await store.records.count(connection.id)
        named = [await partition_named(store, connection, [request.stream], name) for name in request.partition]
        keys = named or await _known_partitions(store, connection, request)
        held = await store.records.count_partitions(connection.id, request.stream, keys[:MAX_COUNTED])
        labels = await store.ledger.labels(connection.id, request.stream, keys[:MAX_COUNTED])
    live, deleted = totals.get(request.stream, (0, 0))
    value = StreamCounts(
        connection=connection.name,
        stream=request.stream,
        records=live,
        deleted=deleted,
        partitions=[
            PartitionCounts(key=key, label=labels.get(key), records=one, deleted=gone)
            for key, (one, gone) in held.items()
        ],
        truncated=len(keys) > MAX_COUNTED,
    )
    return Result(value)


async def _known_partitions(store: Store, connection: ConnectionRow, request: CountsRequest) -> Sequence[str]:
    return [state.key for state in await store.ledger.partitions(connection.id, request.stream)]
