"""One connection's records, each as a list of versions.

Owns: looking records up and carrying out what a write comes to. Must not know: what becomes of a record
(`write_rules`), runs, batches, leases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from polyhost.store.base import AddRecords, RecordWrite, StoredRecord, TombstoneAbsent, TombstoneUnseen, WriteRecords
from polyhost.store.write_rules import Candidate, Changes, Decisions, Known, absent, by_stream, rounds

__all__ = ["Entry", "RecordTable"]


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


class RecordTable:
    """The records of one connection."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], Entry] = {}

    def copied(self) -> RecordTable:
        copy = RecordTable()
        copy._entries = {name: Entry(entry.write, list(entry.versions)) for name, entry in self._entries.items()}
        return copy

    # reading

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

    # writing

    def write(self, decisions: Decisions[Entry], batch_id: str, op: WriteRecords) -> None:
        for records in rounds(op.records):
            self._carry_out(batch_id, decisions.write(records, self._look_up(records)))

    def add(self, decisions: Decisions[Entry], batch_id: str, op: AddRecords) -> None:
        for records in rounds(op.records):
            self._carry_out(batch_id, decisions.add(records, self._look_up(records)))

    def tombstone_absent(self, decisions: Decisions[Entry], batch_id: str, op: TombstoneAbsent) -> None:
        walked = [
            Candidate(entry, entry.write.key, entry.position, entry.write.is_head, entry.now.deleted)
            for entry in self.of(op.stream)
            if entry.write.partition == op.partition
            and (op.since or "") <= entry.position <= op.until
            and entry.position not in op.spared
        ]
        gone = [one.row for one in absent(walked, seen=op.seen, groups=op.groups)]
        self._carry_out(batch_id, decisions.tombstone(op.stream, gone, at=op.at))

    def tombstone_unseen(self, decisions: Decisions[Entry], batch_id: str, op: TombstoneUnseen) -> None:
        live = [entry for entry in self.of(op.stream) if not entry.now.deleted]
        gone = sorted((one for one in live if one.write.key not in op.seen), key=lambda one: one.write.key)
        self._carry_out(batch_id, decisions.tombstone(op.stream, gone, at=op.at))

    def _look_up(self, records: Sequence[RecordWrite]) -> Mapping[str, Mapping[str, Known[Entry]]]:
        return {
            stream: {key: _known(entry) for key in keys if (entry := self._entries.get((stream, key))) is not None}
            for stream, keys in by_stream(records).items()
        }

    def _carry_out(self, batch_id: str, changes: Changes[Entry]) -> None:
        for number, record in changes.inserts:
            first = _version(record, number=number, version=1, deleted=record.op == "delete", batch_id=batch_id)
            self._entries[record.stream, record.key] = Entry(record, [first])
        for number, entry, record in changes.updates:
            entry.write = record
            version = entry.now.version + 1
            entry.versions.append(_version(record, number=number, version=version, deleted=False, batch_id=batch_id))
        for number, entry, at in changes.tombstones:
            now = replace(entry.now, emitted_at=at, deleted=True, batch_id=batch_id, sequence=number)
            entry.versions.append(replace(now, version=now.version + 1))
        for entry, at in changes.seen_again:
            entry.versions[-1] = replace(entry.now, emitted_at=at)


def _known(entry: Entry) -> Known[Entry]:
    return Known(entry, entry.write.digest, entry.now.deleted, entry.now.emitted_at)


def _version(record: RecordWrite, *, number: int, version: int, deleted: bool, batch_id: str) -> StoredRecord:
    return StoredRecord(
        stream=record.stream,
        key=record.key,
        partition=record.partition,
        data=None if record.data is None else orjson.loads(record.data),
        emitted_at=record.emitted_at,
        version=version,
        deleted=deleted,
        batch_id=batch_id,
        sequence=number,
    )
