"""When what a record tells of happened: its stream's declared time field, else its cursor where cursors are times.

Owns: which field that is, and how it is read. Must not know: stores, surfaces. Nothing is compared by it that decides
what is collected; it is for showing and for searching.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from polyhost.instants import EventTime, time_reader
from polyhost.protocol.declarations import StreamDecl

__all__ = ["event_time", "time_fields"]

_CURSOR_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "unix_seconds": {"type": ["number", "string"]},
    "unix_milliseconds": {"type": ["number", "string"]},
    "iso8601": {"type": "string", "format": "date-time"},
}


def event_time(declared: StreamDecl) -> EventTime:
    """The reader of one stream's records."""
    return time_reader(list(time_fields(declared)))


def time_fields(declared: StreamDecl) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The fields a moment is read from, each with what its schema says of its form; first match wins."""
    name = declared.consent_time_field
    if name is not None:
        schema = declared.properties.get(name)
        yield name, _form(schema if isinstance(schema, dict) else {})
    partition = declared.partition
    if partition is not None and partition.cursor_time is not None:
        yield partition.cursor_field, _CURSOR_SCHEMAS[partition.cursor_time]


def _form(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: schema[name] for name in ("type", "format") if name in schema}
