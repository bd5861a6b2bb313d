"""Who decides when a connection runs.

Owns: the closed list. Must not know: what is due, who starts it. Light: descriptions of commands and routes name it.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Mode"]


class Mode(StrEnum):
    """What the owner wants: what the manifest recommends, only their own runs, or runs at an interval of their own."""

    DEFAULT = "default"
    MANUAL = "manual"
    AUTOMATIC = "automatic"
