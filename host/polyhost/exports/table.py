"""Fields as cells: plain values as they are, anything deeper as JSON text. What the table formats share."""

from __future__ import annotations

from typing import Any

import orjson

from polyhost.exports.base import Row, StreamPlan

__all__ = ["Cell", "cells"]

Cell = str | int | float | None


def cells(stream: StreamPlan, row: Row) -> list[Cell]:
    """The source's own columns of one row."""
    data = row.data or {}
    return [_cell(data.get(name)) for name in stream.columns]


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | float):
        return value
    if isinstance(value, int):  # booleans are integers too
        return int(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
