"""What a write comes to, for every store alike: new, updated, unchanged, deleted, or left for somebody else to decide.

A store cuts the records into `rounds`, looks up what it knows of a round's keys, asks `Decisions` what becomes of them,
and carries the changes out in whatever it keeps records in.

Owns: the decision for each operation on records, the number of each change, what each stream's records came to. Pure.
Must not know: tables, statements, batches, how a store finds what it knows.

This is the hot path: a record has some 15 microseconds in a store. Records of which nothing is known, which is all of a
first run, are decided together, without a call for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Generic, NamedTuple, TypeVar

from polyhost.store import refusals
from polyhost.store.writes import (
    AddRecords,
    RecordWrite,
    TombstoneAbsent,
    TombstoneUnseen,
    WriteCounts,
    WriteOp,
    WriteRecords,
)

__all__ = [
    "Candidate",
    "Changes",
    "Decisions",
    "Known",
    "StreamTally",
    "absent",
    "by_stream",
    "require_batch",
    "rounds",
]

Row = TypeVar("Row")
"""What a store calls one of its records: a number in a table, an object."""

_STREAM_AND_KEY = itemgetter(0, 1)
_STREAM_AND_OP = itemgetter(0, 2)


class Known(NamedTuple, Generic[Row]):
    """What a store knows of a record that is there."""

    row: Row
    digest: bytes | None
    deleted: int
    emitted_at: str


class Candidate(NamedTuple, Generic[Row]):
    """A stored record in a range that was walked."""

    row: Row
    key: str
    position: str
    is_head: int
    deleted: int


class Changes(Generic[Row]):
    """What a store is to do, each change with its number. No record is named twice.

    `inserts`: version 1, a tombstone where the operation is a delete. `updates`: the version before is kept; content
    and place are those that come, and the record is live. `tombstones`: the version before is kept; the record is
    deleted as of that moment, its content and place stay. `seen_again`: the same version, as of that moment.
    """

    __slots__ = ("inserts", "seen_again", "tombstones", "updates")

    def __init__(self) -> None:
        self.inserts: list[tuple[int, RecordWrite]] = []
        self.updates: list[tuple[int, Row, RecordWrite]] = []
        self.tombstones: list[tuple[int, Row, str]] = []
        self.seen_again: list[tuple[Row, str]] = []


@dataclass(slots=True)
class StreamTally:
    """What one stream's records came to, and by how much the stream grew."""

    counts: WriteCounts = field(default_factory=WriteCounts)
    live: int = 0
    deleted: int = 0


