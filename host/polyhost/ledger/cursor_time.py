"""From a position to the instant it stands for and back, where the manifest declares that positions are times.

Owns: that conversion, for showing positions and for taking them as times. Must not know: partitions, surfaces. The
ledger compares nothing by it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from polyhost.instants import EPOCH, iso, utc
from polyhost.ledger.state import CursorTime

__all__ = ["position_at", "time_of"]

_MICROSECOND_DIGITS = 6


def time_of(position: str | None, kind: CursorTime | None) -> str | None:
    """ISO 8601 UTC, or None where the position is not a time. Zero is none either: it stands before everything, as the
    end of what was read of a partition that holds nothing."""
    if position is None or kind is None:
        return None
    try:
        when = _read(position, kind)
    except (ValueError, OverflowError):
        return None
    return None if when == EPOCH else iso(when)


def _read(position: str, kind: CursorTime) -> datetime:
    if kind == "iso8601":
        return datetime.fromisoformat(position).astimezone(UTC)
    whole, _, fraction = position.partition(".")
    if kind == "unix_milliseconds":
        return EPOCH + timedelta(milliseconds=int(whole))
    micros = int(fraction[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0"))
    return EPOCH + timedelta(seconds=int(whole), microseconds=micros)


def position_at(text: str, kind: CursorTime | None) -> str | None:
    """The position that an ISO 8601 time stands for (a bare date is midnight UTC); None where there is none."""
    when = None if kind is None else utc(text)
    if when is None:
        return None
    micros = (when - EPOCH) // timedelta(microseconds=1)
    match kind:
        case "unix_milliseconds":
            return str(micros // 1000)
        case "iso8601":
            return when.isoformat().replace("+00:00", "Z")
        case _:
            return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"
