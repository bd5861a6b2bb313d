"""Swap two directories in one step, where the system can: nobody ever finds neither.

Owns: the calls of Linux and of macOS, which Python has no name for. Must not know: what is in a directory.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

__all__ = ["exchange"]

_HERE = -100
"""Linux: a path is looked up from the working directory."""
_SWAP = 2
"""RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS."""
_CANNOT = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})


def exchange(one: Path, other: Path) -> bool:
    """Both are there, on one file system, and each has the other's name afterwards. False, and nothing done, where the
    system or the file system cannot; OSError as `rename` raises it."""
    library = ctypes.CDLL(None, use_errno=True)
    paths = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "darwin":
            failed = library.renamex_np(*paths, ctypes.c_uint(_SWAP))
        else:
            failed = library.renameat2(_HERE, paths[0], _HERE, paths[1], ctypes.c_uint(_SWAP))
    except AttributeError:  # an older system's library
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(other))
