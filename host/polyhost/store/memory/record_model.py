"""Records as a list of versions each: what writing and reading them means, said as simply as it can be.

Owns: the naive model of one connection's records, behind MemoryStore. Must not know: runs, batches, leases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import orjson

from polyhost.store.base import RecordWrite, StoredRecord, TombstoneAbsent

__all__ = ["DIFFERING", "Entry", "RecordModel"]

DIFFERING = "differing"
"""What adding a record came to that is known with other content: nothing."""


@dataclass(slots=True)
class Entry:
    """One record: what was last written of it, and all its versions, the last one current."""

    write: RecordWrite
    versions: list[StoredRecord]

    @property
    def now(self) -> StoredRecord:
        return self.versions[-1]

    @property
    def position(self) -> str:
        return self.write.position or ""

    @property
    def place(self) -> tuple[str, str]:
        return self.position, self.write.key


class RecordModel:
    """The records of one connection. `number` gives the next change its number."""

    def __init__(self, number: Callable[[], int]) -> None:
        self._number = number
        self._entries: dict[tuple[str, str], Entry] = {}

    def copied(self) -> RecordModel:
        copy = RecordModel(self._number)
        copy._entries = {name: Entry(entry.write, list(entry.versions)) for name, entry in self._entries.items()}
        return copy

    def every(self) -> Sequence[Entry]:
        return list(self._entries.values())

    def changes(self, *, after: int, limit: int) -> Sequence[StoredRecord]:
        """Records as they are now, by the number of their last change."""
        latest = sorted((entry.now for entry in self._entries.values()), key=lambda now: now.sequence)
        return [now for now in latest if now.sequence > after][:limit]

    def of(self, stream: str) -> Sequence[Entry]:
        """A stream's records in the order of pages."""
        return sorted((e for e in self._entries.values() if e.write.stream == stream), key=lambda entry: entry.place)

    def live(self, stream: str, partition: str) -> Sequence[Entry]:
        return [entry for entry in self.of(stream) if entry.write.partition == partition and not entry.now.deleted]

    def put(self, batch_id: str, record: RecordWrite) -> str:
        """Write one record; what that came to, as a field of WriteCounts."""
        entry = self._entries.get((record.stream, record.key))
        deleted = record.op == "delete"
        if entry is None:
            self._entries[record.stream, record.key] = Entry(record, [self._version(record, record, batch_id, 1)])
            return "deleted" if deleted else "new"
        same = record.digest is not None and record.digest == entry.write.digest
        if entry.now.deleted if deleted else (same and not entry.now.deleted):
            return "unchanged"
        content = entry.write if deleted else record
        entry.versions.append(self._version(content, record, batch_id, entry.now.version + 1))
        entry.write = content
        return "deleted" if deleted else "updated"

    def add(self, batch_id: str, record: RecordWrite) -> str:
        """Write one record only if it is new; what that came to, or DIFFERING."""
        entry = self._entries.get((record.stream, record.key))
        if entry is None:
            return self.put(batch_id, record)
        if entry.now.deleted or record.op == "delete":
            return "unchanged" if entry.now.deleted and record.op == "delete" else DIFFERING
        if record.digest is None or record.digest != entry.write.digest:
            return DIFFERING
        entry.versions[-1] = replace(entry.now, emitted_at=max(entry.now.emitted_at, record.emitted_at))
        return "unchanged"

    def bury(self, batch_id: str, walk: TombstoneAbsent) -> Sequence[tuple[RecordWrite, str]]:
        """Tombstone what a walk did not see."""
        gone = [entry.write for entry in self.of(walk.stream) if self._is_absent(entry, walk)]
        return [(write, self.put(batch_id, write._replace(op="delete", emitted_at=walk.at))) for write in gone]

    def _is_absent(self, entry: Entry, walk: TombstoneAbsent) -> bool:
        inside = entry.write.partition == walk.partition and (walk.since or "") <= entry.position <= walk.until
        if not inside or entry.now.deleted or entry.write.key in walk.seen:
            return False
        if entry.write.is_head or entry.position in walk.groups:
            return True
        beside = [e.write for e in self.of(walk.stream) if e.position == entry.position]
        heads = [write for write in beside if write.is_head and write.partition == walk.partition]
        return bool(heads) and not any(head.key in walk.seen for head in heads)

    def _version(self, content: RecordWrite, change: RecordWrite, batch_id: str, version: int) -> StoredRecord:
        return StoredRecord(
            stream=content.stream,
            key=content.key,
            partition=content.partition,
            data=None if content.data is None else orjson.loads(content.data),
            emitted_at=change.emitted_at,
            version=version,
            deleted=change.op == "delete",
            batch_id=batch_id,
            sequence=self._number(),
        )
