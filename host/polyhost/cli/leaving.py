"""Leaving when asked to: within a bounded time, whatever holds the process.

Owns: that bound. Must not know: what goes on in the process. What a run has made durable stays so; a run that could not
settle is found to be dead, and settled, by whoever comes next. A browser notices that its driver's other end is gone.
"""

from __future__ import annotations

import os
import threading

from polyhost.errors import ExitStatus

__all__ = ["LEAVE_SECONDS", "leave_within"]

LEAVE_SECONDS = 15.0
"""From a signal to the end of a command. A run that is asked to end is done in two or three; on a machine that is busy
it may take five times as long. Service managers kill after 10 (containers) to 90 (systemd)."""


def leave_within(seconds: float) -> None:
    """The process ends in so many seconds, unless it has ended by then. In a thread: what hangs may be
    the event loop."""
    timer = threading.Timer(seconds, os._exit, [ExitStatus.CANCELLED])
    timer.daemon = True
    timer.start()
