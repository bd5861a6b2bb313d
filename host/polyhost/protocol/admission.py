"""From RECORD to a record that may be stored: counted, held against scope, place, key and schema, mended, projected.

Owns: what has been admitted but not handed on, and what becomes of what a gate refuses. Must not know: states, commands
other than PersistRecords and NoteException, stores. This is the inner loop: a plain record takes a few microseconds.

A part of a record in an odd shape costs that part, where the schema can do without it. A record that has to be refused
costs itself, whatever is wrong with it: it becomes an exception, which is told of before anything that comes after it.
Where no key can be read, neither in the message nor in its data, it is counted, and what it may belong to is not
proven in this run. Of two messages with one key the later counts: a record that is taken makes good what was refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any, cast

from polyhost.instants import is_timestamp
from polyhost.protocol.commands import Command, NoteException, PersistRecords
from polyhost.protocol.declarations import Manifest
from polyhost.protocol.diagnostics import DiagnosticCode, Severity
from polyhost.protocol.exceptions import ExceptionFact, ExceptionReason
from polyhost.protocol.findings import Findings
from polyhost.protocol.gate import INVALID, Gate, Mended
from polyhost.protocol.left_out import HALF_SURROGATE, MAX_NAMED, LeftOut, gravest, left_out
from polyhost.protocol.messages import OddMessage, WrongRecordError, parse_record
from polyhost.protocol.records import Record, make_record
from polyhost.protocol.refusals import Refusals
from polyhost.protocol.scope import RESOURCE, NeedsStoredRecord, Op, Rejected, Scope
from polyhost.protocol.validation import Fault, RecordValidator

__all__ = ["Admission"]


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
        refused: Collection[str] = ()
        for message in islice(messages, start, None):
            if type(message) is not dict or message.get("type") != "RECORD":
                break
            stream, emitted_at, data = message.get("stream"), message.get("emitted_at"), message.get("data")
            if gate is None or stream != name:
                gate = self._gates.get(stream) if type(stream) is str else None
                name = stream
                if gate is not None:
                    self.heard.add(name)
                    refused = self.refusals.named(name)
            if emitted_at is not moment:
                moment = emitted_at if is_timestamp(emitted_at) else None
            if gate is None or moment is None or type(data) is not dict or message.get("op", "upsert") != "upsert":
                break
            if "mended" in message:
                break
            key = gate.plain_key(message.get("key"), data)
            if key is None or (refused and key in refused):
                break
            kept.append(make_record((name, key, data, moment, "upsert")))
        self.emitted += len(kept) - before
        return len(kept) - before

    def take(self, message: dict[str, Any], own: Sequence[LeftOut] = ()) -> list[Command]:
        """Read, count, judge, and keep or turn away one RECORD, whatever stands in it. `own`: fields that were left out
        on this side, beside those that the connector names.

        What has to be told before anything that comes after: records handed on because one after them is undecided (it
        is settled after those before it and ahead of any after it), and the exception that this one is.
        """
        try:
            found = self._take(message, own)
        except WrongRecordError as wrong:
            found = self._take_wrong(message, Rejected(INVALID, wrong.rule, wrong.where))
        self.emitted += 1
        return found

    def take_odd(self, odd: OddMessage) -> list[Command]:
        """A RECORD of which something is not what was sent. That costs its field, and half a character only itself; but
        what names a record, or says where it belongs, is not taken from a text that was changed."""
        message = dict(odd.message)
        for place in odd.places:
            if place[0] in ("stream", "key", "op", "emitted_at"):
                message[place[0]] = None
        gate, data = self._gate(message.get("stream")), message.get("data")
        if gate is None or type(data) is not dict:
            return self.take(message)
        fields = gravest(odd.places)
        lost = {field for field, why in fields.items() if why != HALF_SURROGATE or field in gate.protected}
        message["data"] = {name: value for name, value in data.items() if name not in lost}
        return self.take(message, [LeftOut(field, why) for field, why in fields.items()][:MAX_NAMED])

    def _gate(self, stream: Any) -> Gate | None:
        return self._gates.get(stream) if type(stream) is str else None

    def _take(self, message: dict[str, Any], own: Sequence[LeftOut]) -> list[Command]:
        stream, key, data, emitted_at, op = parse_record(message)
        gate = self._gates.get(stream)
        if gate is None:
            self._reject_stream(stream)
            return []
        self.heard.add(stream)
        fields = [*own, *left_out(message.get("mended"))]
        return self._judge(gate, stream, key, data, emitted_at, op, fields)

    def _take_wrong(self, message: dict[str, Any], fault: Rejected) -> list[Command]:
        """One that is wrong by itself, before its schema is asked."""
        stream, told = message.get("stream"), message.get("data")
        if type(stream) is not str or not stream:
            self._lose_every_stream(fault)
            return []
        gate = self._gates.get(stream)
        if gate is None:
            self._reject_stream(stream)
            return []
        self.heard.add(stream)
        data = cast("dict[str, Any]", told) if type(told) is dict else {}
        name = gate.name_of(message.get("key"), data)
        return self._turn_away(gate, stream, name, data, gate.judge_wrong(name, data, fault))

    def _lose_every_stream(self, fault: Rejected) -> None:
        """It does not say of which stream it is: it may belong to any. It is one: counted in one, the first."""
        code = DiagnosticCode.INVALID_RECORD
        self._findings.note(code, fault.rule, detail=fault.path, severity=Severity.GAP)
        for number, stream in enumerate(self._gates):
            self.refusals.lose(stream, counts=number == 0)

    def _judge(
        self,
        gate: Gate,
        stream: str,
        key: Any,
        data: dict[str, Any] | None,
        emitted_at: str,
        op: Op,
        fields: Sequence[LeftOut],
    ) -> list[Command]:
        verdict = gate.judge(key, data, emitted_at, op)
        if type(verdict) is Rejected and data is not None and any(field.is_uncarried for field in fields):
            verdict = gate.judge_without(key, data, emitted_at, op, fields, verdict)
        if type(verdict) is Rejected:
            return self._turn_away(gate, stream, gate.canonical(key), data or {}, verdict)
        if type(verdict) is NeedsStoredRecord:
            self._undecided.append(Record(stream, gate.canonical(key), None, emitted_at, "delete"))
            return []
        before = self._flushed_before() if self._undecided else []
        if type(verdict) is Mended or fields:
            self._note_mended(gate, stream, verdict.faults if type(verdict) is Mended else (), fields)
        record = verdict.record if type(verdict) is Mended else cast("Record", verdict)
        self._pending.append(record)
        self._make_good(record)
        return before

    def _make_good(self, record: Record) -> None:
        """What was refused under this key came again and is taken: the later word counts."""
        for rule, path in self.refusals.made_good(record.stream, record.key):
            self._findings.take_back(DiagnosticCode.INVALID_RECORD, rule, record.stream, path)

    def _turn_away(
        self, gate: Gate, stream: str, key: str | None, data: dict[str, Any], verdict: Rejected
    ) -> list[Command]:
        """Count it, and keep it from being taken for gone: as an exception, or by opening what it lies in."""
        self._findings.reject(DiagnosticCode(verdict.code), verdict.rule, stream, verdict.path)
        if (own := gate.own_key(data)) is not None and own != key:  # it may be either
            self.refusals.came_by(stream, own)
        if verdict.code != INVALID:
            # A resource that nobody asked for is another partition's, where nothing can be claimed.
            if gate.place is not None and verdict is not RESOURCE:
                self.refusals.refuse(stream, gate.place, key, data, counts=False)
            return []
        if key is not None and self._keeps_exceptions:
            if self.refusals.spare(stream, key, (verdict.rule, verdict.path)):
                return [*self._flushed_before(), NoteException(self.emitted, gate.invalid(key, data, verdict))]
        elif gate.place is not None:
            self.refusals.refuse(stream, gate.place, key, data)
        elif key is None:
            self.refusals.lose(stream)
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
            self._make_good(record)
            return True
        rule = "nothing_stored" if stored is None else "stored_outside"
        self._findings.reject(DiagnosticCode.OUT_OF_SCOPE_RECORD, rule, record.stream)
        return False

    def stays_outside(self, stream: str, key: str, stored: Mapping[str, Any] | None) -> bool:
        """Whether an admitted upsert would move a record from outside of the scope into it; counts it where so."""
        if stored is None or not self._gates[stream].scope.stays_outside(key, stored):
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
