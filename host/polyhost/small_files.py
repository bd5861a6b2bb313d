"""Files that an owner hands over, of a kind that is small: read whole, in bounded memory and time, whatever they are.

A path may name a pipe (`<(pass show slack)` in a shell), a device, or a pipe that nobody writes to. Must not know: what
a file holds.
"""

from __future__ import annotations

import errno
import os
import select
import time
from codecs import BOM_UTF8
from pathlib import Path

__all__ = ["A_FILE_SECONDS", "A_PERSON_SECONDS", "TooLargeError", "read_small_file"]

A_FILE_SECONDS = 5.0
"""For what is no more than a file."""
A_PERSON_SECONDS = 60.0
"""For what an owner may have to type a passphrase for first."""
_AT_ONCE = 1 << 16


class TooLargeError(Exception):
    """There is more than was allowed for."""


def read_small_file(path: Path, limit: int, *, patience: float) -> bytes:
    """All of it, `limit` bytes at most, without the byte-order mark that some programs put before a text. TooLargeError
    where there is more; OSError as `open` raises it, and for a pipe that has not ended after `patience` seconds."""
    until = time.monotonic() + patience
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        found = bytearray()
        while chunk := _next(handle, until):
            found += chunk
            if len(found) > limit:
                raise TooLargeError
        return bytes(found).removeprefix(BOM_UTF8)
    except TimeoutError:
        raise OSError(errno.ETIMEDOUT, f"it has not ended after {patience:g} s", str(path)) from None
    finally:
        os.close(handle)


def _next(handle: int, until: float) -> bytes:
    ready = select.poll()
    ready.register(handle, select.POLLIN)
    left = until - time.monotonic()
    if left <= 0 or not ready.poll(left * 1000):
        raise TimeoutError
    return os.read(handle, _AT_ONCE)
