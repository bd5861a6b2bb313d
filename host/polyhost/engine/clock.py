"""The engine's clock and identifiers, in one place so that tests can hold them still.

Must not know: what is timed or named.
"""

from __future__ import annotations

import secrets
import time

from polyhost.boot_clock import Moment, boot_id, up_seconds
from polyhost.instants import iso_from_seconds

__all__ = ["Clock", "new_id", "when_made"]

_MILLISECOND_DIGITS = 11
"""Hex digits of milliseconds in an id: enough until the year 2527."""


class Clock:
    """Wall-clock time, and the clock of this boot. Replaced whole in tests; nothing else in the engine reads the time.

    The wall clock says when something happened, to a person. It may be set at any moment: how long something takes or
    is waited for is measured by `up`, and what came later is told by the store's numbers.
    """

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def up(self) -> float:
        """Seconds since this boot, sleep included. Nobody can set it."""
        return up_seconds()

    def moment(self) -> Moment:
        """Now, by both."""
        return Moment(self.now(), boot_id(), self.up())

    def iso(self) -> str:
        """Now, as ISO 8601 UTC with milliseconds."""
        return iso_from_seconds(self.now())


def when_made(made: str) -> float:
    """When an id was made (`new_id`), in seconds since 1970, by the wall clock of then."""
    return int(made.partition("_")[2][:_MILLISECOND_DIGITS], 16) / 1000


def new_id(prefix: str, now: float) -> str:
    """An id that is used once: prefix, milliseconds in hex, 40 random bits. Ids sort as the wall clock went; what came
    later is not to be told from them."""
    return f"{prefix}_{int(now * 1000):0{_MILLISECOND_DIGITS}x}{secrets.token_hex(5)}"
