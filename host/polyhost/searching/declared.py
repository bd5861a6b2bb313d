"""Which fields a manifest has searched: those it names, or all text its schemas declare.

Owns: that choice. Must not know: stores, queries, any one source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyhost.protocol.declarations import Manifest, StreamDecl
from polyhost.protocol.event_time import time_fields
from polyhost.searching.search_rules import SearchRules, StreamRules

__all__ = ["search_rules"]

MAX_DEPTH = 4
"""Objects within objects that are looked into where a manifest names no fields."""


def search_rules(manifest: Manifest) -> SearchRules:
    """Of a source: what each stream declares, or all text its schema declares."""
    found = {stream.name: _of_stream(stream) for stream in manifest.streams}
    return SearchRules({name: rules for name, rules in found.items() if rules.fields})


def _of_stream(stream: StreamDecl) -> StreamRules:
    fields = stream.search if stream.search is not None else tuple(_text_fields(stream))
    partition = None if stream.partition is None else stream.partition.field
    return StreamRules(tuple(fields), tuple(time_fields(stream)), partition)


def _text_fields(stream: StreamDecl) -> Iterator[str]:
    """Text a person wrote: strings, apart from those the schema gives a form (times, links, patterns, choices) and
    those that hold the records together."""
    structural = _structural(stream)
    for name, schema in stream.properties.items():
        if name not in structural:
            yield from _paths(name, schema, stream.record_schema, MAX_DEPTH)


def _structural(stream: StreamDecl) -> frozenset[str]:
    names = {*stream.primary_key, *(stream.identity or ()), stream.cursor_field, stream.consent_time_field}
    names |= {block["field"] for block in stream.relationships if isinstance(block.get("field"), str)}
    if stream.partition is not None:
        names |= {stream.partition.field, stream.partition.cursor_field, stream.partition.group_field}
    return frozenset(name for name in names if name is not None)


def _paths(path: str, schema: Any, root: Mapping[str, Any], depth: int) -> Iterator[str]:
    schema = _resolved(schema, root)
    if depth == 0 or schema is None:
        return
    kinds = _kinds(schema)
    if "string" in kinds and not schema.keys() & {"format", "pattern", "enum", "const"}:
        yield path
    properties = schema.get("properties")
    if isinstance(properties, dict):
        for name, inner in properties.items():
            yield from _paths(f"{path}.{name}", inner, root, depth - 1)
    if "items" in schema:
        yield from _paths(f"{path}.*", schema["items"], root, depth - 1)


def _kinds(schema: Mapping[str, Any]) -> Sequence[str]:
    kind = schema.get("type", ())
    return kind if isinstance(kind, list) else [kind]


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A reference within the schema followed, once; elsewhere there is nothing of ours."""
    if not isinstance(schema, dict):
        return None
    target = schema.get("$ref")
    if not isinstance(target, str):
        return schema
    found: Any = root
    for part in target.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, dict) and "$ref" not in found else None
