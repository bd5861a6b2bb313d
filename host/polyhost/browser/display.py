"""Whether a window can be shown on this machine.

Owns: how each platform tells, and what an owner without a screen is told. Must not know: what the window is for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from polyhost.errors import ErrorCode, RefusedError

__all__ = ["display_flags", "has_display", "no_display"]


def has_display(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Only Linux and its like run without one often enough to ask."""
    if platform in ("darwin", "win32"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def display_flags(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """What Chromium has to be told where there is Wayland and no X server."""
    if environment.get("WAYLAND_DISPLAY") and not environment.get("DISPLAY"):
        return ("--ozone-platform=wayland",)
    return ()


def no_display(instruction: str) -> RefusedError:
    """There is no screen here (or the one that is named does not answer)."""
    return RefusedError("There is no display here to open a window on", instruction, code=ErrorCode.NO_DISPLAY)
