"""Lines that are JSON but for a value in them: what can be read all the same, where that says nothing false.

Owns: which values those are, what each is read as, and of which messages. Must not know: framing, limits, what a
message means to a run.

A line whose structure is whole says what it is, and where the next one begins; one value of it may be none that JSON
has: half a character (a text cut through an emoji, bytes that are no UTF-8), a number that is none (NaN, Infinity) or
larger than any, a value nested deeper than is admitted. It costs what it costs in a page: half a character is U+FFFD,
any other costs its field. A line that is torn, or two in one, is not read: nobody could say what else it held.

Only a RECORD, an inventory and a PROGRESS are read so: each can do without what is odd in it; and a BLOB, which costs
itself whatever is wrong with it. A cursor, a claim or an
end with an odd value in it would move something falsely.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from polyhost.protocol.left_out import HALF_SURROGATE
from polyhost.protocol.messages import OddMessage

__all__ = ["read_odd_line"]

MAX_BRACKETS = 1_000_000
"""Brackets in one odd line at most: each is looked at, and so many take a third of a second."""
_READ_SO = frozenset({"RECORD", "PARTITION_INVENTORY", "PROGRESS", "BLOB"})
_MAX_NUMBER = 1_000
"""Characters of a number: the largest float has 309 digits. Reading one takes more than its length in time."""
_MAX_INTEGER = 20
"""Characters of an integer of 64 bits. Larger ones become floats, as everywhere on the wire."""
_TOKENS = re.compile(r'"[^"]*"?|[\[\]{}]')
"""Strings and brackets, where no quote is escaped. A string that does not end is one token as well: nothing is tried a
second time from within it."""
_SURROGATES = re.compile("[\ud800-\udfff]+")
_REPLACEMENT = "\ufffd"
_MEMBER_LEVEL = 2
"""Levels that are kept of a line that is nested too deep: the message, its data, and of that what is not too deep."""
_PLACE_PARTS = 3
"""Parts of a path that are kept: `partitions`, a number, `key`."""

_NAMES_A_PARTITION = frozenset({"key", "deleted", "became"})
"""Fields of an inventory's entry that say which partition is there."""

_Place = tuple[str | int, ...]


class _Odd(NamedTuple):
    """Stands where a value is none. `why`: what it was, in the words of protocol.left_out."""

    why: str


_TOO_DEEP = "1e9999999"
"""Stands in a text where something was cut out."""


def read_odd_line(data: bytes | bytearray, max_depth: int) -> OddMessage | None:
    """The message, and the places in it that are not as they were sent; None where it cannot be read in this way."""
    brackets = data.count(b"{") + data.count(b"[")
    if brackets > MAX_BRACKETS:
        return None
    text = data.decode("utf-8", "surrogateescape")
    shallow = text if brackets <= max_depth else _without_depths(text, max_depth)
    try:
        value = None if shallow is None else _reader.decode(shallow)
    except (ValueError, RecursionError):
        return None
    match value:
        case {"type": str(kind)} if kind in _READ_SO:
            return _repaired(cast("dict[str, Any]", value))
        case _:
            return None


def _constant(name: str) -> _Odd:
    return _Odd("not_a_number" if name == "NaN" else "infinite")


def _number(text: str) -> float | _Odd:
    if text == _TOO_DEEP:
        return _Odd("too_deep")
    number = float(text) if len(text) <= _MAX_NUMBER else math.inf
    return number if math.isfinite(number) else _Odd("infinite")


def _integer(text: str) -> float | _Odd:
    number = int(text) if len(text) <= _MAX_INTEGER else None
    return number if number is not None and -(2**63) <= number < 2**64 else _number(text)


_reader = json.JSONDecoder(strict=False, parse_constant=_constant, parse_int=_integer, parse_float=_number)


def _without_depths(text: str, max_depth: int) -> str | None:
    """Every member of a member that is nested too deep is cut out; None where brackets do not
    match, or a string does not end."""
    kept: list[str] = []
    level = deepest = start = taken = 0
    for token in _TOKENS.finditer(_without_escapes(text)):
        sign = token[0]
        if sign[0] == '"':
            if sign == '"' or sign[-1] != '"':
                return None
        elif sign in "[{":
            if level == _MEMBER_LEVEL:
                start, deepest = token.start(), level
            level += 1
            deepest = max(deepest, level)
        else:
            level -= 1
            if level < 0:
                return None
            if level == _MEMBER_LEVEL and deepest > max_depth:
                kept += [text[taken:start], _TOO_DEEP]
                taken = token.end()
    return "".join([*kept, text[taken:]]) if level == 0 else None


def _without_escapes(text: str) -> str:
    """As long, with every quote in its place that begins or ends a string, and no other."""
    return text.replace(r"\\", "--").replace(r"\"", "--")


@dataclass(slots=True)
class _Repairs:
    """Where something was not as it was sent."""

    places: dict[_Place, str] = field(default_factory=dict["_Place", str])

    def of(self, value: Any, place: _Place) -> Any:
        """The value without its odd parts. No deeper than what is admitted: the rest was cut out before."""
        if isinstance(value, _Odd):
            return self._noted(None, place, value.why)
        if isinstance(value, str):
            whole = _SURROGATES.sub(_REPLACEMENT, value)
            return value if whole == value else self._noted(whole, place, HALF_SURROGATE)
        if isinstance(value, dict):
            return self._object(cast("dict[str, Any]", value), place)
        if isinstance(value, list):
            items = enumerate(cast("list[Any]", value))
            return [self.of(inner, (*place, number)[:_PLACE_PARTS]) for number, inner in items]
        return value

    def _object(self, given: dict[str, Any], place: _Place) -> dict[str, Any]:
        whole: dict[str, Any] = {}
        for told, inner in given.items():
            name = _SURROGATES.sub(_REPLACEMENT, told)
            here = (*place, name)[:_PLACE_PARTS]
            if name != told:
                self._noted(None, here, HALF_SURROGATE if name not in given and name not in whole else "name_taken")
            whole[name] = self.of(inner, here)
        return whole

    def _noted(self, value: Any, place: _Place, why: str) -> Any:
        """Half a character costs less than anything else in the same place."""
        if self.places.get(place, HALF_SURROGATE) == HALF_SURROGATE:
            self.places[place] = why
        return value


def _repaired(message: dict[str, Any]) -> OddMessage:
    """A partition is never named by a text that was changed, nor called there where what says that it is over was: its
    key is null then, as if none had been sent."""
    repairs = _Repairs()
    whole = repairs.of(message, ())
    for place in repairs.places:
        match whole, place:
            case {"type": "PARTITION_INVENTORY", "partitions": list(entries)}, ("partitions", int(at), str(field)) if (
                field in _NAMES_A_PARTITION
            ):
                entries[at]["key"] = None
            case _:
                pass
    return OddMessage(whole, repairs.places)
