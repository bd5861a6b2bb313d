"""From a manifest's `partition` block to the rule the ledger works by.

Owns: reading the block, whether it comes as JSON or as a validated model, and its defaults. Must not know: the rest of
the manifest; that fields exist in the stream's schema is checked there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from polyhost.errors import RefusedError
from polyhost.ledger.state import Arrival, CursorOrder, CursorTime, PartitionRule, RefreshPolicy

__all__ = ["partition_rule"]

_TEXT_FIELDS = ("group_field", "inventory_stream", "label_field")
_REFRESH_FIELDS = ("lookback_records", "requests_per_run", "interval_seconds")


def partition_rule(stream: str, block: Any) -> PartitionRule:
    """The rule of one stream. `block` is the manifest's object, or a model with attributes of the same names."""
    required = {name: _required(stream, block, name) for name in ("field", "cursor_field", "order")}
    try:
        order = CursorOrder(required["order"])
    except ValueError:
        raise _refused(stream, "order", f"it is none of {', '.join(CursorOrder)}") from None
    optional = {name: _optional_text(stream, block, name) for name in _TEXT_FIELDS}
    time = _optional_text(stream, block, "cursor_time")
    if time is not None and time not in get_args(CursorTime):
        raise _refused(stream, "cursor_time", f"it is none of {', '.join(get_args(CursorTime))}")
    arrival = _optional_text(stream, block, "arrival") or "in_order"
    if arrival not in get_args(Arrival):
        raise _refused(stream, "arrival", f"it is none of {', '.join(get_args(Arrival))}")
    return PartitionRule(
        stream=stream,
        field=required["field"],
        cursor_field=required["cursor_field"],
        order=order,
        cursor_time=cast("CursorTime | None", time),
        arrival=cast("Arrival", arrival),
        refresh=_refresh(stream, _field(block, "refresh")),
        **optional,
    )


def _refresh(stream: str, block: Any) -> RefreshPolicy:
    if block is None:
        return RefreshPolicy()
    given = {name: _field(block, name) for name in _REFRESH_FIELDS}
    for name, value in given.items():
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise _refused(stream, f"refresh.{name}", "it is a whole number, 0 or more")
    return RefreshPolicy(**{name: value for name, value in given.items() if value is not None})


def _required(stream: str, block: Any, name: str) -> str:
    value = _optional_text(stream, block, name)
    if value is None:
        raise _refused(stream, name, "it is required")
    return value


def _optional_text(stream: str, block: Any, name: str) -> str | None:
    value = _field(block, name)
    if value is None or (isinstance(value, str) and value):
        return value
    raise _refused(stream, name, "it is text and not empty")


def _field(block: Any, name: str) -> Any:
    return block.get(name) if isinstance(block, Mapping) else getattr(block, name, None)


def _refused(stream: str, name: str, why: str) -> RefusedError:
    return RefusedError(
        f'The manifest\'s streams["{stream}"].partition.{name} cannot be used: {why}', "Correct the manifest."
    )
