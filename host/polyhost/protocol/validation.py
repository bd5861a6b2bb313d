"""Judging a record by its stream's JSON Schema (2020-12, formats on).

Owns: the RecordValidator seam and its one maker; checking the schemas themselves; which parts of a record may be left
out where their shape is none of the schema's. Must not know: scopes, keys, runs.

A schema is text from a stranger: it may not fetch anything, and its patterns may not run away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import jsonschema_rs

from polyhost.errors import ErrorCode
from polyhost.protocol.declarations import Manifest, ManifestError, StreamDecl
from polyhost.protocol.mending import Faults, mend

__all__ = ["Fault", "MendedRecord", "RecordValidator", "build_validators", "placing_fields", "schema_faults"]

PATTERN_BACKTRACKS = 100_000
"""Steps one pattern may backtrack on one value: milliseconds. Beyond that the value counts as not matching."""
MAX_PATH = 100
"""Characters of an instance path in a diagnostic."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record is invalid: the schema keyword, and where in the record. Never what stood there."""

    rule: str
    path: str


@dataclass(frozen=True, slots=True)
class MendedRecord:
    """A record that is valid now, and the faults of the parts that it has lost for that."""

    data: dict[str, Any]
    left_out: tuple[Fault, ...]


class RecordValidator(Protocol):
    """None for a valid record."""

    def __call__(self, data: Mapping[str, Any], /) -> Fault | None: ...

    def mend(self, data: Mapping[str, Any], /) -> MendedRecord | None:
        """The record without its odd parts, where none of them is needed (`protocol.mending`)."""
        ...

    def field_of(self, name: str, /) -> str:
        """The name of a field that the schema declares; `*` for any other, which would be a connector's own text."""
        ...


def schema_faults(manifest: Manifest) -> Iterator[ManifestError]:
    """One for each stream whose schema is none."""
    for stream in manifest.streams:
        try:
            _compile(stream)
        except ManifestError as error:
            yield error


def build_validators(manifest: Manifest) -> dict[str, RecordValidator]:
    """One validator per stream."""
    return {stream.name: _SchemaValidator(stream) for stream in manifest.streams}


def _compile(stream: StreamDecl) -> jsonschema_rs.Draft202012Validator:
    try:
        return jsonschema_rs.Draft202012Validator(
            stream.record_schema,
            validate_formats=True,
            offline=True,
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=PATTERN_BACKTRACKS),
        )
    except ValueError as error:
        reason = "it is not a valid JSON Schema (2020-12), or refers to one that is not inside it"
        raise ManifestError(ErrorCode.SCHEMA_INVALID, reason, stream=stream.name, field="schema") from error


class _SchemaFaults(Faults):
    """What one compiled schema finds wrong."""

    def __init__(self, compiled: jsonschema_rs.Draft202012Validator) -> None:
        self._validate = cast("Callable[[Mapping[str, Any]], None]", compiled.validate)
        self._every = cast("Callable[[Mapping[str, Any]], Iterator[Any]]", compiled.iter_errors)

    def first(self, data: Mapping[str, Any], /) -> Any:
        try:
            self._validate(data)
        except jsonschema_rs.ValidationError as error:
            return error
        return None

    def every(self, data: Mapping[str, Any], /) -> Iterator[Any]:
        return self._every(data)


class _SchemaValidator(RecordValidator):
    """By one stream's schema."""

    def __init__(self, stream: StreamDecl) -> None:
        compiled = _compile(stream)
        self._is_valid = cast("Callable[[Mapping[str, Any]], bool]", compiled.is_valid)
        self._faults = _SchemaFaults(compiled)
        self._named = _property_names(stream.record_schema)
        self._protected = frozenset((*stream.primary_key, *placing_fields(stream)))

    def __call__(self, data: Mapping[str, Any], /) -> Fault | None:
        try:
            error = None if self._is_valid(data) else self._faults.first(data)
        except ValueError:  # a value that JSON does not know
            return Fault("not_json", "")
        if error is None:
            return None
        return Fault(error.kind.name, _path(error.instance_path, self._named))

    def mend(self, data: Mapping[str, Any], /) -> MendedRecord | None:
        try:
            mended = mend(data, self._faults, self._protected)
        except ValueError:
            return None
        if mended is None:
            return None
        faults = tuple(Fault(rule, _path(path, self._named)) for rule, path in mended.left_out)
        return MendedRecord(mended.data, faults)

    def field_of(self, name: str, /) -> str:
        return name if name in self._named else "*"


def placing_fields(stream: StreamDecl) -> tuple[str, ...]:
    """Fields that say where and when a record belongs: without one it would be kept in another place."""
    partition = stream.partition
    place = () if partition is None else (partition.field, partition.cursor_field, partition.group_field)
    others = (stream.consent_time_field, stream.selection.resource_field)
    return tuple(name for name in (*place, *others) if name is not None)


def _property_names(schema: Any) -> frozenset[str]:
    """Names the schema itself declares, anywhere. Any other name in an instance path comes out of the record."""
    names: set[str] = set()
    rest = [schema]
    while rest:
        node = rest.pop()
        if isinstance(node, dict):
            properties = node.get("properties")
            if isinstance(properties, dict):
                names.update(properties)
            rest.extend(node.values())
        elif isinstance(node, list):
            rest.extend(node)
    return frozenset(names)


def _path(parts: list[str | int], named: frozenset[str]) -> str:
    """A JSON pointer in which an index is `*`, so that one fault in many places counts as one, and so is a name that is
    not the schema's."""
    return "".join(f"/{part}" if part in named else "/*" for part in parts)[:MAX_PATH]
