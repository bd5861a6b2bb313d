"""From RECORD to a record that may be stored: counted, held against scope, place, key and schema, mended, projected.

Owns: the gates, one per stream in scope, and what has been admitted but not handed on. Must not know: states, commands
other than PersistRecords and NoteException, stores. This is the inner loop: a plain record takes a few microseconds.

A part of a record in an odd shape costs that part, where the schema can do without it. A record that has to be refused
costs itself: it becomes an exception, which is told of before anything that comes after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any, cast

from polyhost.instants import is_timestamp
from polyhost.protocol.commands import Command, NoteException, PersistRecords
from polyhost.protocol.declarations import Manifest, StreamDecl
from polyhost.protocol.diagnostics import DiagnosticCode, Severity
from polyhost.protocol.exceptions import ExceptionFact, ExceptionKind, ExceptionReason
from polyhost.protocol.findings import Findings
from polyhost.protocol.keys import KeyRuleError, canonical_key, key_of
from polyhost.protocol.left_out import LeftOut, left_out
from polyhost.protocol.messages import ProtocolViolationError, parse_record
from polyhost.protocol.positions import Place
from polyhost.protocol.records import Record, make_record
from polyhost.protocol.refusals import Refusals
from polyhost.protocol.scope import RESOURCE, Admitted, NeedsStoredRecord, Op, Rejected, Scope, StreamScope
from polyhost.protocol.validation import Fault, RecordValidator

__all__ = ["Admission", "Gate"]

_INVALID = "invalid_record"
_KEY_MISMATCH = Rejected(_INVALID, "key_mismatch")
_NO_DATA_KEY = Rejected(_INVALID, "key_missing")


_UNKNOWN_FIELD = "*"


@dataclass(frozen=True, slots=True)
class _Mended:
    """A record that may be stored without the parts that these faults lay in."""

    record: Record
    faults: tuple[Fault, ...]


class Gate:
    """One stream's admission."""

    __slots__ = ("_name", "_narrowed", "_own_key", "_primary_key", "_single_key", "_validate", "place", "scope")

    def __init__(self, stream: StreamDecl, scope: StreamScope, validate: RecordValidator | None) -> None:
        self._name = stream.name
        self._primary_key = stream.primary_key
        self._single_key = stream.primary_key[0] if len(stream.primary_key) == 1 else None
        self._own_key = itemgetter(*stream.primary_key)
        self._validate = validate
        self.place = Place(stream.partition) if stream.partition is not None else None
        self.scope = scope
        self._narrowed = scope.is_narrowed

    def judge(
        self, key: Any, data: dict[str, Any] | None, emitted_at: str, op: Op
    ) -> Record | _Mended | Rejected | NeedsStoredRecord:
        """The record to store, as it is or mended, or why not. NeedsStoredRecord is for deletes only."""
        canonical = self.canonical(key)
        if op == "delete" or data is None:
            return self._judge_delete(canonical, data, emitted_at)
        if not self._holds(data, key, canonical):
            own = key_of(data, self._primary_key)
            if own != canonical:
                return _NO_DATA_KEY if own is None else _KEY_MISMATCH
        verdict = self.scope.judge(canonical, data)
        if not isinstance(verdict, Admitted):
            return self._lost(data) or verdict if verdict is RESOURCE else verdict
        # The whole record is what the schema speaks of, not the part that is kept.
        fault = self._fault(data)
        if fault is None:
            return Record(self._name, canonical, verdict.data, emitted_at)
        return self._mend(canonical, data, emitted_at, fault)

    def judge_without(
        self, key: Any, data: dict[str, Any], emitted_at: str, op: Op, fields: Sequence[LeftOut], fault: Rejected
    ) -> Record | _Mended | Rejected | NeedsStoredRecord:
        """A record that was refused and of which JSON could not carry these fields: with null in their place, where the
        schema takes that; else refused for what they were, if it was for the lack of them."""
        lacking = {field.field: field.why for field in fields if field.is_uncarried}
        again = self.judge(key, {**dict.fromkeys(lacking), **data}, emitted_at, op)
        if type(again) is not Rejected:
            return again
        at = {f"/{name}": name for name in lacking}
        field = next(iter(lacking)) if fault.path == "" else at.get(fault.path)
        if field is None or fault.code != _INVALID:
            return fault
        return Rejected(_INVALID, lacking[field], f"/{self.named(field)}")

    def _lost(self, data: dict[str, Any]) -> Rejected | None:
        """Where its partition cannot be read, nobody can say that it belongs to a resource nobody asked for."""
        if self.place is None or self.place.of(data)[0] is not None:
            return None
        return self._place_fault(data)

    def _mend(
        self, key: str, data: dict[str, Any], emitted_at: str, fault: Rejected
    ) -> _Mended | Rejected | NeedsStoredRecord:
        """The record without its odd parts; the fault where it cannot be kept without them."""
        mended = None if self._validate is None else self._validate.mend(data)
        if mended is None:
            return fault
        if (placeless := self._place_fault(mended.data)) is not None:
            return placeless
        kept = self.scope.judge(key, mended.data)
        if not isinstance(kept, Admitted):
            return kept
        return _Mended(Record(self._name, key, kept.data, emitted_at), mended.left_out)

    def invalid(self, key: str, data: dict[str, Any], fault: Rejected) -> ExceptionFact:
        """What is kept of a record that breaks a rule: its key and its place, as far as that can be read."""
        return self.exception(
            key, data, ExceptionReason.INVALID, f"{fault.rule} at {fault.path}" if fault.path else fault.rule
        )

    def exception(self, key: str, data: dict[str, Any], reason: ExceptionReason, detail: str = "") -> ExceptionFact:
        """A record that is not stored as it came, by its key and its place."""
        partition, position, member = (None, None, False) if self.place is None else self.place.told(data)
        return ExceptionFact(
            stream=self._name,
            kind=ExceptionKind.RECORD,
            key=key,
            reason=reason,
            partition=partition,
            position=position,
            member=member,
            detail=detail,
        )

    def named(self, field: str) -> str:
        """A field by its name, where the stream's schema declares it: nothing of a connector's own is repeated."""
        return _UNKNOWN_FIELD if self._validate is None else self._validate.field_of(field)

    def plain_key(self, key: Any, data: dict[str, Any]) -> str | None:
        """The canonical key of a record that nothing can be said against; None where `judge` has to look closer."""
        if self._narrowed:
            return None
        try:
            if self._single_key is not None:
                plain = type(key) is str and self._own_key(data) == key
            else:
                plain = type(key) is list and self._own_key(data) == tuple(key)
            if not plain or self._fault(data) is not None:
                return None
            return canonical_key(key, len(self._primary_key))
        except (KeyError, KeyRuleError):
            return None

    def _holds(self, data: Mapping[str, Any], key: Any, canonical: str) -> bool:
        """Whether the data holds this key as it is written: nearly always, and told without writing it once more."""
        if self._single_key is not None:
            return data.get(self._single_key) == canonical
        return type(key) is list and [data.get(name) for name in self._primary_key] == key

    def canonical(self, key: Any) -> str:
        """The key's canonical form; a key that has none breaks the protocol."""
        try:
            return canonical_key(key, len(self._primary_key))
        except KeyRuleError as error:
            raise ProtocolViolationError(error.rule, "RECORD.key") from None

    def _judge_delete(
        self, key: str, data: dict[str, Any] | None, emitted_at: str
    ) -> Record | Rejected | NeedsStoredRecord:
        """A tombstone carries no content on; what its data says can only count against it."""
        if data and all(name in data for name in self._primary_key) and key_of(data, self._primary_key) != key:
            return _KEY_MISMATCH
        verdict = self.scope.judge_delete(key, data)
        return Record(self._name, key, None, emitted_at, "delete") if isinstance(verdict, Admitted) else verdict

    def _fault(self, data: dict[str, Any]) -> Rejected | None:
        if self._validate is not None and (fault := self._validate(data)) is not None:
            return Rejected(_INVALID, fault.rule, fault.path)
        return self._place_fault(data)

    def _place_fault(self, data: dict[str, Any]) -> Rejected | None:
        if self.place is not None and (field := self.place.fault(data)) is not None:
            return Rejected(_INVALID, "no_place_in_partition", f"/{field}")
        return None


