"""A conversation as a person reads it: who said what, when, with the answers in place, oldest first.

Owns: which stream is read, which day, what hangs on what. Must not know: how it looks; any one source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, NotRequired

from typing_extensions import TypedDict

from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import Names, argument, limit, option
from polyhost.operations.operation import Result, Route, Section, operation
from polyhost.operations.shown import StoredRecord
from polyhost.operations.taking_in import take_files_in

if TYPE_CHECKING:
    from polyhost.engine.sources.lookup import Loaded
    from polyhost.ledger.state import PartitionRule
    from polyhost.operations.context import Context
    from polyhost.protocol.declarations import StreamDecl
    from polyhost.store.base import ConnectionRow, RecordQuery, Store

__all__ = ["Read", "ReadRequest", "read"]

MAX_READ = 10_000
"""Records one command prints to be read; more is an export's job."""


class ReadRecord(StoredRecord, total=False):
    """A record to be read. `member`: it answers the one before it that is none."""

    member: bool


class Conversation(TypedDict):
    """One that can be read, and how many records it holds."""

    key: str
    label: str | None
    records: int


class Read(TypedDict):
    """What is read. `zone`: the owner's time zone by name. `partition` and `label`: of the conversation; null, with
    all `conversations` there are, where none was named. `next`: `after` of what follows; null at its end."""

    connection: str
    stream: str
    zone: str
    partition: str | None
    label: str | None
    records: list[ReadRecord]
    next: str | None
    conversations: NotRequired[list[Conversation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    name: str = common.connection()
    partition: str | None = argument(
        "The conversation, by its name or key; all there are where none is named.",
        metavar="[CONVERSATION]",
        default=None,
        names=Names.PARTITION,
    )
    stream: str | None = option("The stream, where several can be read.", metavar="STREAM", names=Names.STREAM)
    day: str | None = option("Only this day, in your time zone, e.g. 2026-11-22.", metavar="DAY")
    since: str | None = common.since("Only from this time on (ISO 8601; a day begins in your time zone).")
    limit: int = limit("At most this many at once.", default=50, least=1, most=MAX_READ)
    after: str | None = common.after()
    deleted: bool = common.deleted()


@operation(
    "read",
    "Read a conversation: who said what, when, with the answers in place.",
    section=Section.READING,
    examples=("polyhost read slack", "polyhost read slack general --day 2026-11-22"),
    routes=(Route("GET", "/v1/connections/{name}/read"),),
    refusals=(ErrorCode.BAD_CURSOR, ErrorCode.BAD_DAY, ErrorCode.BAD_SINCE),
)
async def read(context: Context, request: ReadRequest) -> Result[Read]:
    """One page of a conversation, oldest first; all conversations where none is named."""
    from polyhost.engine.settings.config import load_config
    from polyhost.engine.settings.time_zone import owner_zone
    from polyhost.engine.sources.lookup import source_of
    from polyhost.operations.grouping import predecessors_of, rule_of
    from polyhost.operations.naming import partition_named

    zone = owner_zone(load_config(context.home).schedule.time_zone)
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = source_of(connection, context.home)
        stream = _stream(source, request)
        rule = rule_of(stream)
        found = Read(
            connection=connection.name,
            stream=stream.name,
            zone=_named(zone),
            partition=None,
            label=None,
            records=[],
            next=None,
        )
        if rule is None:
            raise _no_conversations(request, stream.name)
        if request.partition is None:
            found["conversations"] = await _conversations(store, connection, stream.name)
            return Result(found)
        key = await partition_named(store, connection, [stream.name], request.partition)
        found["partition"] = key
        found["label"] = (await store.ledger.labels(connection.id, stream.name, [key])).get(key)
        await take_files_in(context, store, connection, source, stream.name)
        query = replace(
            _query(request, key, rule, zone), besides=await predecessors_of(store, connection.id, stream.name, key)
        )
        await _fill(context, store, connection, source, found, query)
    return Result(found)


async def _fill(
    context: Context, store: Store, connection: ConnectionRow, source: Loaded, found: Read, query: RecordQuery
) -> None:
    from polyhost.operations.grouping import located, rule_of
    from polyhost.operations.shown import Shown, known_stream

    stream = found["stream"]
    rule = rule_of(known_stream(source, stream))
    page = await store.records.page(connection.id, stream, query)
    shown = await Shown.of(store, connection.id, stream, source, page.records, context.home)
    for record in page.records:
        place = located(record, rule)
        found["records"].append(ReadRecord(**shown.json(record), member=place is not None and not place.is_head))
    found["next"] = page.next


def _stream(source: Loaded, request: ReadRequest) -> StreamDecl:
    """The one that was named, else the first that says how it reads and is in parts."""
    from polyhost.operations.shown import known_stream

    if request.stream is not None:
        return known_stream(source, request.stream)
    parted = [one for one in source.manifest.streams if one.partition is not None]
    readable = [one for one in parted if one.reading is not None] or parted
    if not readable:
        raise _no_conversations(request, "STREAM")
    return readable[0]


def _no_conversations(request: ReadRequest, stream: str) -> RefusedError:
    holds = request.name if request.stream is None else f"{request.stream} of {request.name}"
    return RefusedError(
        f"{holds} holds no conversations",
        f"Its records are listed by: polyhost records {request.name} {stream}",
        code=ErrorCode.NO_PARTITIONS,
    )


async def _conversations(store: Store, connection: ConnectionRow, stream: str) -> list[Conversation]:
    """Those with most records first."""
    from polyhost.operations.records import MAX_COUNTED

    keys = [state.key for state in await store.ledger.partitions(connection.id, stream)]
    held: dict[str, int] = {}
    for begin in range(0, len(keys), MAX_COUNTED):
        counted = await store.records.count_partitions(connection.id, stream, keys[begin : begin + MAX_COUNTED])
        held |= {key: live for key, (live, _) in counted.items()}
    labels = await store.ledger.labels(connection.id, stream, keys)
    found = [Conversation(key=key, label=labels.get(key), records=held.get(key, 0)) for key in keys]
    return sorted(found, key=lambda one: -one["records"])


def _query(request: ReadRequest, key: str, rule: PartitionRule, zone: tzinfo) -> RecordQuery:
    from polyhost.store.base import RecordQuery

    since, until = _bounds(request, zone)
    return RecordQuery(
        partition=key,
        since=None if since is None else _sort_key(since, rule),
        until=None if until is None else _sort_key(until, rule),
        limit=request.limit,
        after=request.after,
        deleted=request.deleted,
    )


def _named(zone: tzinfo) -> str:
    """As `Europe/Berlin` where it has such a name; a machine may have the rules of one alone."""
    return getattr(zone, "key", None) or ("UTC" if zone is UTC else "the time of this machine")


def _bounds(request: ReadRequest, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    """From when, and until when."""
    if request.day is not None and request.since is not None:
        raise RefusedError("--day and --since cannot both be given", "Leave one of them out.", code=ErrorCode.BAD_DAY)
    if request.day is not None:
        begin = _moment(request.day, zone, ErrorCode.BAD_DAY)
        return begin, begin + timedelta(days=1)
    return (None if request.since is None else _moment(request.since, zone, ErrorCode.BAD_SINCE)), None


def _moment(text: str, zone: tzinfo, code: ErrorCode) -> datetime:
    """In the zone, where the text names none. At the ends of the calendar there is no day before or after."""
    try:
        read = (
            datetime.combine(date.fromisoformat(text), time(), zone)
            if code is ErrorCode.BAD_DAY
            else datetime.fromisoformat(text)
        )
        found = read if read.tzinfo is not None else read.replace(tzinfo=zone)
        _ = (found - timedelta(days=2)).astimezone(UTC), (found + timedelta(days=2)).astimezone(UTC)
    except (ValueError, OverflowError):
        what = "day; write it as 2026-11-22" if code is ErrorCode.BAD_DAY else "time; write it as 2026-11-22T09:00"
        raise RefusedError(f"{text!r} is not a valid {what}", code=code) from None
    return found


def _sort_key(when: datetime, rule: PartitionRule) -> str:
    from polyhost.instants import iso
    from polyhost.ledger.cursor import sort_key
    from polyhost.ledger.cursor_time import position_at

    position = position_at(iso(when), rule.cursor_time)
    if position is None:
        raise RefusedError(
            f"The records of {rule.stream} are not ordered by time",
            "Leave --day and --since out.",
            code=ErrorCode.BAD_DAY,
        )
    return sort_key(position, rule.order)
