"""Positions in a partition: whether a cursor value can be read in the declared order, and how two compare.

Owns: what is a position in each order, and the bounds on its length; the ledger's sort keys stand on the same bounds,
so that what is taken here can be placed there. Must not know: ranges, ledgers. Never a float: 1700000000.000100 has
more digits than one keeps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from polyhost.protocol.declarations import PartitionDecl

__all__ = [
    "FRACTION_DIGITS",
    "INTEGER_DIGITS",
    "MAX_CHARACTERS",
    "MAX_PARTITION_KEY",
    "Place",
    "is_writable",
    "position_key",
]

PositionKey = tuple[int, int] | int | str

_NO_GROUP = (None, "")  # a tuple: a group may be unhashable

INTEGER_DIGITS = 20
"""Digits before the dot: an unsigned 64-bit integer has 20, and site ids are such. Leading zeros do not count."""
FRACTION_DIGITS = 12
"""Digits after the dot: Slack writes 6, nanoseconds are 9, picoseconds 12."""
MAX_CHARACTERS = 255
"""Characters of a textual cursor: an ISO time or an id has far fewer; a longer one is something else by mistake."""
MAX_PARTITION_KEY = 255
"""Characters of a partition key: it is named in diagnostics and typed on command lines."""

_DECIMAL = re.compile(rf"0*(\d{{1,{INTEGER_DIGITS}}})(?:\.0*(\d{{1,{FRACTION_DIGITS}}}))?", re.ASCII)
_NUMERIC = re.compile(rf"0*\d{{1,{INTEGER_DIGITS}}}", re.ASCII)
_UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters, which no source writes into an id and no line can show; halves of a character, which no store
keeps."""


def _decimal(text: str) -> PositionKey | None:
    match = _DECIMAL.fullmatch(text)
    return (int(match[1]), int(match[2] or 0)) if match else None


def _numeric(text: str) -> PositionKey | None:
    return int(text) if _NUMERIC.fullmatch(text) else None


def is_writable(text: str) -> bool:
    """Whether a text can be a position at all: any script, any space, joiners too, but for what cannot be kept or
    shown."""
    return text.isprintable() or _UNWRITABLE.search(text) is None  # the first is quicker, and true of nearly every one


def _lexical(text: str) -> PositionKey | None:
    return text if text and len(text) <= MAX_CHARACTERS and is_writable(text) else None


_READERS: Mapping[str, Callable[[str], PositionKey | None]] = {
    "decimal": _decimal,
    "numeric": _numeric,
    "lexical": _lexical,
}


_WRITTEN: Mapping[str, Callable[[str], object]] = {
    "decimal": _DECIMAL.fullmatch,
    "numeric": _NUMERIC.fullmatch,
    "lexical": _lexical,
}
"""Whether a text can be read at all: asked of every record, and cheaper than reading it."""


def position_key(order: str, text: str) -> Any:
    """A value that compares in the declared order; None where the text cannot be read in it."""
    return _READERS[order](text)


class Place:
    """Where a record of one partitioned stream belongs: its partition and its position there."""

    __slots__ = ("_cursor_field", "_field", "_group_field", "_read", "_written")

    def __init__(self, partition: PartitionDecl) -> None:
        self._field = partition.field
        self._cursor_field = partition.cursor_field
        self._group_field = partition.group_field
        self._read = _READERS[partition.order]
        self._written = _WRITTEN[partition.order]

    def of(self, data: Mapping[str, Any]) -> tuple[str | None, PositionKey | None]:
        """The partition and position of a record that need not be valid; None for what cannot be read."""
        key = data.get(self._field)
        group = data.get(self._group_field) if self._group_field is not None else None
        position = self._read_any(data.get(self._cursor_field) if group in _NO_GROUP else group)
        return (key if _is_partition_key(key) else None), position

    def told(self, data: Mapping[str, Any]) -> tuple[str | None, str | None, bool]:
        """Partition and position as the source writes them, and whether it belongs to a group with another head; None
        for what cannot be read. A position alone, without its partition, is none."""
        partition, key = self.of(data)
        if partition is None or key is None:
            return partition, None, False
        cursor = data.get(self._cursor_field)
        group = data.get(self._group_field) if self._group_field is not None else None
        if group in _NO_GROUP:
            return partition, str(cursor), False
        return partition, str(group), self._read_any(cursor) != key

    def fault(self, data: Mapping[str, Any]) -> str | None:
        """The field without which the record has no place; None where it has one."""
        if not _is_partition_key(data.get(self._field)):
            return self._field
        cursor = data.get(self._cursor_field)
        if not (self._written(cursor) if type(cursor) is str else self._can_be_read(cursor)):
            return self._cursor_field
        group = data.get(self._group_field) if self._group_field is not None else None
        return None if group in _NO_GROUP or self._can_be_read(group) else self._group_field

    def _can_be_read(self, value: object) -> bool:
        if type(value) is int:
            value = str(value)
        return type(value) is str and bool(self._written(value))

    def _read_any(self, value: object) -> PositionKey | None:
        if type(value) is int:
            value = str(value)
        return self._read(value) if type(value) is str else None


def _is_partition_key(value: object) -> bool:
    return type(value) is str and 0 < len(value) <= MAX_PARTITION_KEY
