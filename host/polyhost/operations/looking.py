"""Looking closer: one record with its history, the group it belongs to, what each partition holds.

Owns: turning stored records into these results. Must not know: how they look; surfaces get every moment and name ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyhost.engine.sources.lookup import find_source
from polyhost.errors import ErrorCode, RefusedError
from polyhost.ledger.state import PartitionRule
from polyhost.operations.context import Context
from polyhost.operations.fields import check_bounds
from polyhost.operations.grouping import in_group_order, located, rule_of
from polyhost.operations.operation import Result
from polyhost.operations.requests import CountsRequest, RecordRequest, ThreadRequest
from polyhost.operations.shown import Shown, known_stream
from polyhost.store.base import ConnectionRow, RecordPage, RecordQuery, Store, StoredRecord

__all__ = ["counts", "record", "thread"]

MAX_COUNTED = 1_000
"""Partitions counted at once where none are named: what each holds is counted anew every time."""


async def record(context: Context, request: RecordRequest) -> Result[Any]:
    """One record as it is now, deleted or not, and on request what it was before."""
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = find_source(connection.source, context.home)
        known_stream(source, request.stream)
        found = await _record(store, connection, request.stream, request.key)
        versions = await store.records.versions(connection.id, request.stream, request.key) if request.versions else []
        shown = await Shown.of(store, connection.id, request.stream, source, [found, *versions])
    value: dict[str, Any] = {"connection": connection.name, "record": shown.json(found)}
    if request.versions:
        value["versions"] = [shown.json(version) for version in reversed(versions)]
    return Result(value)


async def thread(context: Context, request: ThreadRequest) -> Result[Any]:
    """The group a record belongs to: its head, then its members in order. A record without one is a group by itself."""
    check_bounds(request)
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = find_source(connection.source, context.home)
        declared = known_stream(source, request.stream)
        found = await _record(store, connection, request.stream, request.key)
        page = await _group(store, connection, request, found, rule_of(declared))
        shown = await Shown.of(store, connection.id, request.stream, source, page.records)
    value = {
        "connection": connection.name,
        "stream": request.stream,
        "key": request.key,
        "partition": found.partition,
        "records": [shown.json(record) for record in page.records],
        "next": page.next,
    }
    return Result(value)


async def counts(context: Context, request: CountsRequest) -> Result[Any]:
    """How many records a stream holds, and each of its partitions."""
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        known_stream(find_source(connection.source, context.home), request.stream)
        totals = await store.records.count(connection.id)
        keys = request.partition or await _known_partitions(store, connection, request)
        held = await store.records.count_partitions(connection.id, request.stream, keys[:MAX_COUNTED])
        labels = await store.ledger.labels(connection.id, request.stream, keys[:MAX_COUNTED])
    live, deleted = totals.get(request.stream, (0, 0))
    rows = [
        {"key": key, "label": labels.get(key), "records": one, "deleted": gone} for key, (one, gone) in held.items()
    ]
    value = {"connection": connection.name, "stream": request.stream, "records": live, "deleted": deleted}
    return Result(value | {"partitions": rows, "truncated": len(keys) > MAX_COUNTED})


async def _known_partitions(store: Store, connection: ConnectionRow, request: CountsRequest) -> Sequence[str]:
    return [state.key for state in await store.ledger.partitions(connection.id, request.stream)]


async def _record(store: Store, connection: ConnectionRow, stream: str, key: str) -> StoredRecord:
    found = (await store.records.by_key(connection.id, stream, [key])).get(key)
    if found is None:
        raise RefusedError(
            f"{connection.name} has no such record in {stream}",
            f"Keys are shown by: polyhost records {connection.name} {stream}",
            code=ErrorCode.UNKNOWN_RECORD,
        )
    return found


async def _group(
    store: Store, connection: ConnectionRow, request: ThreadRequest, found: StoredRecord, rule: PartitionRule | None
) -> RecordPage:
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
