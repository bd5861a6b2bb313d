"""Positions in a partition: whether a cursor value can be read in the declared order, and how two compare.

Owns: the order as far as the protocol needs it, to turn away what the ledger could not place. Must not know: ranges,
ledgers. Never a float: 1700000000.000100 has more digits than one keeps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from polyhost.protocol.declarations import PartitionDecl

__all__ = ["Place", "position_key"]

PositionKey = tuple[int, int] | int | str

_DECIMAL = re.compile(r"(\d{1,20})(?:\.(\d{1,20}))?", re.ASCII)
_NUMERIC = re.compile(r"-?\d{1,40}", re.ASCII)


def _decimal(text: str) -> PositionKey | None:
    match = _DECIMAL.fullmatch(text)
    return (int(match[1]), int(match[2] or 0)) if match else None


def _numeric(text: str) -> PositionKey | None:
    return int(text) if _NUMERIC.fullmatch(text) else None


def _lexical(text: str) -> PositionKey | None:
    return text or None


_READERS: Mapping[str, Callable[[str], PositionKey | None]] = {
    "decimal": _decimal,
    "numeric": _numeric,
    "lexical": _lexical,
}


_WRITTEN: Mapping[str, Callable[[str], object]] = {
    "decimal": _DECIMAL.fullmatch,
    "numeric": _NUMERIC.fullmatch,
    "lexical": bool,
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
        position = self._read_any(data.get(self._cursor_field) if group is None else group)
        return (key if type(key) is str and key else None), position

    def fault(self, data: Mapping[str, Any]) -> str | None:
        """The field without which the record has no place; None where it has one."""
        key = data.get(self._field)
        if type(key) is not str or not key:
            return self._field
        cursor = data.get(self._cursor_field)
        if not (self._written(cursor) if type(cursor) is str else self._can_be_read(cursor)):
            return self._cursor_field
        group = data.get(self._group_field) if self._group_field is not None else None
        return None if group is None or self._can_be_read(group) else self._group_field

    def _can_be_read(self, value: object) -> bool:
        if type(value) is int:
            value = str(value)
        return type(value) is str and bool(self._written(value))

    def _read_any(self, value: object) -> PositionKey | None:
        if type(value) is int:
            value = str(value)
        return self._read(value) if type(value) is str else None
