"""Files that an owner hands over, of a kind that is small: read whole, in bounded memory and time, whatever they are.

A path may name a pipe (`<(pass show slack)` in a shell), a device, or a pipe that nobody writes to. Must not know: what
a file holds.
"""

from __future__ import annotations

import errno
import os
import select
from pathlib import Path

__all__ = ["TooLargeError", "read_small_file"]

PATIENCE_SECONDS = 5.0
"""How long a pipe may say nothing."""
_AT_ONCE = 1 << 16


class TooLargeError(Exception):
    """There is more than was allowed for."""


def read_small_file(path: Path, limit: int) -> bytes:
    """All of it, `limit` bytes at most. TooLargeError where there is more; OSError as `open` raises it, and for a pipe
    that says nothing for too long."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        found = bytearray()
        while chunk := _next(handle, path):
            found += chunk
            if len(found) > limit:
                raise TooLargeError
        return bytes(found)
    finally:
        os.close(handle)


def _next(handle: int, path: Path) -> bytes:
    ready = select.poll()
    ready.register(handle, select.POLLIN)
    if not ready.poll(PATIENCE_SECONDS * 1000):
        raise OSError(errno.ETIMEDOUT, f"nothing came of it for {PATIENCE_SECONDS:g} s", str(path))
    return os.read(handle, _AT_ONCE)
