"""From a position to the moment it stands for, where the manifest declares that positions are times.

Owns: that conversion, for showing only; nothing is ever compared by it. Must not know: ledgers, surfaces.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from polyhost.ledger.state import CursorTime

__all__ = ["from_moment", "moment"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(position: str | None, kind: CursorTime | None) -> str | None:
    """ISO 8601 UTC, or None where the position is no time. Zero is none either: it stands before everything, as the end
    of what was read of a partition that holds nothing."""
    if position is None or kind is None:
        return None
    try:
        when = _read(position, kind)
        return None if when == _EPOCH else when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return None


def _read(position: str, kind: CursorTime) -> datetime:
    if kind == "iso8601":
        return datetime.fromisoformat(position).astimezone(UTC)
    whole, _, fraction = position.partition(".")
    if kind == "unix_milliseconds":
        return _EPOCH + timedelta(milliseconds=int(whole))
    return _EPOCH + timedelta(seconds=int(whole), microseconds=int(fraction[:6].ljust(6, "0")) if fraction else 0)


def from_moment(text: str, kind: CursorTime | None) -> str | None:
    """The position that an ISO 8601 time stands for (a bare date is midnight UTC); None where there is none."""
    if kind is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    micros = (when - _EPOCH) // timedelta(microseconds=1)
    match kind:
        case "unix_seconds":
            return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"
        case "unix_milliseconds":
            return str(micros // 1000)
        case "iso8601":
            return when.isoformat().replace("+00:00", "Z")
