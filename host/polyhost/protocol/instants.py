"""Instants out of a record's fields, and as text.

Owns: reading the first of several fields that holds one, and ISO 8601. Must not know: manifests; reading what is stored
needs this, and should not have to load them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from polyhost.protocol.timestamps import Instant, instant_reader

__all__ = ["EventTime", "iso_text", "time_reader"]

EventTime = Callable[[Mapping[str, Any]], Instant | None]
"""Reads a record's moment out of its data; None where it has none that can be read."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = 3


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
