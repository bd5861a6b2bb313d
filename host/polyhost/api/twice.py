"""A key that stands twice in one object of a JSON text: whoever reads it takes one of the values, nobody knows which.

Owns: finding it, and saying where. Must not know: what the text is for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["given_twice"]

_LONGEST = 120
"""Characters of a place that is shown."""


@dataclass(frozen=True, slots=True)
class _Twice:
    key: str


def given_twice(text: bytes) -> str | None:
    """The place of such a key, as `resources.messages` or `items[2].id`; None where there is none. `text` is valid
    JSON. RecursionError where it is nested too deep."""
    return _place(json.loads(text, object_pairs_hook=_object))


def _object(pairs: list[tuple[str, Any]]) -> Any:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            return _Twice(key)
        found[key] = value
    return found


def _place(value: Any) -> str | None:
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        at, one = waiting.pop()
        if isinstance(one, _Twice):
            return _below(at, one.key)[:_LONGEST]
        waiting.extend(_parts(at, one))
    return None


def _parts(at: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(_below(at, key), part) for key, part in value.items()]
    if isinstance(value, list):
        return [(f"{at}[{number}]", part) for number, part in enumerate(value)]
    return ()


def _below(at: str, key: str) -> str:
    shown = key if key.isprintable() and key else ascii(key)
    return f"{at}.{shown}" if at else shown
