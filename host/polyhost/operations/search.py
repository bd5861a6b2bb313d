"""Search over everything that is stored: indices caught up within a bound, hits with the words that were found.

Owns: turning hits into results, and saying what was not searched. Must not know: how it looks; how an index is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from polyhost.errors import ErrorCode, RefusedError
from polyhost.instants import Instant, TimestampError, parse_timestamp
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import Names, argument, flag, limit, number, option
from polyhost.operations.operation import Result, Route, Section, operation
from polyhost.searching.snippet_json import SnippetJson

if TYPE_CHECKING:
    from polyhost.engine.sources.lookup import Loaded
    from polyhost.operations.context import Context
    from polyhost.operations.shown import Shown
    from polyhost.protocol.declarations import StreamDecl
    from polyhost.searching.query import Query
    from polyhost.searching.search_rules import SearchRules
    from polyhost.store.base import ConnectionRow, SearchHit, SearchIndex, Store

__all__ = ["Found", "Hit", "SearchRequest", "search"]

MAX_WAIT_SECONDS = 3_600
"""How long a search may take in what is new: more than the largest store takes."""
WAIT_SECONDS = 1.0
"""For what is new, where nobody says how long: some 20,000 records."""


class Hit(TypedDict):
    """One record in which something was found. `deleted`: it is gone at the source; `grouped`: records of its stream
    hang together, so it may have a thread."""

    connection: str
    source: str
    stream: str
    key: str
    partition: str | None
    label: str | None
    author: str | None
    time: str | None
    version: int
    deleted: bool
    grouped: bool
    snippet: SnippetJson | None


class Searched(TypedDict):
    """A connection that was searched; `pending`: how many of its records are not indexed yet."""

    connection: str
    pending: int


class Found(TypedDict):
    """One page of hits, the newest first. `next`: `after` of the following page; null where it ends. `complete`: every
    record was searched."""

    query: str
    hits: list[Hit]
    next: str | None
    complete: bool
    pending: int
    connections: list[Searched]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    text: str = argument('What to find: words, "a phrase", -without, beginning*.')
    connection: tuple[str, ...] = option(
        "Only in this connection. Repeat for more.", metavar="NAME", default=(), names=Names.CONNECTION
    )
    stream: str | None = option("Only in this stream, e.g. messages.", metavar="STREAM")
    partition: str | None = option("Only in this partition, e.g. one channel's id.", metavar="KEY")
    since: str | None = common.since("Only what happened from this time on (ISO 8601).")
    until: str | None = option("Only what happened before this time.", metavar="TIME")
    limit: int = limit("At most this many.", default=20)
    after: str | None = common.after()
    deleted: bool = flag("Search what the source has deleted, too.")
    wait: float | None = number(
        "At most so long taking in what is new before searching. Default: 1; nothing of what is being collected now.",
        metavar="SECONDS",
        type=float,
        most=MAX_WAIT_SECONDS,
        code=ErrorCode.BAD_WAIT,
    )


@dataclass(slots=True)
class _Target:
    """A connection that is searched. `source` None: its polyfill is not there any more; what is indexed still is."""

    row: ConnectionRow
    source: Loaded | None
    rules: SearchRules | None = None
    pending: int = 0


@operation(
    "search",
    "Find text in everything that is stored, the newest first.",
    section=Section.READING,
    examples=(
        "polyhost search 'harbour lights'",
        "polyhost search '\"harbour lights\" -berth' --connection slack --since 2026-01-01",
    ),
    routes=(Route("GET", "/v1/search"),),
    refusals=(
        ErrorCode.QUERY_EMPTY,
        ErrorCode.QUERY_TOO_LONG,
        ErrorCode.QUERY_TOO_WIDE,
        ErrorCode.BAD_CURSOR,
        ErrorCode.BAD_SINCE,
        ErrorCode.BAD_UNTIL,
    ),
)
async def search(context: Context, request: SearchRequest) -> Result[Found]:
    """One page of hits. RefusedError for a query, a time, a limit or a cursor that cannot be used."""
    from polyhost.searching.query import parse_query
    from polyhost.store.base import SearchWanted

    query = parse_query(request.text)
    since, until = _instant(request.since, "since"), _instant(request.until, "until")
    async with context.store(create=False) as store:
        searched = await _connections(context, store, request)
        await _catch_up(context, store, searched, asked=request.wait)
        page = await store.search.find(
            SearchWanted(
                connections=list(searched),
                query=query,
                stream=request.stream,
                partition=request.partition,
                since=None if since is None else since[0],
                until=None if until is None else until[0] + bool(until[1]),
                limit=request.limit,
                after=request.after,
                deleted=request.deleted,
            )
        )
        hits = await _shown(context.home, store, searched, query, page.hits)
    pending = sum(one.pending for one in searched.values())
    value = Found(
        query=request.text,
        hits=hits,
        next=page.next,
        complete=pending == 0,
        pending=pending,
        connections=[Searched(connection=one.row.name, pending=one.pending) for one in searched.values()],
    )
    return Result(value)


def _instant(text: str | None, name: Literal["since", "until"]) -> Instant | None:
    if text is None:
        return None
    try:
        return parse_timestamp(text)
    except TimestampError:
        raise RefusedError(
            f"--{name} is not a time that can be read",
            "Give ISO 8601 with a time zone, e.g. 2026-01-31T09:30:00Z, or a bare date (midnight UTC).",
            code=ErrorCode.BAD_SINCE if name == "since" else ErrorCode.BAD_UNTIL,
        ) from None


async def _connections(context: Context, store: Store, request: SearchRequest) -> Mapping[int, _Target]:
    """By number, those that are asked for and have the stream that is. RefusedError where none can have it."""
    from polyhost.operations.shown import known_stream

    named = [await context.connection(store, name) for name in request.connection] or await store.connections.all()
    found = {row.id: _Target(row, _source(context, row)) for row in named}
    if request.stream is None:
        return found
    sources = [one.source for one in found.values() if one.source is not None]
    if sources and not any(source.manifest.stream(request.stream) for source in sources):
        known_stream(sources[0], request.stream)
    return found


def _source(context: Context, row: ConnectionRow) -> Loaded | None:
    from polyhost.engine.sources.lookup import find_source

    try:
        return find_source(row.source, context.home)
    except RefusedError:
        return None


async def _catch_up(context: Context, store: Store, searched: Mapping[int, _Target], *, asked: float | None) -> None:
    from polyhost.engine.reading.indexing import catch_up
    from polyhost.operations.taking_in import is_busy
    from polyhost.searching.declared import search_rules

    until = context.clock.up() + (WAIT_SECONDS if asked is None else asked)
    # Asked together: while a run goes on, each answer that is waited for alone waits behind a batch of it.
    found = await asyncio.gather(*(store.search.index_state(one.row.id) for one in searched.values()))
    for one, index in zip(searched.values(), found, strict=True):
        wanted = None if one.source is None else search_rules(one.source.manifest)
        if (
            wanted is not None
            and _lags(index, wanted)
            and (asked is not None or not await is_busy(context, store, one.row))
        ):
            await catch_up(store, one.row, wanted, until=until, clock=context.clock, watch=context.watch)
            index = await store.search.index_state(one.row.id)  # noqa: PLW2901  as it is by now
        if index is not None:
            one.rules, one.pending = index.rules, index.pending
        else:
            counts = await store.records.count(one.row.id)
            one.pending = sum(live + deleted for live, deleted in counts.values())


def _lags(index: SearchIndex | None, wanted: SearchRules) -> bool:
    """Asked by reading alone: a search that has nothing to take in waits for no writer."""
    return index is None or index.pending > 0 or index.rules != wanted


async def _shown(
    home: Path, store: Store, searched: Mapping[int, _Target], query: Query, hits: Sequence[SearchHit]
) -> list[Hit]:
    from polyhost.operations.shown import Shown

    by_stream: dict[tuple[int, str], list[SearchHit]] = {}
    for hit in hits:
        by_stream.setdefault((hit.connection_id, hit.record.stream), []).append(hit)
    made = await asyncio.gather(
        *(
            Shown.of(store, number, stream, searched[number].source, [hit.record for hit in some], home)
            for (number, stream), some in by_stream.items()
        )
    )
    shown = dict(zip(by_stream, made, strict=True))
    return [_hit(searched[hit.connection_id], shown[hit.connection_id, hit.record.stream], query, hit) for hit in hits]


def _declared(one: _Target, stream: str) -> StreamDecl | None:
    return None if one.source is None else one.source.manifest.stream(stream)


def _hit(one: _Target, shown: Shown, query: Query, hit: SearchHit) -> Hit:
    from polyhost.searching.snippet import snippet
    from polyhost.searching.texts import texts_of

    record = shown.json(hit.record)
    rules = None if one.rules is None else one.rules.streams.get(hit.record.stream)
    texts = [] if rules is None or hit.record.data is None else texts_of(rules, hit.record.data)
    found = snippet(query, texts)
    return Hit(
        connection=one.row.name,
        source=one.row.source,
        stream=record["stream"],
        key=record["key"],
        partition=record["partition"],
        label=record["label"],
        author=record["author"],
        time=record["time"],
        version=record["version"],
        deleted=record["deleted"],
        grouped=_is_grouped(_declared(one, hit.record.stream)),
        snippet=None if found is None else found.as_json(),
    )


def _is_grouped(declared: StreamDecl | None) -> bool:
    from polyhost.operations.grouping import rule_of

    rule = None if declared is None else rule_of(declared)
    return rule is not None and rule.group_field is not None