class Admission:
    """All gates of a run, the count the connector is held to, and what waits to be persisted."""

    __slots__ = (
        "_findings",
        "_gates",
        "_keeps_exceptions",
        "_manifest",
        "_pending",
        "_undecided",
        "durable",
        "emitted",
        "flushed",
        "heard",
        "mended",
        "refusals",
    )

    def __init__(
        self,
        manifest: Manifest,
        scope: Scope,
        validators: Mapping[str, RecordValidator],
        findings: Findings,
        *,
        keeps_exceptions: bool = True,
    ) -> None:
        self._manifest = manifest
        self._findings = findings
        self._keeps_exceptions = keeps_exceptions
        self.refusals = Refusals()
        self.mended: Counter[str] = Counter()
        self.heard: set[str] = set()
        """Streams in scope that a record came of, admitted or not."""
        self._gates = {
            stream.name: Gate(manifest.by_name[stream.name], stream, validators.get(stream.name))
            for stream in scope.streams
        }
        self._pending: list[Record] = []
        self._undecided: list[Record] = []
        self.emitted = 0
        self.flushed = 0
        self.durable = 0

    def take_plain(self, messages: Sequence[Any], start: int) -> int:
        """Take the plain records from this one on; how many there were. What `take` would admit without a second look
        is admitted here, in one loop: a run is mostly that."""
        if self._undecided:
            return 0
        kept = self._pending
        before = len(kept)
        name: Any = None
        moment: Any = None
        gate: Gate | None = None
        for message in islice(messages, start, None):
            if type(message) is not dict or message.get("type") != "RECORD":
                break
            stream, emitted_at, data = message.get("stream"), message.get("emitted_at"), message.get("data")
            if gate is None or stream != name:
                gate = self._gates.get(stream) if type(stream) is str else None
                name = stream
                if gate is not None:
                    self.heard.add(name)
            if emitted_at is not moment:
                moment = emitted_at if is_timestamp(emitted_at) else None
            if gate is None or moment is None or type(data) is not dict or message.get("op", "upsert") != "upsert":
                break
            if "mended" in message:
                break
            key = gate.plain_key(message.get("key"), data)
            if key is None:
                break
            kept.append(make_record((name, key, data, moment, "upsert")))
        self.emitted += len(kept) - before
        return len(kept) - before

    def take(self, message: dict[str, Any]) -> list[Command]:
        """Read, count, judge, and keep or turn away one RECORD. Raises ProtocolViolationError.

        What has to be told before anything that comes after: records handed on because one after them is undecided (it
        is settled after those before it and ahead of any after it), and the exception that this one is.
        """
        stream, key, data, emitted_at, op = parse_record(message)
        gate = self._gates.get(stream)
        if gate is None:
            self._reject_stream(stream)
            found: list[Command] = []
        else:
            self.heard.add(stream)
            found = self._judge(gate, stream, key, data, emitted_at, op, message)
        self.emitted += 1
        return found

    def _judge(
        self,
        gate: Gate,
        stream: str,
        key: Any,
        data: dict[str, Any] | None,
        emitted_at: str,
        op: Op,
        message: Mapping[str, Any],
    ) -> list[Command]:
        fields = left_out(message.get("mended"))
        verdict = gate.judge(key, data, emitted_at, op)
        if type(verdict) is Rejected and data is not None and any(field.is_uncarried for field in fields):
            verdict = gate.judge_without(key, data, emitted_at, op, fields, verdict)
        if type(verdict) is Rejected:
            return self._turn_away(gate, stream, key, data or {}, verdict)
        if type(verdict) is NeedsStoredRecord:
            self._undecided.append(Record(stream, gate.canonical(key), None, emitted_at, "delete"))
            return []
        before = self._flushed_before() if self._undecided else []
        if type(verdict) is _Mended or fields:
            self._note_mended(gate, stream, verdict.faults if type(verdict) is _Mended else (), fields)
        self._pending.append(verdict.record if type(verdict) is _Mended else cast("Record", verdict))
        return before

    def _turn_away(self, gate: Gate, stream: str, key: Any, data: dict[str, Any], verdict: Rejected) -> list[Command]:
        """Count it, and keep it from being taken for gone: as an exception, or by opening what it lies in."""
        self._findings.reject(DiagnosticCode(verdict.code), verdict.rule, stream, verdict.path)
        canonical = gate.canonical(key)
        if verdict.code == _INVALID and self._keeps_exceptions and self.refusals.spare(stream, canonical):
            return [*self._flushed_before(), NoteException(self.emitted, gate.invalid(canonical, data, verdict))]
        # A resource that nobody asked for is another partition's, where nothing can be claimed.
        if gate.place is not None and verdict is not RESOURCE:
            self.refusals.refuse(stream, gate.place, canonical, data)
        return []

    def _note_mended(self, gate: Gate, stream: str, faults: Sequence[Fault], fields: Sequence[LeftOut]) -> None:
        self.mended[stream] += 1
        places = {f"{fault.rule} at {fault.path}" for fault in faults}
        places |= {f"{field.why} at /{gate.named(field.field)}" for field in fields}
        for place in sorted(places):
            self._findings.note(DiagnosticCode.FIELD_MENDED, place, stream=stream, severity=Severity.INFO)

    def _flushed_before(self) -> list[Command]:
        batch = self.flush()
        return [] if batch is None else [batch]

    def decide(self, record: Record, stored: Mapping[str, Any] | None) -> bool:
        """Whether an undecided delete touches something in scope; counts it as rejected where it does not."""
        gate = self._gates[record.stream]
        if gate.scope.judge_stored(record.key, stored):
            return True
        rule = "nothing_stored" if stored is None else "stored_outside"
        self._findings.reject(DiagnosticCode.OUT_OF_SCOPE_RECORD, rule, record.stream)
        return False

    def stays_outside(self, stream: str, key: str, stored: Mapping[str, Any] | None) -> bool:
        """Whether an admitted upsert would move a record from outside of the scope into it; counts it where so."""
        if stored is None or self._gates[stream].scope.judge_stored(key, stored):
            return False
        self._findings.reject(DiagnosticCode.OUT_OF_SCOPE_RECORD, "stored_outside", stream)
        return True

    def stored_outside(self, stream: str, key: str, data: dict[str, Any]) -> ExceptionFact:
        """What is kept of such a one: what it would have become is not stored, and must not be called read."""
        return self._gates[stream].exception(key, data, ExceptionReason.STORED_OUTSIDE)

    def flush(self) -> PersistRecords | None:
        """What was admitted since the last flush."""
        if not self._pending and not self._undecided:
            return None
        batch = PersistRecords(self.emitted, tuple(self._pending), tuple(self._undecided))
        self._pending.clear()
        self._undecided.clear()
        self.flushed = self.emitted
        return batch

    @property
    def all_durable(self) -> bool:
        return not self._pending and not self._undecided and self.durable >= self.flushed

    def _reject_stream(self, stream: str) -> None:
        if self._manifest.stream(stream) is not None:
            self._findings.reject(DiagnosticCode.OUT_OF_SCOPE_RECORD, "stream", stream)
            return
        # A name the manifest does not know is the connector's own text: counted, not repeated.
        self._findings.note(DiagnosticCode.OUT_OF_SCOPE_RECORD, "stream_not_declared", severity=Severity.INFO)
