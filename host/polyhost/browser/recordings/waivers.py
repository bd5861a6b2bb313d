"""What an owner lets stay in a recording although it looks like a secret, and why. Pure.

Owns: the form `PLACE=REASON`, and which findings it speaks of. Must not know: what is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from polyhost.errors import RefusedError

__all__ = ["Waiver", "place_of", "read_waivers"]

_ENTRY = re.compile(r"^(recording\.har|expected\.jsonl), (?:entry|line) \d+,? ?")
_POSITION = re.compile(r"\.\d+(?=\.|$)")


@dataclass(frozen=True, slots=True)
class Waiver:
    """`place` as a finding names it, with `*` for any part of it. The reason is kept in redactions.json."""

    place: str
    reason: str

    def speaks_of(self, place: str) -> bool:
        return fnmatchcase(place, self.place)


def place_of(where: str) -> str:
    """A place without what changes from recording to recording: the entry's number, a list's positions."""
    return _POSITION.sub(".*", _ENTRY.sub("", where))


def read_waivers(texts: Iterable[str]) -> tuple[Waiver, ...]:
    """From `PLACE=REASON`. RefusedError where there is no place, or no reason, or everything would be let through."""
    return tuple(_read(text) for text in texts)


def _read(text: str) -> Waiver:
    place, _, reason = (part.strip() for part in text.partition("="))
    if not place or not reason or not place.replace("*", "").strip():
        raise RefusedError(
            f"{text!r} is not a valid --waive",
            "Give a place that a finding named, and why it may stay: 'answer assets.*.hash=public file names'",
        )
    return Waiver(place, reason)
