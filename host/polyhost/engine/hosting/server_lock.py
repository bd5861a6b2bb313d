"""Whether somebody is there to start runs: a lock on a file in the home, held by the one scheduler.

Owns: that file. Must not know: what a scheduler does. The lock is the system's: it is gone with the process that holds
it, whatever way that went, so nobody has to be asked whether they are still alive.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["is_on_duty", "on_duty"]

_FILE = "scheduler.lock"
_OWNER_ONLY = 0o600


@contextmanager
def on_duty(home: Path) -> Generator[bool]:
    """Be the home's scheduler inside the block; False where another process is already."""
    handle = os.open(home / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        yield _locked(handle, fcntl.LOCK_EX)
    finally:
        os.close(handle)


def is_on_duty(home: Path) -> bool:
    """Whether a scheduler runs in this home, in whatever process."""
    try:
        handle = os.open(home / _FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _locked(handle, fcntl.LOCK_SH)
    finally:
        os.close(handle)


def _locked(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
