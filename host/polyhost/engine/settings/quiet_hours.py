"""Quiet hours: the part of an owner's day in which no run starts by itself. Pure: the moment and the zone come in.

Owns: reading them, whether a moment lies in them, and when they are over. Must not know: schedules, which
zone it is.

A moment is looked at as the clock on the wall shows it, so changing the clocks needs no rule of its own: an hour that
comes twice is quiet twice, and one that is left out is not waited for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from polyhost.errors import ErrorCode, RefusedError

__all__ = ["QuietHours", "read_quiet_hours"]

_DAY_MINUTES = 24 * 60
_DAYS_AHEAD = 4
"""Days in which to look for the end: one is enough but where the clocks change, or a zone leaves out a whole day."""
_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` until just before `end`, in minutes after midnight; over midnight where `end` is the lesser."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_shown(self.start)}-{_shown(self.end)}"

    def covers(self, moment: float, zone: tzinfo) -> bool:
        """Whether the clock on the wall shows one of these hours. `moment`: seconds since the epoch."""
        wall = datetime.fromtimestamp(moment, zone)
        minute = wall.hour * 60 + wall.minute
        return (minute - self.start) % _DAY_MINUTES < (self.end - self.start) % _DAY_MINUTES

    def over(self, moment: float, zone: tzinfo) -> float:
        """The first moment from this one on that is not quiet, to the minute; later only in the night in which the
        clocks leave out the hour it would be in."""
        if not self.covers(moment, zone):
            return moment
        today = datetime.fromtimestamp(moment, zone).date()
        ends = (self._end_on(today + timedelta(days), zone, fold) for days in range(-1, _DAYS_AHEAD) for fold in (0, 1))
        return min(end for end in ends if end > moment and not self.covers(end, zone))

    def _end_on(self, day: date, zone: tzinfo, fold: int) -> float:
        wall = time(self.end // 60, self.end % 60, fold=fold)
        return datetime.combine(day, wall, zone).astimezone(UTC).timestamp()


def _shown(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def read_quiet_hours(text: str) -> QuietHours:
    """From `22:00-07:00`. RefusedError `bad_quiet_hours` for anything else, and for a whole day: that is a pause."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise RefusedError(
            f"{text!r} are no quiet hours",
            "Give them as HH:MM-HH:MM, e.g. 22:00-07:00; or none.",
            code=ErrorCode.BAD_QUIET_HOURS,
        )
    hours = [int(part) for part in found.groups()]
    quiet = QuietHours(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3])
    if quiet.start == quiet.end:
        raise RefusedError(
            f"quiet hours of {text} would be the whole day",
            "To have no runs at all: polyhost schedule pause NAME.",
            code=ErrorCode.BAD_QUIET_HOURS,
        )
    return quiet
