"""Moments as text, compared and moved as moments: never as text, which a missing millisecond would put out of order.

Owns: reading ISO 8601, the first and last of several, adding seconds, saying how long something is. Must not know:
what the moments are of, the clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

__all__ = ["after", "earliest", "instant", "is_past", "latest", "spoken"]

_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def instant(text: str | None) -> datetime | None:
    """The moment; None for what is none. Without an offset it is taken for UTC."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def latest(texts: Iterable[str | None]) -> str | None:
    """The latest of those that are moments, as it was written."""
    return max(_readable(texts), key=lambda pair: pair[0], default=(None, None))[1]


def earliest(texts: Iterable[str | None]) -> str | None:
    """The earliest of those that are moments, as it was written."""
    return min(_readable(texts), key=lambda pair: pair[0], default=(None, None))[1]


def _readable(texts: Iterable[str | None]) -> list[tuple[datetime, str]]:
    return [(moment, text) for text in texts if text is not None and (moment := instant(text)) is not None]


def after(text: str | None, seconds: int) -> str | None:
    """So many seconds later, in UTC; None where that is no moment."""
    begun = instant(text)
    try:
        moved = None if begun is None else begun + timedelta(seconds=seconds)
    except OverflowError:
        return None
    return None if moved is None else moved.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def spoken(seconds: int) -> str:
    """How long that is, in words: `hour`, `6 hours`, `90 minutes`; to be said after `every`."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    count = seconds // size
    return unit if count == 1 else f"{count:,} {unit}s"


def is_past(text: str | None, now: str) -> bool:
    """Whether both are moments and the first lies before the second."""
    one, other = instant(text), instant(now)
    return one is not None and other is not None and one < other
