"""Reading a manifest: checked in full before anything starts.

Owns: `load_manifest`, `manifest_faults`, and naming the stream and field of a refusal. Must not know: files,
connectors, what a run asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from polyhost.errors import ErrorCode
from polyhost.protocol.declarations import (
    MAX_NAME,
    Manifest,
    ManifestError,
    PartitionDecl,
    PolyfillDecl,
    StdioDecl,
    StreamDecl,
)
from polyhost.protocol.graph import graph_faults
from polyhost.protocol.validation import schema_faults

__all__ = [
    "Manifest",
    "ManifestError",
    "PartitionDecl",
    "PolyfillDecl",
    "StdioDecl",
    "StreamDecl",
    "load_manifest",
    "manifest_faults",
]


def load_manifest(data: object) -> Manifest:
    """Read and check a manifest in full: shape, fields against schemas, the graph, the schemas themselves."""
    manifest = _shaped(data)
    if isinstance(manifest, list):
        raise manifest[0]
    for fault in _rule_faults(manifest):
        raise fault
    return manifest


def manifest_faults(data: object) -> list[ManifestError]:
    """Every rule the manifest breaks, for its author: all of its shape, or once that is right, all of the rest."""
    manifest = _shaped(data)
    return manifest if isinstance(manifest, list) else list(_rule_faults(manifest))


def _shaped(data: object) -> Manifest | list[ManifestError]:
    if not isinstance(data, dict):
        return [ManifestError(ErrorCode.MANIFEST_NOT_AN_OBJECT, "it is not a JSON object")]
    try:
        return Manifest.model_validate(data)
    except ValidationError as error:
        return _shape_faults(data, error)


def _rule_faults(manifest: Manifest) -> Iterator[ManifestError]:
    yield from graph_faults(manifest)
    yield from schema_faults(manifest)


def _shape_faults(data: Mapping[str, Any], error: ValidationError) -> list[ManifestError]:
    return [_shape_fault(data, fault) for fault in error.errors(include_input=False, include_url=False)]


def _shape_fault(data: Mapping[str, Any], fault: ErrorDetails) -> ManifestError:
    place = list(fault["loc"])
    stream: str | None = None
    if place[:1] == ["streams"] and len(place) > 1:
        stream = _stream_at(data["streams"], place[1])
        place = place[2:]
    code = ErrorCode.MANIFEST_FIELD_MISSING if fault["type"] == "missing" else ErrorCode.MANIFEST_FIELD_INVALID
    if not fault["loc"]:
        code = ErrorCode.MANIFEST_TWO_RUNNERS
    return ManifestError(code, fault["msg"], stream=stream, field=".".join(str(part) for part in place) or None)


def _stream_at(streams: Any, index: Any) -> str:
    try:
        name = streams[index]["name"]
    except (LookupError, TypeError):
        name = None
    return name[:MAX_NAME] if isinstance(name, str) and name else f"#{index}"
