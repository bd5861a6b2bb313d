"""The clock: whether it can be believed, whether it was moved, and what that has touched.

Must not know: what anything else makes of a time. Nothing is ordered, held or put off by the wall clock; a wrong one is
seen in the times that are shown.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from polyhost.boot_clock import Moment, up_seconds
from polyhost.engine.doctor._home import touch
from polyhost.engine.doctor.finding import Finding, failed, ok, warning
from polyhost.humanize import exact_time, rough_duration
from polyhost.instants import iso_from_seconds, utc
from polyhost.store.sqlite.checkup import DatedRun

__all__ = ["check_clock"]

SKEW_SECONDS = 2.0
"""File systems keep times to a second or two; more is another clock."""
MOVED_SECONDS = 60.0
"""A clock that is kept right is moved by less."""
_RELEASED = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""No clock that is right shows a time before polyhost was there."""
_MEND = "Let the system set its clock (Linux: timedatectl set-ntp true)."
_NOTHING = (
    "If the clock is right now, nothing is to be done: which run is the latest, leases and what is due do not go by it,"
    " and what is shown is right again from the next run on. If it is not: "
)


def check_clock(home: Path, newest_first: Sequence[DatedRun], now: Moment) -> list[Finding]:
    """Against the file system's clock, against that of the boot, and against what was written down before."""
    says = exact_time(iso_from_seconds(now.wall))
    if now.wall < _RELEASED:
        return [failed("clock", f"it says {says}, which has passed long ago", _MEND)]
    found = [*_ahead(newest_first, now), *_moved(newest_first, now), *_beside_files(home, now)]
    return found or [ok("clock", f"{says}, as the file system says too" if home.is_dir() else says)]


def _ahead(newest_first: Sequence[DatedRun], now: Moment) -> list[Finding]:
    """Connections whose last run was written down at a time that has not come yet. One that has run since is well."""
    last = {run.connection: run for run in reversed(newest_first)}.values()
    dated = [(when.timestamp(), run) for run in last if (when := utc(run.started_at)) is not None]
    ahead = [(at, run) for at, run in dated if at - now.wall > SKEW_SECONDS]
    if not ahead:
        return []
    furthest = rough_duration(max(at for at, _ in ahead) - now.wall)
    names = ", ".join(sorted({run.connection for _, run in ahead}))
    what = f"the last run of {names} is dated up to {furthest} ahead of now: it was set back since"
    return [warning("clock", what, _NOTHING + _MEND)]


def _moved(newest_first: Sequence[DatedRun], now: Moment) -> list[Finding]:
    """Whether it has jumped since the last run of this boot began: both clocks have to have gone on by as much."""
    for run in newest_first:
        when, gone = utc(run.started_at), now.since(run.boot, run.started_up)
        if when is None or gone is None:
            continue
        jumped = now.wall - when.timestamp() - gone
        if abs(jumped) <= MOVED_SECONDS:
            return []
        way = "forward" if jumped > 0 else "back"
        what = f"it was set {way} by {rough_duration(abs(jumped))} since a run of {run.connection} began"
        return [warning("clock", what, _NOTHING + _MEND)]
    return []


def _beside_files(home: Path, now: Moment) -> list[Finding]:
    skew = _file_system_skew(home, now) if home.is_dir() and os.access(home, os.W_OK) else 0.0
    if abs(skew) <= SKEW_SECONDS:
        return []
    off = f"{rough_duration(abs(skew))} {'ahead' if skew > 0 else 'behind'}"
    return [warning("clock", f"the file system's clock is {off}", _MEND)]


def _file_system_skew(home: Path, now: Moment) -> float:
    """Seconds that a file written now is ahead; what passes meanwhile does not count."""
    before = up_seconds()
    return touch(home) - now.wall - (up_seconds() - before)
