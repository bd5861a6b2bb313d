"""When what a record tells of happened: its stream's declared time field, else its cursor where cursors are times.

Owns: which field that is, and how it is read. Must not know: stores, surfaces. Nothing is compared by it that decides
what is collected; it is for showing and for searching.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from polyhost.protocol.declarations import StreamDecl
from polyhost.protocol.timestamps import Instant, instant_reader

__all__ = ["EventTime", "event_time", "iso_text", "time_fields", "time_reader"]

EventTime = Callable[[Mapping[str, Any]], Instant | None]
"""Reads a record's moment out of its data; None where it has none that can be read."""

_CURSOR_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "unix_seconds": {"type": ["number", "string"]},
    "unix_milliseconds": {"type": ["number", "string"]},
    "iso8601": {"type": "string", "format": "date-time"},
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = 3


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


def time_reader(fields: Sequence[tuple[str, Mapping[str, Any]]]) -> EventTime:
    """Reads the first of these fields that holds a moment."""
    readers = [(name, instant_reader(schema)) for name, schema in fields]

    def read(data: Mapping[str, Any]) -> Instant | None:
        for name, reader in readers:
            found = reader(data.get(name))
            if found is not None:
                return found
        return None

    return read


def _form(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: schema[name] for name in ("type", "format") if name in schema}


def iso_text(instant: Instant | None) -> str | None:
    """ISO 8601 UTC to the millisecond; None for none, and for what lies outside the calendar."""
    if instant is None:
        return None
    seconds, fraction = instant
    try:
        when = _EPOCH + timedelta(seconds=seconds, milliseconds=int(fraction[:_MILLISECONDS].ljust(_MILLISECONDS, "0")))
    except OverflowError:
        return None
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
