"""Search over everything that is stored: indices caught up within a bound, hits with the words that were found.

Owns: turning hits into results, and saying what was not searched. Must not know: how it looks; how an index is made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from polyhost.engine.reading.indexing import catch_up
from polyhost.engine.sources.lookup import Loaded, find_source
from polyhost.errors import ErrorCode, RefusedError
from polyhost.instants import Instant, TimestampError, parse_timestamp
from polyhost.operations.context import Context
from polyhost.operations.fields import check_bounds
from polyhost.operations.grouping import rule_of
from polyhost.operations.operation import Result
from polyhost.operations.requests import SearchRequest
from polyhost.operations.shown import Shown, known_stream
from polyhost.protocol.declarations import StreamDecl
from polyhost.protocol.diagnostics import RunStatus
from polyhost.searching.declared import search_rules
from polyhost.searching.query import Query, parse_query
from polyhost.searching.search_rules import SearchRules
from polyhost.searching.snippet import snippet
from polyhost.searching.texts import texts_of
from polyhost.store.base import ConnectionRow, SearchHit, SearchIndex, SearchWanted, Store

__all__ = ["search"]

WAIT_SECONDS = 1.0
"""For what is new, where nobody says how long: some 20,000 records."""


@dataclass(slots=True)
class _Searched:
    """A connection that is searched. `source` None: its polyfill is not there any more; what is indexed still is."""

    row: ConnectionRow
    source: Loaded | None
    rules: SearchRules | None = None
    pending: int = 0


async def search(context: Context, request: SearchRequest) -> Result[Any]:
    """One page of hits. RefusedError for a query, a time, a limit or a cursor that cannot be used."""
    check_bounds(request)
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
        hits = await _shown(store, searched, query, page.hits)
    pending = sum(one.pending for one in searched.values())
    value = {"query": request.text, "hits": hits, "next": page.next, "complete": pending == 0, "pending": pending}
    value["connections"] = [{"connection": one.row.name, "pending": one.pending} for one in searched.values()]
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


async def _connections(context: Context, store: Store, request: SearchRequest) -> Mapping[int, _Searched]:
    """By number, those that are asked for and have the stream that is. RefusedError where none can have it."""
    named = [await context.connection(store, name) for name in request.connection] or await store.connections.all()
    found = {row.id: _Searched(row, _source(context, row)) for row in named}
    if request.stream is None:
        return found
    sources = [one.source for one in found.values() if one.source is not None]
    if sources and not any(source.manifest.stream(request.stream) for source in sources):
        known_stream(sources[0], request.stream)
    return found


def _source(context: Context, row: ConnectionRow) -> Loaded | None:
    try:
        return find_source(row.source, context.home)
    except RefusedError:
        return None


async def _catch_up(context: Context, store: Store, searched: Mapping[int, _Searched], *, asked: float | None) -> None:
    until = context.clock.now() + (WAIT_SECONDS if asked is None else asked)
    # Asked together: while a run goes on, each answer that is waited for alone waits behind a batch of it.
    found = await asyncio.gather(*(store.search.index_state(one.row.id) for one in searched.values()))
    for one, index in zip(searched.values(), found, strict=True):
        wanted = None if one.source is None else search_rules(one.source.manifest)
        if (
            wanted is not None
            and _lags(index, wanted)
            and (asked is not None or not await _busy(context, store, one.row))
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


async def _busy(context: Context, store: Store, row: ConnectionRow) -> bool:
    """Whether it is being collected right now; or this is a server, which takes in what is new by itself when no run
    goes on. A search that ran after either would wait, slow it down, and never get there."""
    if context.host is not None:
        return True
    return any(run.status == RunStatus.RUNNING for run in await store.runs.newest(row.id, limit=1))


async def _shown(
    store: Store, searched: Mapping[int, _Searched], query: Query, hits: Sequence[SearchHit]
) -> list[dict[str, Any]]:
    by_stream: dict[tuple[int, str], list[SearchHit]] = {}
    for hit in hits:
        by_stream.setdefault((hit.connection_id, hit.record.stream), []).append(hit)
    made = await asyncio.gather(
        *(
            Shown.of(store, number, stream, searched[number].source, [hit.record for hit in some])
            for (number, stream), some in by_stream.items()
        )
    )
    shown = dict(zip(by_stream, made, strict=True))
    return [_hit(searched[hit.connection_id], shown[hit.connection_id, hit.record.stream], query, hit) for hit in hits]


def _declared(one: _Searched, stream: str) -> StreamDecl | None:
    return None if one.source is None else one.source.manifest.stream(stream)


def _hit(one: _Searched, shown: Shown, query: Query, hit: SearchHit) -> dict[str, Any]:
    record = shown.json(hit.record)
    rules = None if one.rules is None else one.rules.streams.get(hit.record.stream)
    texts = [] if rules is None or hit.record.data is None else texts_of(rules, hit.record.data)
    found = snippet(query, texts)
    names = ("stream", "key", "partition", "label", "author", "time", "version", "deleted")
    value = {"connection": one.row.name, "source": one.row.source} | {name: record[name] for name in names}
    value["grouped"] = _is_grouped(_declared(one, hit.record.stream))
    return value | {"snippet": None if found is None else found.as_json()}


def _is_grouped(declared: StreamDecl | None) -> bool:
    rule = None if declared is None else rule_of(declared)
    return rule is not None and rule.group_field is not None
