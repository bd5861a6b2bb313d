"""Which files lie inside the boundary of a run: those of a record that does, as it is stored.

Must not know: how a file is fetched; what a boundary is (the scope judges).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

from polyhost.ledger.files import FileReason, FileState
from polyhost.protocol.scope import Scope
from polyhost.store.base import FileCount, FileQuery, FileRow, RecordFile, Store

__all__ = ["counts_inside", "inside"]

_PAGE = 500


async def inside(store: Store, connection_id: int, rows: Sequence[FileRow], scope: Scope) -> list[FileRow]:
    """In their order."""
    bounded = [stream.name for stream in scope.streams if stream.bounds_what_is_stored]
    if not bounded and all(scope.stream(row.facts.stream) for row in rows):
        return list(rows)
    holding = await store.files.records(connection_id, [row.id for row in rows])
    records = [one for held in holding.values() for one in held if scope.stream(one.stream)]
    found = {one.file.id for one in records if one.stream not in bounded}
    keys: defaultdict[str, list[RecordFile]] = defaultdict(list)
    for one in records:
        if one.stream in bounded and one.file.id not in found:
            keys[one.stream].append(one)
    for name, held in keys.items():
        stream = scope.stream(name)
        stored = await store.records.content(connection_id, name, [one.key for one in held])
        found |= {one.file.id for one in held if stream and stream.judge_stored(one.key, stored.get(one.key))}
    return [row for row in rows if row.id in found]


async def counts_inside(
    store: Store, connection_id: int, scope: Scope, counts: Sequence[FileCount], states: Collection[FileState]
) -> Sequence[FileCount]:
    """Of these counts of a connection, those in these states, and of each what lies inside; of thumbnails, none where
    the boundary leaves something out."""
    found = [one for one in counts if one.state in states]
    bounded = any(stream.bounds_what_is_stored for stream in scope.streams)
    if not bounded and all(scope.stream(one.stream) for one in found):
        return found
    seen: Counter[tuple[str, FileState, FileReason | None]] = Counter()
    for state in {one.state for one in found}:
        after: str | None = None
        while True:
            query = FileQuery(states=frozenset({state}), thumbnails=False, after=after, limit=_PAGE)
            page = await store.files.find(connection_id, query)
            rows = await inside(store, connection_id, page.files, scope)
            seen.update((row.facts.stream, row.facts.state, row.facts.reason) for row in rows)
            if (after := page.next) is None:
                break
    return [FileCount(stream, False, state, why, files, 0) for (stream, state, why), files in seen.items()]
