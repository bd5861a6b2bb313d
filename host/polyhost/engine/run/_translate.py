"""From what the run machine admits to what the store writes: records placed and digested, ranges and absences in order.

Owns: translation, and the rule that absence is judged only in what this run has walked for the first time.
Must not know: how anything is written, or when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from polyhost.engine.clock import Clock
from polyhost.engine.events import PartitionAdvanced
from polyhost.engine.run._tally import Tally
from polyhost.engine.run._walks import MAX_SEEN, Walks
from polyhost.engine.run.ledger import RunLedger
from polyhost.ledger import ranges
from polyhost.ledger.cursor import sort_key
from polyhost.ledger.digest import encode
from polyhost.ledger.exceptions import ExceptionId
from polyhost.ledger.hidden import visible
from polyhost.ledger.plan import unproven
from polyhost.ledger.position import Located, Unplaceable, locate
from polyhost.ledger.state import PartitionRule, Range
from polyhost.protocol.commands import (
    CommitArrivals,
    CommitCoverage,
    CommitHidden,
    CommitInventory,
    ForgetToken,
    KeepCursor,
    NoteException,
)
from polyhost.protocol.diagnostics import Diagnostic, DiagnosticCode, Severity
from polyhost.protocol.manifest import Manifest
from polyhost.protocol.records import Record
from polyhost.protocol.scope import Scope
from polyhost.store.base import (
    RecordWrite,
    ResolveExceptions,
    SaveCheckpoints,
    TombstoneAbsent,
    TombstoneUnseen,
    WriteOp,
    WriteRecords,
)

__all__ = ["StreamFacts", "Translator"]

_BOTTOM = ("", "")
_END = "\U0010ffff" * 256
"""A sort key above that of every position."""
_NOBODY: Mapping[str, set[ExceptionId]] = {}

_record_write: Callable[[tuple[Any, ...]], RecordWrite] = partial(tuple.__new__, RecordWrite)
"""Takes every field, in order, in a third of the time that calling the class takes."""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What translating one stream's records needs, looked up once."""

    rule: PartitionRule | None
    volatile: frozenset[str]
    time_field: str | None
    projected: bool
    enumerated: bool


