"""What an owner lets stay in a recording although it looks like a secret, and why. Pure.

Owns: the form `PLACE=REASON`, and which findings it speaks of. Must not know: what is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from polyhost.browser.recordings._places import is_pattern, is_spoken_of
from polyhost.errors import RefusedError

__all__ = ["Waiver", "is_waiver", "read_waivers"]


@dataclass(frozen=True, slots=True)
class Waiver:
    """`place` as a finding names it, where `*` is any one step. The reason is kept in redactions.json."""

    place: str
    reason: str

    def speaks_of(self, place: str) -> bool:
        return is_spoken_of(place, self.place)


def is_waiver(place: object, reason: object) -> bool:
    """Whether these two make a waiver: a place that has a name in it, and some reason."""
    return isinstance(place, str) and isinstance(reason, str) and is_pattern(place) and bool(reason.strip())


def read_waivers(texts: Iterable[str]) -> tuple[Waiver, ...]:
    """From `PLACE=REASON`. RefusedError where there is no place, or no reason, or more than a place is named."""
    return tuple(_read(text) for text in texts)


def _read(text: str) -> Waiver:
    place, _, reason = (part.strip() for part in text.partition("="))
    if not is_waiver(place, reason):
        raise RefusedError(
            f"{text!r} is not a valid --waive",
            "Give a place as a finding named it, with * for one whole step of it, and why it may stay: "
            "'answer assets.*.hash=public file names'.",
        )
    return Waiver(place, reason)
