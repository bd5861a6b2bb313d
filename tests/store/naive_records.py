"""What writing records means, said a second time and as simply as it can be: every store is held against it.

One list of versions for each record, one record after the other. Must not know: how any store decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from polyhost.store.base import (
    AddRecords,
    RecordWrite,
    TombstoneAbsent,
    TombstoneUnseen,
    WriteCounts,
    WriteOp,
    WriteRecords,
)

__all__ = ["NaiveRecord", "NaiveRecords", "Version"]


@dataclass(frozen=True, slots=True)
class Version:
    """One version: its content, since when, and whether it is a tombstone."""

    data: bytes | None
    emitted_at: str
    deleted: bool
    batch_id: str


@dataclass(slots=True)
class NaiveRecord:
    """One record: what was last written of it, and its versions, the last one current."""

    write: RecordWrite
    versions: list[Version]

    @property
    def now(self) -> Version:
        return self.versions[-1]

    @property
    def position(self) -> str:
        return self.write.position or ""


@dataclass(slots=True)
class NaiveRecords:
    """The records of one connection, by stream and key."""

    entries: dict[tuple[str, str], NaiveRecord] = field(default_factory=dict)

    def apply(self, batch_id: str, ops: Sequence[WriteOp]) -> Mapping[str, WriteCounts]:
        counts: dict[str, WriteCounts] = {}
        for op in ops:
            for record, what in self._outcomes(batch_id, op):
                count = counts.setdefault(record.stream, WriteCounts())
                if what == "differing":
                    count.differing.append(record)
                else:
                    setattr(count, what, getattr(count, what) + 1)
        return counts

    def _outcomes(self, batch_id: str, op: WriteOp) -> Sequence[tuple[RecordWrite, str]]:
        match op:
            case WriteRecords():
                return [(record, self._write(batch_id, record)) for record in op.records]
            case AddRecords():
                return [(record, self._add(batch_id, record)) for record in op.records]
            case TombstoneAbsent():
                gone = [entry.write for entry in self.entries.values() if self._is_absent(entry, op)]
                return [(one, self._write(batch_id, one._replace(op="delete", emitted_at=op.at))) for one in gone]
            case TombstoneUnseen():
                of = [entry for entry in self.entries.values() if entry.write.stream == op.stream]
                gone = [one.write for one in of if not one.now.deleted and one.write.key not in op.seen]
                return [(one, self._write(batch_id, one._replace(op="delete", emitted_at=op.at))) for one in gone]
            case _:
                return []

    def _write(self, batch_id: str, record: RecordWrite) -> str:
        entry = self.entries.get((record.stream, record.key))
        deleted = record.op == "delete"
        if entry is None:
            self.entries[record.stream, record.key] = NaiveRecord(record, [_version(record, record, batch_id)])
            return "deleted" if deleted else "new"
        same = record.digest is not None and record.digest == entry.write.digest
        if entry.now.deleted if deleted else (same and not entry.now.deleted):
            return "unchanged"
        content = entry.write if deleted else record
        entry.versions.append(_version(content, record, batch_id))
        entry.write = content
        return "deleted" if deleted else "updated"

    def _add(self, batch_id: str, record: RecordWrite) -> str:
        entry = self.entries.get((record.stream, record.key))
        if entry is None:
            return self._write(batch_id, record)
        if entry.now.deleted or record.op == "delete":
            return "unchanged" if entry.now.deleted and record.op == "delete" else "differing"
        if record.digest is None or record.digest != entry.write.digest:
            return "differing"
        latest = max(entry.now.emitted_at, record.emitted_at)
        entry.versions[-1] = Version(entry.now.data, latest, deleted=False, batch_id=entry.now.batch_id)
        return "unchanged"

    def _is_absent(self, entry: NaiveRecord, walk: TombstoneAbsent) -> bool:
        of = (entry.write.stream, entry.write.partition)
        inside = of == (walk.stream, walk.partition) and (walk.since or "") <= entry.position <= walk.until
        if not inside or entry.now.deleted or entry.write.key in walk.seen:
            return False
        if entry.write.is_head or entry.position in walk.groups:
            return True
        beside = [e.write for e in self.entries.values() if e.position == entry.position]
        heads = [one for one in beside if one.is_head and (one.stream, one.partition) == of]
        return bool(heads) and not any(head.key in walk.seen for head in heads)


def _version(content: RecordWrite, change: RecordWrite, batch_id: str) -> Version:
    return Version(content.data, change.emitted_at, change.op == "delete", batch_id)
