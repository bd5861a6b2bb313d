"""From RECORD to a record that may be stored: counted, held against scope, place, key and schema, projected.

Owns: the gates, one per stream in scope, and what has been admitted but not handed on. Must not know: states, commands
other than PersistRecords, stores. This is the inner loop: a plain record passes in a few microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

from polyhost.instants import is_timestamp
from polyhost.protocol.commands import PersistRecords
from polyhost.protocol.declarations import Manifest, StreamDecl
from polyhost.protocol.diagnostics import DiagnosticCode, Severity
from polyhost.protocol.findings import Findings
from polyhost.protocol.keys import KeyRuleError, canonical_key, key_of
from polyhost.protocol.messages import ProtocolViolationError, parse_record
from polyhost.protocol.positions import Place
from polyhost.protocol.records import Record, make_record
from polyhost.protocol.refusals import Refusals
from polyhost.protocol.scope import RESOURCE, Admitted, Op, Rejected, Scope, StreamScope, Undecided
from polyhost.protocol.validation import RecordValidator

__all__ = ["Admission", "Gate"]

_INVALID = "invalid_record"
_KEY_MISMATCH = Rejected(_INVALID, "key_mismatch")
_NO_DATA_KEY = Rejected(_INVALID, "key_missing")


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

    def judge(self, key: Any, data: dict[str, Any] | None, emitted_at: str, op: Op) -> Record | Rejected | Undecided:
        """The record to store, or why not. Undecided is for deletes only."""
        canonical = self.canonical(key)
        if op == "delete" or data is None:
            return self._judge_delete(canonical, data, emitted_at)
        if not self._holds(data, key, canonical):
            own = key_of(data, self._primary_key)
            if own != canonical:
                return _NO_DATA_KEY if own is None else _KEY_MISMATCH
        projected = data
        if self._narrowed:
            verdict = self.scope.judge(canonical, data, op)
            if not isinstance(verdict, Admitted):
                return verdict
            projected = verdict.data
        # The whole record is what the schema speaks of, not the part that is kept.
        if (fault := self._fault(data)) is not None:
            return fault
        return Record(self._name, canonical, projected, emitted_at)

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

    def _judge_delete(self, key: str, data: dict[str, Any] | None, emitted_at: str) -> Record | Rejected | Undecided:
        """A tombstone carries no content on; what its data says can only count against it."""
        if data and all(name in data for name in self._primary_key) and key_of(data, self._primary_key) != key:
            return _KEY_MISMATCH
        verdict = self.scope.judge(key, data, "delete")
        return Record(self._name, key, None, emitted_at, "delete") if isinstance(verdict, Admitted) else verdict

    def _fault(self, data: dict[str, Any]) -> Rejected | None:
        if self._validate is not None and (fault := self._validate(data)) is not None:
            return Rejected(_INVALID, fault.rule, fault.path)
        if self.place is not None and (field := self.place.fault(data)) is not None:
            return Rejected(_INVALID, "no_place_in_partition", f"/{field}")
        return None


class Admission:
    """All gates of a run, the count the connector is held to, and what waits to be persisted."""

    __slots__ = (
        "_findings",
        "_gates",
        "_manifest",
        "_pending",
        "_undecided",
        "durable",
        "emitted",
        "flushed",
        "refusals",
    )

    def __init__(
        self,
        manifest: Manifest,
        scope: Scope,
        validators: Mapping[str, RecordValidator],
        findings: Findings,
    ) -> None:
        self._manifest = manifest
        self._findings = findings
        self.refusals = Refusals()
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
            if emitted_at is not moment:
                moment = emitted_at if is_timestamp(emitted_at) else None
            if gate is None or moment is None or type(data) is not dict or message.get("op", "upsert") != "upsert":
                break
            key = gate.plain_key(message.get("key"), data)
            if key is None:
                break
            kept.append(make_record((name, key, data, moment, "upsert")))
        self.emitted += len(kept) - before
        return len(kept) - before

    def take(self, message: dict[str, Any]) -> PersistRecords | None:
        """Read, count, judge, and keep or turn away one RECORD. Raises ProtocolViolationError.

        What is undecided is settled after the records before it and ahead of any after it, so the answer may be a batch
        that has to be handed on first.
        """
        stream, key, data, emitted_at, op = parse_record(message)
        gate = self._gates.get(stream)
        if gate is None:
            self.emitted += 1
            self._reject_stream(stream)
            return None
        verdict = gate.judge(key, data, emitted_at, op)
        before = None
        if type(verdict) is Record:
            if self._undecided:
                before = self.flush()
            self._pending.append(verdict)
        elif type(verdict) is Rejected:
            self._findings.reject(DiagnosticCode(verdict.code), verdict.rule, stream, verdict.path)
            # A resource that nobody asked for is another partition's, where nothing can be claimed.
            if gate.place is not None and data is not None and verdict is not RESOURCE:
                self.refusals.refuse(stream, gate.place, gate.canonical(key), data)
        else:
            self._undecided.append(Record(stream, gate.canonical(key), None, emitted_at, "delete"))
        self.emitted += 1
        return before

    def decide(self, record: Record, stored: Mapping[str, Any] | None) -> bool:
        """Whether an undecided delete touches something in scope; counts it as rejected where it does not."""
        gate = self._gates[record.stream]
        if gate.scope.judge_stored(record.key, stored):
            return True
        rule = "nothing_stored" if stored is None else "stored_outside"
        self._findings.reject(DiagnosticCode.OUT_OF_SCOPE_RECORD, rule, record.stream)
        return False

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