class Decisions(Generic[Row]):
    """The decisions of one write, in order. `sequence`: the number of the last change so far."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        self.tallies: dict[str, StreamTally] = {}

    def write(self, records: Sequence[RecordWrite], known: Mapping[str, Mapping[str, Known[Row]]]) -> Changes[Row]:
        """One round, as `WriteRecords` has it. `known`: by stream and key."""
        return self._decided(records, known, self._replace)

    def add(self, records: Sequence[RecordWrite], known: Mapping[str, Mapping[str, Known[Row]]]) -> Changes[Row]:
        """One round, as `AddRecords` has it."""
        return self._decided(records, known, self._leave)

    def tombstone(self, stream: str, rows: Iterable[Row], *, at: str) -> Changes[Row]:
        """Delete live records of one stream."""
        changes = Changes[Row]()
        for row in rows:
            self._delete(self._tally(stream), changes, row, at)
        return changes

    def counts(self) -> Mapping[str, WriteCounts]:
        """Of the streams whose records were written."""
        return {name: tally.counts for name, tally in self.tallies.items() if tally.counts != WriteCounts()}

    def _decided(
        self,
        records: Sequence[RecordWrite],
        known: Mapping[str, Mapping[str, Known[Row]]],
        decide: Callable[[StreamTally, Changes[Row], RecordWrite, Known[Row]], None],
    ) -> Changes[Row]:
        changes = Changes[Row]()
        if not any(known.values()):
            self._insert(changes, records)
            return changes
        for record in records:
            before = known[record.stream].get(record.key)
            if before is None:
                self._insert(changes, (record,))
            else:
                decide(self._tally(record.stream), changes, record, before)
        return changes

    def _insert(self, changes: Changes[Row], records: Sequence[RecordWrite]) -> None:
        """None of them is known."""
        first = self.sequence + 1
        self.sequence += len(records)
        changes.inserts += zip(range(first, self.sequence + 1), records, strict=True)
        for (stream, op), count in Counter(map(_STREAM_AND_OP, records)).items():
            tally = self._tally(stream)
            if op == "delete":
                tally.counts.deleted += count
                tally.deleted += count
            else:
                tally.counts.new += count
                tally.live += count

    def _replace(self, tally: StreamTally, changes: Changes[Row], record: RecordWrite, before: Known[Row]) -> None:
        if record.op == "delete":
            if before.deleted:
                tally.counts.unchanged += 1
            else:
                self._delete(tally, changes, before.row, record.emitted_at)
        elif not before.deleted and _is_same(record, before):
            tally.counts.unchanged += 1
        else:
            tally.counts.updated += 1
            tally.live += before.deleted
            tally.deleted -= before.deleted
            changes.updates.append((self._number(), before.row, record))

    def _leave(self, tally: StreamTally, changes: Changes[Row], record: RecordWrite, before: Known[Row]) -> None:
        if bool(before.deleted) is not (record.op == "delete"):
            tally.counts.differing.append(record)
        elif before.deleted:
            tally.counts.unchanged += 1
        elif not _is_same(record, before):
            tally.counts.differing.append(record)
        else:
            tally.counts.unchanged += 1
            if before.emitted_at < record.emitted_at:
                changes.seen_again.append((before.row, record.emitted_at))

    def _delete(self, tally: StreamTally, changes: Changes[Row], row: Row, at: str) -> None:
        tally.counts.deleted += 1
        tally.live -= 1
        tally.deleted += 1
        changes.tombstones.append((self._number(), row, at))

    def _number(self) -> int:
        self.sequence += 1
        return self.sequence

    def _tally(self, stream: str) -> StreamTally:
        tally = self.tallies.get(stream)
        if tally is None:
            tally = self.tallies[stream] = StreamTally()
        return tally


def require_batch(batch_id: str | None, ops: Sequence[WriteOp]) -> None:
    """RunFailedError where records would be written that no batch has brought."""
    of_records = WriteRecords | AddRecords | TombstoneAbsent | TombstoneUnseen
    if batch_id is None and any(isinstance(op, of_records) for op in ops):
        raise refusals.unknown_batch(None)


def rounds(records: Sequence[RecordWrite]) -> Iterator[Sequence[RecordWrite]]:
    """The records cut into stretches within which no key comes twice; nearly always one. A key that comes again sees
    what its first coming left."""
    names = [*map(_STREAM_AND_KEY, records)]
    if len(set(names)) == len(names):
        yield records
        return
    seen: set[tuple[str, str]] = set()
    start = 0
    for index, name in enumerate(names):
        if name in seen:
            yield records[start:index]
            start = index
            seen.clear()
        seen.add(name)
    yield records[start:]


def by_stream(records: Sequence[RecordWrite]) -> Mapping[str, Sequence[str]]:
    """The keys to look up."""
    keys: dict[str, list[str]] = {}
    for stream, key in map(_STREAM_AND_KEY, records):
        keys.setdefault(stream, []).append(key)
    return keys


def absent(
    stored: Sequence[Candidate[Row]], *, seen: Collection[str], groups: Collection[str]
) -> Iterator[Candidate[Row]]:
    """As `TombstoneAbsent` has it: live heads that were not seen; live members that were not seen, of groups that were
    read or whose stored head was not seen either. A group whose head was never stored is left alone: nothing says that
    it is gone."""
    heads = {record.position for record in stored if record.is_head and record.key in seen}
    headless = {record.position for record in stored if record.is_head} - heads
    for record in stored:
        if record.deleted or record.key in seen:
            continue
        if record.is_head or record.position in groups or record.position in headless:
            yield record


def _is_same(record: RecordWrite, before: Known[Row]) -> bool:
    """A record without a digest is never taken for the one before."""
    return record.digest is not None and record.digest == before.digest
