"""What a recorded scenario must yield when it is replayed: every record of the run's streams, without its accidents.

Owns: the form of expected.jsonl. Must not know: traffic, scrubbing.
"""

from __future__ import annotations

from typing import Any

from polyhost.browser.recordings.fixture import in_order
from polyhost.protocol.scope import Scope
from polyhost.store.base import ConnectionRow, RecordQuery, Store

__all__ = ["expected_records"]

_PAGE = 1_000


async def expected_records(store: Store, connection: ConnectionRow, scope: Scope) -> list[dict[str, Any]]:
    """Records by stream, partition and key: these, data, deleted. No times of collection, no batch ids."""
    found: list[dict[str, Any]] = []
    for stream in scope.streams:
        after: str | None = None
        while True:
            page = await store.records.page(
                connection.id, stream.name, RecordQuery(limit=_PAGE, after=after, deleted=True)
            )
            found += [
                {
                    "stream": record.stream,
                    "key": record.key,
                    "partition": record.partition,
                    "data": record.data,
                    "deleted": record.deleted,
                }
                for record in page.records
            ]
            after = page.next
            if after is None:
                break
    return [dict(record) for record in in_order(found)]
