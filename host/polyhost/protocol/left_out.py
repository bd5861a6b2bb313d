"""Fields that a connector says it left out of a record itself, and why.

Owns: how that is told (`mended` of a RECORD), the closed list of reasons. Must not know: schemas, what becomes of the
record.

A polyfill's script makes values that JSON cannot carry: the SDK leaves out the field that holds one, and says what it
was (polyfills/sdk/values.js has the same words, and connectors/odd_lines.py uses them of what a process says). Where
the record cannot do without, that is why it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

__all__ = ["HALF_SURROGATE", "MAX_NAMED", "UNCARRIED", "LeftOut", "gravest", "left_out"]

HALF_SURROGATE = "half_surrogate"
UNCARRIED = frozenset(
    {"not_a_number", "infinite", "undefined_item", "hole", "list_with_names", "bigint", "symbol", "function"}
    | {"date", "map", "set", "regexp", "bytes", "class_instance", "circle", "unreadable", "too_deep"}
    | {HALF_SURROGATE, "too_large", "name_taken"}
)
"""What a field held that JSON, or a message, cannot carry. `half_surrogate`: text cut through an emoji, of which the
rest was kept."""
_SHAPE = "shape"
MAX_NAMED = 50
"""Fields of one record that may be named, by its connector and on this side each. The record is counted, whatever is
named."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One field. `why`: one of UNCARRIED, or `shape` where only the name was told."""

    field: str
    why: str

    @property
    def is_uncarried(self) -> bool:
        return self.why != _SHAPE


def left_out(told: Any) -> Sequence[LeftOut]:
    """`["name", ["name", why]]` as fields; anything else that a connector says is passed over."""
    if type(told) is not list:
        return ()
    found = (_read(one) for one in cast("list[Any]", told)[:MAX_NAMED])
    return [one for one in found if one is not None]


def gravest(places: Mapping[tuple[str | int, ...], str]) -> Mapping[str, str]:
    """The fields of `data` that something was odd in, and the gravest of it: half a character is the least."""
    found: dict[str, str] = {}
    for place, why in places.items():
        match place:
            case ("data", str(name), *_) if found.get(name, HALF_SURROGATE) == HALF_SURROGATE:
                found[name] = why
            case _:
                pass
    return found


def _read(told: Any) -> LeftOut | None:
    match told:
        case str():
            return LeftOut(told, _SHAPE)
        case [str(field), str(why)] if why in UNCARRIED:
            return LeftOut(field, why)
        case _:
            return None
