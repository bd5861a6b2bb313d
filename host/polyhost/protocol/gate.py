"""One stream's admission: its scope, place, key and schema, held against one record at a time.

Owns: the verdict on a record, and what is kept of one that has to be refused. Must not know: what was admitted before,
commands, findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from polyhost.protocol.declarations import StreamDecl
from polyhost.protocol.exceptions import ExceptionFact, ExceptionKind, ExceptionReason
from polyhost.protocol.keys import KeyRuleError, canonical_key, key_of
from polyhost.protocol.left_out import LeftOut
from polyhost.protocol.messages import WrongRecordError
from polyhost.protocol.positions import Place
from polyhost.protocol.records import Record
from polyhost.protocol.scope import (
    RESOURCE,
    TIME_UNREADABLE,
    Admitted,
    NeedsStoredRecord,
    Op,
    Rejected,
    StreamScope,
)
from polyhost.protocol.validation import Fault, RecordValidator, placing_fields

__all__ = ["INVALID", "Gate", "Mended"]

INVALID = "invalid_record"
"""The code of what is wrong by itself, whoever asked for it."""
_KEY_MISMATCH = Rejected(INVALID, "key_mismatch")
_NO_DATA_KEY = Rejected(INVALID, "key_missing")
_UNKNOWN_FIELD = "*"


@dataclass(frozen=True, slots=True)
class Mended:
    """A record that may be stored without the parts that these faults lay in."""

    record: Record
    faults: tuple[Fault, ...]


class Gate:
    """One stream's admission."""

    __slots__ = (
        "_name",
        "_narrowed",
        "_own_key",
        "_primary_key",
        "_single_key",
        "_validate",
        "place",
        "protected",
        "scope",
    )

    def __init__(self, stream: StreamDecl, scope: StreamScope, validate: RecordValidator | None) -> None:
        self._name = stream.name
        self._primary_key = stream.primary_key
        self._single_key = stream.primary_key[0] if len(stream.primary_key) == 1 else None
        self._own_key = itemgetter(*stream.primary_key)
        self._validate = validate
        self.protected = frozenset((*stream.primary_key, *placing_fields(stream)))
        self.place = Place(stream.partition) if stream.partition is not None else None
        self.scope = scope
        self._narrowed = scope.is_narrowed

    def judge(
        self, key: Any, data: dict[str, Any] | None, emitted_at: str, op: Op
    ) -> Record | Mended | Rejected | NeedsStoredRecord:
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
    ) -> Record | Mended | Rejected | NeedsStoredRecord:
        """A record that was refused and of which JSON could not carry these fields: with null in their place, where the
        schema takes that; else refused for what they were, if it was for the lack of them."""
        lacking = {field.field: field.why for field in reversed(fields) if field.is_uncarried}  # the first named counts
        again = self.judge(key, {**dict.fromkeys(lacking), **data}, emitted_at, op)
        if type(again) is not Rejected:
            return again
        at = {f"/{name}": name for name in lacking}
        field = next(iter(lacking)) if fault.path == "" else at.get(fault.path)
        if field is None or fault.code != INVALID:
            return fault
        return Rejected(INVALID, lacking[field], f"/{self.named(field)}")

    def _lost(self, data: dict[str, Any]) -> Rejected | None:
        """Where its partition cannot be read, nobody can say that it belongs to a resource nobody asked for."""
        if self.place is None or self.place.of(data)[0] is not None:
            return None
        return self._place_fault(data)

    def _mend(
        self, key: str, data: dict[str, Any], emitted_at: str, fault: Rejected
    ) -> Mended | Rejected | NeedsStoredRecord:
        """The record without its odd parts; the fault where it cannot be kept without them."""
        mended = None if self._validate is None else self._validate.mend(data)
        if mended is None:
            return fault
        if (placeless := self._place_fault(mended.data)) is not None:
            return placeless
        kept = self.scope.judge(key, mended.data)
        if not isinstance(kept, Admitted):
            return kept
        return Mended(Record(self._name, key, kept.data, emitted_at), mended.left_out)

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
        """The key's canonical form. WrongRecordError where it has none."""
        try:
            return canonical_key(key, len(self._primary_key))
        except KeyRuleError as error:
            raise WrongRecordError(error.rule, "RECORD.key") from None

    def own_key(self, data: Mapping[str, Any]) -> str | None:
        """The key that the data itself holds, if it can be read."""
        try:
            return canonical_key(key_of(data, self._primary_key), len(self._primary_key))
        except KeyRuleError:
            return None

    def name_of(self, key: Any, data: Mapping[str, Any]) -> str | None:
        """What a record is to be called that has to be refused: its key, else the one its data holds, if any can be
        read."""
        for candidate in (key, key_of(data, self._primary_key)):
            try:
                return canonical_key(candidate, len(self._primary_key))
            except KeyRuleError:
                continue
        return None

    def judge_wrong(self, name: str | None, data: dict[str, Any], fault: Rejected) -> Rejected:
        """Why a record is refused that is wrong by itself: nobody asked for it, where that can be told."""
        verdict = self.scope.judge(name or "", data)
        if not isinstance(verdict, Rejected) or verdict is TIME_UNREADABLE or self._lost(data) is not None:
            return fault
        says_whose = not self.scope.resource_fields or any(field in data for field in self.scope.resource_fields)
        return verdict if verdict is not RESOURCE or (name is not None and says_whose) else fault

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
            return Rejected(INVALID, fault.rule, fault.path)
        return self._place_fault(data)

    def _place_fault(self, data: dict[str, Any]) -> Rejected | None:
        if self.place is not None and (field := self.place.fault(data)) is not None:
            return Rejected(INVALID, "no_place_in_partition", f"/{field}")
        return None
