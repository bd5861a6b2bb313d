"""Which files lie inside the boundary of a run: those of a record that does, as it is stored.

Must not know: how a file is fetched; what a boundary is (the scope judges).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from polyhost.protocol.scope import Scope
from polyhost.store.base import FileRow, RecordFile, Store

__all__ = ["inside"]


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
