"""The clock that nobody can set: which boot of this machine it is, and the seconds since.

Owns: reading both, and `Moment`, an instant told by the wall clock and by that one. Must not know: what happened then.

A wall clock is set, by hand, by a server it asks, by a battery that died. What lasts for a while on one machine (a
lease, a back-off) is measured by this clock; what came later is told by the store's numbers, and by no clock at all.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

__all__ = ["Moment", "boot_id", "up_seconds"]

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SYSCTL = ("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid")
_SYSCTL_SECONDS = 5
"""It answers in milliseconds; a machine too busy for it goes on without."""
_CLOCK = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
"""Goes on while the machine sleeps: Linux calls that CLOCK_BOOTTIME; macOS's CLOCK_MONOTONIC does so by itself."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant. `wall`: seconds since 1970, as the wall clock says. `up`: seconds since the boot `boot` of this
    machine; where `boot` is None, it cannot be compared with any of another process."""

    wall: float
    boot: str | None
    up: float

    def later(self, seconds: float) -> Moment:
        """So many seconds later, by both clocks."""
        return replace(self, wall=self.wall + seconds, up=self.up + seconds)

    def since(self, boot: str | None, up: float | None) -> float | None:
        """Seconds from then to this moment; None where that was in another boot, or is not known."""
        if boot is None or up is None or boot != self.boot:
            return None
        return self.up - up


@lru_cache(maxsize=1)
def boot_id() -> str | None:
    """What tells this boot of this machine from every other; None where the system says nothing of the kind."""
    try:
        if sys.platform == "darwin":
            asked = subprocess.run(_SYSCTL, capture_output=True, text=True, timeout=_SYSCTL_SECONDS, check=True)
            return asked.stdout.strip() or None
        return _BOOT_ID.read_text(encoding="ascii").strip() or None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def up_seconds() -> float:
    """Seconds since the boot, sleep included; where the system has no such clock, since some moment of this boot."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)
