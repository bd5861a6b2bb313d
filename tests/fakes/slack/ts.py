"""Slack's message timestamps: decimal text with six digits, held as whole microseconds.

Must not know: messages, channels, the wall clock.
"""

from __future__ import annotations

import re
from datetime import datetime

__all__ = ["MICRO", "NEVER", "from_iso", "micros", "parse", "text"]

MICRO = 1_000_000  # microseconds in a second: a ts has six decimals
NEVER = "0000000000.000000"  # what Slack writes where there is no message to point at
_SHAPE = re.compile(r"[0-9]{1,10}(\.[0-9]{1,6})?")


def parse(value: str) -> int | None:
    """The microseconds of a well-formed ts, None for anything else. Floats are never involved."""
    if not _SHAPE.fullmatch(value):
        return None
    seconds, _, fraction = value.partition(".")
    return int(seconds) * MICRO + int(fraction.ljust(6, "0"))


def micros(value: str | int) -> int:
    """A ts in either form as microseconds; ValueError names what is not a ts."""
    if isinstance(value, int):
        return value
    parsed = parse(value)
    if parsed is None:
        raise ValueError(f"not a ts: {value!r}")
    return parsed


def text(value: int) -> str:
    return f"{value // MICRO:010d}.{value % MICRO:06d}"


def from_iso(moment: str) -> int:
    """Microseconds of an ISO 8601 moment with an offset (or Z)."""
    parsed = datetime.fromisoformat(moment)
    if parsed.tzinfo is None:
        raise ValueError(f"{moment!r} names no time zone")
    return int(parsed.timestamp()) * MICRO + parsed.microsecond
