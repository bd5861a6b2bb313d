"""Judging a record by its stream's JSON Schema (2020-12, formats on).

Owns: the RecordValidator seam and its one maker; checking the schemas themselves. Must not know: scopes, keys, runs.

A schema is text from a stranger: it may not fetch anything, and its patterns may not run away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import jsonschema_rs

from polyhost.errors import ErrorCode
from polyhost.protocol.declarations import Manifest, ManifestError, StreamDecl

__all__ = ["Fault", "RecordValidator", "build_validators", "schema_faults"]

PATTERN_BACKTRACKS = 100_000
"""Steps one pattern may backtrack on one value: milliseconds. Beyond that the value counts as not matching."""
MAX_PATH = 100
"""Characters of an instance path in a diagnostic."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record is invalid: the schema keyword, and where in the record. Never what stood there."""

    rule: str
    path: str


class RecordValidator(Protocol):
    """None for a valid record."""

    def __call__(self, data: Mapping[str, Any], /) -> Fault | None: ...


def schema_faults(manifest: Manifest) -> Iterator[ManifestError]:
    """One for each stream whose schema is none."""
    for stream in manifest.streams:
        try:
            _compile(stream)
        except ManifestError as error:
            yield error


def build_validators(manifest: Manifest) -> dict[str, RecordValidator]:
    """One validator per stream."""
    return {stream.name: _validator(stream) for stream in manifest.streams}


def _compile(stream: StreamDecl) -> jsonschema_rs.Draft202012Validator:
    try:
        return jsonschema_rs.Draft202012Validator(
            stream.record_schema,
            validate_formats=True,
            offline=True,
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=PATTERN_BACKTRACKS),
        )
    except ValueError as error:
        reason = "it is no valid JSON Schema (2020-12), or refers to one that is not inside it"
        raise ManifestError(ErrorCode.SCHEMA_INVALID, reason, stream=stream.name, field="schema") from error


def _validator(stream: StreamDecl) -> RecordValidator:
    compiled = _compile(stream)
    is_valid = cast("Callable[[Mapping[str, Any]], bool]", compiled.is_valid)
    named = _property_names(stream.record_schema)

    def judge(data: Mapping[str, Any], /) -> Fault | None:
        try:
            if is_valid(data):
                return None
            error = next(iter(compiled.iter_errors(data)), None)
        except ValueError:  # a value that JSON does not know
            return Fault("not_json", "")
        if error is None:
            return None
        return Fault(error.kind.name, _path(error.instance_path, named))

    return judge


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
