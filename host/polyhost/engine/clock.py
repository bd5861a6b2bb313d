"""The engine's clock and identifiers, in one place so that tests can hold them still.

Must not know: what is timed or named.
"""

from __future__ import annotations

import secrets
import time

from polyhost.instants import iso_from_seconds

__all__ = ["Clock", "new_id"]


class Clock:
    """Wall-clock time. Replaced whole in tests; nothing else in the engine reads the time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def iso(self) -> str:
        """Now, as ISO 8601 UTC with milliseconds."""
        return iso_from_seconds(self.now())


def new_id(prefix: str, now: float) -> str:
    """An id that sorts by time: prefix, milliseconds in hex, 40 random bits."""
    return f"{prefix}_{int(now * 1000):011x}{secrets.token_hex(5)}"
