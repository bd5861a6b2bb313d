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
    seen = False

    def read(pairs: list[tuple[str, Any]]) -> Any:
        nonlocal seen
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                seen = True
                return _Twice(key)
            found[key] = value
        return found

    value = json.loads(text, object_pairs_hook=read)
    return _place(value) if seen else None


def _place(value: Any) -> str | None:
    """What waits is only what can hold one, each with no more of its place than is shown."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        at, one = waiting.pop()
        if isinstance(one, _Twice):
            return _below(at, one.key)
        waiting.extend(_parts(at, one))
    return None


def _parts(at: str, value: dict[str, Any] | list[Any]) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        return ((_below(at, key), part) for key, part in value.items() if isinstance(part, dict | list | _Twice))
    return (
        (f"{at}[{number}]"[:_LONGEST], part)
        for number, part in enumerate(value)
        if isinstance(part, dict | list | _Twice)
    )


def _below(at: str, key: str) -> str:
    shown = key[:_LONGEST] if key[:_LONGEST].isprintable() and key else ascii(key[:_LONGEST])
    return (f"{at}.{shown}" if at else shown)[:_LONGEST]
