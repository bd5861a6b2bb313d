"""When a lease may be taken from who holds it. Must not know: where it is written down."""

from __future__ import annotations

import socket

from polyhost.boot_clock import Moment
from polyhost.store import process
from polyhost.store.rows import LeaseHolder

__all__ = ["LONGEST_LEASE_SECONDS", "is_free"]

LONGEST_LEASE_SECONDS = 600.0
"""No lease is taken for longer: one that ends later than that was written by a clock that was wrong."""


def is_free(holder: LeaseHolder, process_name: str | None, *, now: Moment) -> bool:
    """Its time is over, or the process that took it is certainly gone."""
    return _is_over(holder, now) or process.is_gone(holder.pid, process_name)


def _is_over(holder: LeaseHolder, now: Moment) -> bool:
    """By the clock of the boot, which nobody can set. What was taken before this machine was started again is over. Of
    another machine only the wall clock tells, and it is believed as far as a lease can reach."""
    ends = holder.expires
    if ends.boot is not None and ends.boot == now.boot:
        left = ends.up - now.up
    elif ends.boot is not None and now.boot is not None and holder.host == socket.gethostname():
        return True
    else:
        left = ends.wall - now.wall
    return not 0 < left <= LONGEST_LEASE_SECONDS