class Translator:
    """One run's translation. Records must pass through in the order they were admitted."""

    def __init__(
        self,
        *,
        manifest: Manifest,
        scope: Scope,
        ledger: RunLedger,
        tally: Tally,
        clock: Clock,
        cursors: Mapping[str, Any],
        absence_tells: bool = True,
    ) -> None:
        self._ledger = ledger
        self._exceptions = ledger.exceptions
        self._healed: list[ExceptionId] = []
        self._cursors = dict(cursors)
        self._tally = tally
        self._clock = clock
        self._walks = Walks()
        self._absence_tells = absence_tells
        self._unplaced_before: dict[tuple[str, str], int] = {}
        self._unplaced: dict[str, int] = {}
        self._read: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._facts = {stream.name: _facts(manifest, stream.name, scope, ledger) for stream in scope.streams}
        self.projects = any(facts.projected for facts in self._facts.values())
        self.bounded = frozenset(stream.name for stream in scope.streams if stream.bounds_what_is_stored)

    def start_state(self) -> dict[str, Any] | None:
        """START.state: the opaque cursors as they were kept, and the ledger as it stands now. What a stream with
        partitions was given as a cursor beside them is handed back as its `cursor`."""
        partitioned = {
            name: snapshot | ({"cursor": self._cursors[name]} if name in self._cursors else {})
            for name, snapshot in self._ledger.start_state().items()
        }
        return {**self._cursors, **partitioned} or None

    def is_projected(self, stream: str) -> bool:
        """Whether the run holds only some fields of this stream's records."""
        return self._facts[stream].projected

    def write_records(self, records: Sequence[Record]) -> list[WriteOp]:
        """Admitted records, ready to be stored; with them ends the exception that one of them was. Of a bounded stream
        not before it is known which of them are written: see `arrived`."""
        writes: list[RecordWrite] = []
        for stream, of in groupby(records, key=itemgetter(0)):
            writes += self._write(stream, of)
        healed, self._healed = self._healed, []
        return [*([WriteRecords(writes)] if writes else []), *([ResolveExceptions(healed)] if healed else [])]

    def arrived(self, writes: Sequence[RecordWrite]) -> list[ResolveExceptions]:
        """These records of bounded streams are written: to be made durable with them, for what is neither stored nor
        named is lost."""
        healed: list[ExceptionId] = []
        for write in writes:
            if write.stream in self.bounded and self._tells_of_whole(write.stream):
                healed += self._exceptions.arrived(write.stream, write.key)
        return [ResolveExceptions(healed)] if healed else []

    def take_exception(self, command: NoteException) -> list[WriteOp]:
        """Something could not be taken: from now on its name stands in the ledger. Nothing where there are too many."""
        return self._exceptions.note(command.fact)

    def heard_of(self, records: Sequence[Record]) -> None:
        """Deletes whose fate is not decided yet: whatever it is, the connector knows them to be gone."""
        for record in records:
            self._walks.deleted(record.stream, record.key)

    def take_inventory(self, command: CommitInventory) -> list[WriteOp]:
        """These partitions exist."""
        return [*self._ledger.take_inventory(command)]

    def take_word(self, command: CommitHidden | CommitArrivals | ForgetToken) -> list[WriteOp]:
        """What the source says of itself beside its ranges."""
        match command:
            case CommitHidden():
                return [*self._ledger.take_hidden(command)]
            case CommitArrivals():
                return self.take_arrivals(command)
            case ForgetToken():
                return [*self._ledger.forget_token(command)]

    def take_coverage(self, command: CommitCoverage) -> list[WriteOp]:
        """A range is proven: what was not seen in it is gone from the source, and the ledger moves. Nothing where
        a record had no place in the ledger, or the run holds only some fields: then the range stays open."""
        facts = self._facts[command.stream]
        rule = facts.rule
        piece = self._ledger.proven(command)
        if rule is None or facts.projected or self._spoilt(command) or self._exceptions.is_full(command.stream):
            return []
        if piece is None and command.limited_before is None and command.until is not None:
            return []
        shown = self._ledger.shown(command, piece)
        ops: list[WriteOp] = []
        if self._absence_tells:
            groups = self._group_keys(command, rule)
            gone: frozenset[str] = frozenset()
            for part in shown:
                healed, lost = self._exceptions.claimed(command.stream, command.partition, part, groups)
                ops, gone = [*ops, *healed], gone | lost
            ops = [*self._absent(command, piece, rule, groups | gone), *ops]
        ops += self._ledger.take_coverage(command)
        for part in shown:
            self._account(command, part, rule)
        self._tell(command)
        return ops

    def take_enumerated(self, enumerated: Mapping[str, frozenset[str]]) -> list[WriteOp]:
        """These streams were read from end to end: what was not met in this run is gone, but for the keys that came by
        and were refused. Once everything that came is written."""
        ops: list[WriteOp] = []
        for stream, spared in enumerated.items():
            seen = self._walks.seen(stream, "")
            if seen is None:
                self._tally.report(_too_many(stream))
                continue
            ops.append(TombstoneUnseen(stream=stream, seen=seen | spared, at=self._clock.iso()))
            ops += self._exceptions.nowhere(stream, (), everything=True)
        return ops

    def _group_keys(self, command: CommitCoverage, rule: PartitionRule) -> frozenset[str]:
        return frozenset(sort_key(group, rule.order) for group in command.groups)

    def _absent(
        self, command: CommitCoverage, piece: Range | None, rule: PartitionRule, groups: frozenset[str]
    ) -> list[TombstoneAbsent]:
        """Only where this run has not walked before: what it saw there is not remembered any more."""
        seen = self._walks.seen(command.stream, command.partition)
        if seen is None:
            return []
        edges = self._ledger.edges(command)
        return [
            TombstoneAbsent(
                stream=command.stream,
                partition=command.partition,
                since=since,
                until=until,
                seen=seen | command.spared,
                groups=groups,
                at=self._clock.iso(),
                spared=edges - groups,
            )
            for since, until in self._unwalked(command, piece, rule)
        ]

    def _unwalked(
        self, command: CommitCoverage, piece: Range | None, rule: PartitionRule
    ) -> Iterator[tuple[str | None, str]]:
        """Sort keys from and to, both included. What is claimed to its end reaches above all that is stored."""
        if piece is None:
            if command.until is None and command.limited_before is None:
                yield (None if command.since is None else sort_key(command.since, rule.order)), _END
            return
        walked = self._ledger.walked(command.stream, command.partition)
        for fresh in visible(self._ledger.shown(command, piece), walked, rule.order):
            ends = command.until is None and fresh.until == piece.until
            since = None if fresh.since is None else sort_key(fresh.since, rule.order)
            yield since, (_END if ends else sort_key(fresh.until, rule.order))

    def take_arrivals(self, command: CommitArrivals) -> list[WriteOp]:
        """All that has arrived is stored. Nothing where a record had no place in the ledger, as with a range."""
        full = self._exceptions.is_full(command.stream)
        if self._facts[command.stream].projected or self._unplaced.get(command.stream) or full:
            return []
        return [*self._ledger.take_arrivals(command)]

    def keep_cursor(self, command: KeepCursor) -> list[WriteOp]:
        """With the records before it; and a connector that loses its footing is told of it."""
        if not self._absence_tells:
            return []
        self._cursors[command.stream] = command.cursor
        return [SaveCheckpoints({command.stream: command.cursor})]

    def _account(self, command: CommitCoverage, piece: Range, rule: PartitionRule) -> None:
        for whole in self._ledger.walked(command.stream, command.partition):
            if ranges.contains((whole,), piece, rule.order):
                low, high = ranges.floor_key(whole.since, rule.order), sort_key(whole.until, rule.order)
                self._walks.account(command.stream, command.partition, low, high)

    def _spoilt(self, command: CommitCoverage) -> bool:
        of = (command.stream, command.partition)
        unplaced = self._unplaced.get(command.stream, 0)
        before, self._unplaced_before[of] = self._unplaced_before.get(of, 0), unplaced
        return before != unplaced

    def unplaced(self) -> list[Diagnostic]:
        """Records that were admitted but have no place in the ledger: refused like invalid ones."""
        return [
            Diagnostic(
                code=DiagnosticCode.INVALID_RECORD,
                severity=Severity.GAP,
                stream=stream,
                count=count,
                message="Records without a usable partition or cursor were refused.",
                recovery_hint="retry_on_connector_upgrade",
            )
            for stream, count in self._unplaced.items()
        ]

    def unplaced_counts(self) -> Mapping[str, int]:
        """How many, per stream."""
        return self._unplaced

    def _tell(self, command: CommitCoverage) -> None:
        ledger = self._ledger.streams()[command.stream]
        state = ledger.states[command.partition]
        self._tally.watch(
            PartitionAdvanced(
                stream=command.stream,
                partition=command.partition,
                label=state.label,
                records=self._read[command.stream, command.partition],
                finished=not unproven(state, ledger.rule.order),
            )
        )

    def _write(self, stream: str, records: Iterable[Record]) -> Iterator[RecordWrite]:
        """One stream's records. Everything is looked up once, not for each: a run is mostly this loop."""
        facts, read = self._facts[stream], 0
        rule, volatile, time_field = facts.rule, facts.volatile, facts.time_field
        heals = stream not in self.bounded and self._tells_of_whole(stream)
        awaited = self._exceptions.records_of(stream) if heals else _NOBODY
        ledger, top = self._ledger.stream(stream), ""
        tops = ledger.tops if ledger is not None else {}
        watched: Collection[str] = ()
        here: str | None = None
        for _, key, data, emitted_at, op in records:
            if awaited and key in awaited:
                self._healed += self._exceptions.arrived(stream, key)
            if data is None:
                self._walks.deleted(stream, key)
                yield RecordWrite(stream, key, "delete", None, None, emitted_at)
                continue
            encoded = encode(data, volatile)
            if time_field is not None and isinstance(moment := data.get(time_field), str):
                self._tally.happened_at(moment)
            if rule is None:
                self._met(facts, stream, key)
                yield RecordWrite(stream, key, op, *encoded, emitted_at)
                continue
            place = locate(data, rule)
            if isinstance(place, Unplaceable):
                self._unplaced[stream] = self._unplaced.get(stream, 0) + 1
                continue
            partition, _, position, cursor, is_head = place
            if self._absence_tells:
                self._walks.saw(stream, partition, key, position)
            if partition != here:
                self._has_read(stream, here, read)
                here, read, top = partition, 0, tops.get(partition, _BOTTOM)[0]
                watched = self._exceptions.watched(stream, partition)
            if is_head and (position > top or position in watched):
                top = self._saw_head(stream, place, watched, tops)
            read += 1
            yield _record_write((stream, key, op, *encoded, emitted_at, partition, position, cursor, is_head))
        self._has_read(stream, here, read)

    def _met(self, facts: StreamFacts, stream: str, key: str) -> None:
        """A record of a stream without partitions came by."""
        if facts.enumerated and self._absence_tells:
            self._walks.saw(stream, "", key, "")

    def _saw_head(self, stream: str, place: Located, watched: Collection[str], tops: dict[str, tuple[str, str]]) -> str:
        """The sort key of the newest head of its partition now."""
        if place.key in watched:
            self._exceptions.saw_head(stream, place.partition, place.key)
        if place.key > tops.get(place.partition, _BOTTOM)[0]:
            tops[place.partition] = (place.key, place.cursor)
        return tops[place.partition][0]

    def _tells_of_whole(self, stream: str) -> bool:
        return self._absence_tells and not self._facts[stream].projected

    def _has_read(self, stream: str, partition: str | None, records: int) -> None:
        if partition is not None:
            self._read[stream, partition] += records


def _too_many(stream: str) -> Diagnostic:
    return Diagnostic(
        code=DiagnosticCode.LIMIT_REACHED,
        severity=Severity.INFO,
        stream=stream,
        count=MAX_SEEN,
        message="More records than a run remembers: which of them the source removed was not looked for.",
        recovery_hint="Give the stream partitions, which are looked through one by one.",
    )


def _facts(manifest: Manifest, name: str, scope: Scope, ledger: RunLedger) -> StreamFacts:
    declared = manifest.by_name[name]
    scoped = scope.stream(name)
    stream = ledger.stream(name)
    return StreamFacts(
        rule=stream.rule if stream is not None else None,
        volatile=frozenset(declared.volatile_fields),
        time_field=declared.consent_time_field,
        projected=scoped is not None and scoped.kept is not None,
        enumerated=declared.is_enumerated,
    )
