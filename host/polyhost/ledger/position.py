"""Where a record belongs: its partition, and its position in the order ranges are kept in.

Owns: reading partition, cursor and group out of a record's data by the manifest's rule. Must not know: the store, runs,
schemas. A field that is missing or unusable is a value here, not an exception: one such record must not end a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from polyhost.ledger.cursor import sort_key
from polyhost.ledger.state import PartitionRule
from polyhost.protocol.positions import MAX_PARTITION_KEY

__all__ = ["Located", "Unplaceable", "locate"]


class Located(NamedTuple):  # a tuple: one for every record
    """`position` is the head's cursor for a member of a group, else the record's own; `key` is its sort key.

    `position` and `cursor` stay as the source writes them.
    """

    partition: str
    position: str
    key: str
    cursor: str
    is_head: bool


_located: Callable[[tuple[str, str, str, str, bool]], Located] = partial(tuple.__new__, Located)  # thrice as fast


@dataclass(frozen=True, slots=True)
class Unplaceable:
    """A record that cannot be placed: the field, and the rule it breaks. No value of the record."""

    path: str
    rule: str


def locate(data: Mapping[str, Any], rule: PartitionRule) -> Located | Unplaceable:
    """A record's partition and position. Head: its position is its own cursor."""
    partition = data.get(rule.field)
    if type(partition) is not str:
        partition = _text(partition)
    if not partition or len(partition) > MAX_PARTITION_KEY:
        return Unplaceable(rule.field, f"a partition key is text of 1 to {MAX_PARTITION_KEY} characters")
    cursor = data.get(rule.cursor_field)
    if type(cursor) is not str:
        cursor = _text(cursor)
    if not cursor:
        return Unplaceable(rule.cursor_field, "a cursor is text or an integer, and not empty")
    try:
        cursor_key = sort_key(cursor, rule.order)
    except ValueError as error:
        return Unplaceable(rule.cursor_field, str(error))
    group = data.get(rule.group_field) if rule.group_field is not None else None
    if group is None or group in ("", cursor):
        return _located((partition, cursor, cursor_key, cursor, True))
    return _member(partition, cursor, cursor_key, group, rule)


def _member(partition: str, cursor: str, cursor_key: str, group: Any, rule: PartitionRule) -> Located | Unplaceable:
    path = rule.group_field or ""
    position = _text(group)
    if not position:
        return Unplaceable(path, "a group is text or an integer")
    try:
        key = sort_key(position, rule.order)
    except ValueError as error:
        return Unplaceable(path, str(error))
    return _located((partition, position, key, cursor, key == cursor_key))


def _text(value: Any) -> str | None:
    """Text as it is, an integer as its digits; a float never, for it has lost digits already."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None
