"""Instants, lengths of time and counts as a person reads them: the one place for it, whatever the surface.

Owns: how they are written. Must not know: what they are of, any surface's markup, the clock. What a program reads is
written by `instants`.
"""

from __future__ import annotations

from datetime import date

from polyhost.instants import utc

__all__ = [
    "byte_count",
    "date_in_words",
    "day_in_words",
    "duration",
    "every",
    "exact_time",
    "interval",
    "month_in_words",
    "plural",
    "rough_duration",
    "short_time",
    "time_in_words",
]

NOTHING = "–"
_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
_TENTHS_BELOW = 10
"""Seconds below which a duration is told to the tenth."""


def short_time(iso: str | None, missing: str = NOTHING) -> str:
    """`2026-11-22 03:15`, in UTC: sorts, and lines up in a column."""
    read = utc(iso)
    return missing if read is None else f"{read:%Y-%m-%d %H:%M}"


def exact_time(iso: str) -> str:
    """`2026-11-22 03:15:58 UTC`."""
    read = utc(iso)
    return NOTHING if read is None else f"{read:%Y-%m-%d %H:%M:%S} UTC"


def time_in_words(iso: str | None) -> str:
    """`22 Nov 2026, 03:15`, in UTC."""
    read = utc(iso)
    return NOTHING if read is None else f"{read.day} {read:%b %Y, %H:%M}"


def date_in_words(iso: str | None) -> str:
    """`22 Nov 2026`, in UTC."""
    read = utc(iso)
    return NOTHING if read is None else f"{read.day} {read:%b %Y}"


def day_in_words(day: str) -> str:
    """`2026-10-01` as `Thursday, 1 October 2026`; what is not a date as it is."""
    try:
        read = date.fromisoformat(day)
    except ValueError:
        return day
    return f"{read:%A}, {read.day} {read:%B} {read.year}"


def month_in_words(month: str) -> str | None:
    """`2026-10` as `October 2026`; None for what is not a month."""
    try:
        read = date.fromisoformat(f"{month}-01")
    except ValueError:
        return None
    return f"{read:%B} {read.year}"


def duration(seconds: float | None) -> str:
    """How long something took: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds is None:
        return NOTHING
    if seconds < _TENTHS_BELOW:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def rough_duration(seconds: float) -> str:
    """About how long, in the largest unit of which there are two: `3 days`, `90 minutes`, `5 seconds`."""
    for size, unit in _UNITS[:-1]:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}s"
    return f"{seconds:.0f} seconds"


def interval(seconds: float) -> str:
    """Exactly how long, in one unit: `1 hour`, `6 hours`, `90 minutes`."""
    whole = round(seconds)
    size, unit = next((size, unit) for size, unit in _UNITS if whole % size == 0)
    return plural(whole // size, unit)


def every(seconds: int) -> str:
    """How often: `every hour`, `every 6 hours`."""
    return f"every {interval(seconds).removeprefix('1 ')}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 gap`, `3 gaps`, `1,204 records`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def byte_count(size: int | None, missing: str = NOTHING) -> str:
    """`812 B`, `4.2 MB`, counted in 1024s."""
    if size is None:
        return missing
    amount, unit = float(size), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if amount < _A_THOUSAND:
            break
        amount, unit = amount / 1024, larger
    digits = 0 if unit == "B" or amount >= _TEN else 1
    return f"{amount:,.{digits}f} {unit}"


_A_THOUSAND, _TEN = 999.5, 9.95
"""From these on, rounded numbers have a digit more."""
