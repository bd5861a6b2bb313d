"""Reading a manifest: checked in full before anything starts.

Owns: `load_manifest`, and naming the stream and field of a refusal. Must not know: files, connectors, what a run asks
for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from polyhost.protocol.declarations import (
    MAX_NAME,
    Manifest,
    ManifestError,
    PartitionDecl,
    PolyfillDecl,
    StdioDecl,
    StreamDecl,
)
from polyhost.protocol.graph import check_graph
from polyhost.protocol.validation import check_schemas

__all__ = ["Manifest", "ManifestError", "PartitionDecl", "PolyfillDecl", "StdioDecl", "StreamDecl", "load_manifest"]


def load_manifest(data: object) -> Manifest:
    """Read and check a manifest in full: shape, fields against schemas, the graph, the schemas themselves."""
    if not isinstance(data, dict):
        raise ManifestError("manifest_not_an_object", "it is not a JSON object")
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        raise _shape_error(data, error) from None
    check_graph(manifest)
    check_schemas(manifest)
    return manifest


def _shape_error(data: Mapping[str, Any], error: ValidationError) -> ManifestError:
    first = error.errors(include_input=False, include_url=False)[0]
    place = list(first["loc"])
    stream: str | None = None
    if place[:1] == ["streams"] and len(place) > 1:
        stream = _stream_at(data["streams"], place[1])
        place = place[2:]
    code = "manifest_field_missing" if first["type"] == "missing" else "manifest_field_invalid"
    if not first["loc"]:
        code = "manifest_two_runners"
    return ManifestError(code, first["msg"], stream=stream, field=".".join(str(part) for part in place) or None)


def _stream_at(streams: Any, index: Any) -> str:
    try:
        name = streams[index]["name"]
    except (LookupError, TypeError):
        name = None
    return name[:MAX_NAME] if isinstance(name, str) and name else f"#{index}"
