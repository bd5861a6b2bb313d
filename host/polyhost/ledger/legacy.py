"""State that another tool kept, read as a hint where to begin; it proves nothing here.

Owns: the two shapes that are understood (`{last_ts, channel_last_ts, observed_channel_ids}` and a bare global cursor)
and what follows from each. Must not know: files, connections, which tool wrote it.

None of that tool's records are in our store. So a high-water from it only splits the first reading of a partition:
what is after it first, then all that is before; until then that part is unproven (PR-2.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from polyhost.errors import RefusedError
from polyhost.ledger.cursor import sort_key
from polyhost.ledger.observe import first_seen
from polyhost.ledger.state import CursorOrder, PartitionRule, PartitionState
from polyhost.protocol.positions import MAX_PARTITION_KEY

__all__ = ["LegacyState", "read_legacy"]

_FIELDS = frozenset({"last_ts", "channel_last_ts", "observed_channel_ids"})
_INSTRUCTION = (
    "Give {last_ts, channel_last_ts: {id: cursor}, observed_channel_ids: [id]} as JSON, or one cursor as text."
)


@dataclass(frozen=True, slots=True)
class LegacyState:
    """`high_water` applies to partitions without an entry, and only where the other tool kept none per partition."""

    states: tuple[PartitionState, ...]
    high_water: str | None


def read_legacy(value: Any, rule: PartitionRule, *, at: str) -> LegacyState:
    """The entries and the global fallback that a legacy state comes to. RefusedError for anything else."""
    if isinstance(value, Mapping):
        return _read_object(value, rule, at)
    return LegacyState((), _cursor(value, "the value", rule.order))


def _read_object(value: Mapping[str, Any], rule: PartitionRule, at: str) -> LegacyState:
    unknown = sorted(str(name) for name in value if name not in _FIELDS)
    if unknown or not value:
        named = f"it has a field {unknown[0][:40]!r} that is not known" if unknown else "it is empty"
        raise RefusedError(f"The legacy state cannot be used: {named}", _INSTRUCTION)
    floors = _floors(value.get("channel_last_ts"), rule.order)
    observed = _keys(value.get("observed_channel_ids"))
    last = value.get("last_ts")
    high_water = None if last is None else _cursor(last, "last_ts", rule.order)
    # A tool that kept high-water per partition says by leaving one out that it has none for it: its global one is a
    # maximum over the others, and no evidence for this one.
    fallback = None if floors else high_water
    keys = sorted({*floors, *observed})
    states = tuple(first_seen(rule.stream, key, at, legacy_floor=floors.get(key, fallback)) for key in keys)
    return LegacyState(states, fallback)


def _floors(value: Any, order: CursorOrder) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RefusedError("The legacy state's channel_last_ts is not an object", _INSTRUCTION)
    return {_key(key): _cursor(cursor, "channel_last_ts", order) for key, cursor in value.items()}


def _keys(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise RefusedError("The legacy state's observed_channel_ids is not a list", _INSTRUCTION)
    return [_key(key) for key in value]


def _key(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_PARTITION_KEY:
        raise RefusedError(
            f"The legacy state names a partition that is not a text of 1 to {MAX_PARTITION_KEY} characters",
            _INSTRUCTION,
        )
    return value


def _cursor(value: Any, where: str, order: CursorOrder) -> str:
    if not isinstance(value, str):
        raise RefusedError(f"In the legacy state {where} is not a cursor as text", _INSTRUCTION)
    try:
        sort_key(value, order)
    except ValueError as error:
        raise RefusedError(f"In the legacy state {where} is not a {order} cursor: {error}", _INSTRUCTION) from None
    return value
