"""The engine's clock and identifiers, in one place so that tests can hold them still.

Must not know: what is timed or named.
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime

__all__ = ["Clock", "iso", "new_id"]


class Clock:
    """Wall-clock time. Replaced whole in tests; nothing else in the engine reads the time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def iso(self) -> str:
        """Now, as ISO 8601 UTC with milliseconds."""
        return iso(self.now())


def iso(seconds: float) -> str:
    """A moment as ISO 8601 UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id(prefix: str, now: float) -> str:
    """An id that sorts by time: prefix, milliseconds in hex, 40 random bits."""
    return f"{prefix}_{int(now * 1000):011x}{secrets.token_hex(5)}"
