"""What polyhost keeps is its owner's alone: no other account of the machine reads a home, or what is written from one.

Owns: the mode of a home, and of files that hold a secret. Must not know: what is in them. What a command writes besides
is nobody else's by its umask (`__main__`).
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from polyhost.errors import ErrorCode, RefusedError

__all__ = ["keep_home", "read_secret"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MARK = "store.db"
"""What only a home holds."""
_PARTS = frozenset(
    {"config.toml", "polyfills", "sessions", "session.key", "profiles", "traces", "keys", "token", "uploads", "files"}
)
"""What a home holds before it has a store: a folder with nothing else is one. Any other folder is left as it is."""


def keep_home(home: Path) -> None:
    """Make it where there is none, and close it to others where it is open. RefusedError where it holds something else
    besides, or where its file system keeps no permissions; OSError where it cannot be made or read."""
    home.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    found = home.stat()
    if not found.st_mode & _OTHERS:
        return
    if not _is_a_home(home, found):
        raise RefusedError(
            f"{home} can be read by other accounts of this machine, and is not a home of polyhost's",
            "Name an empty folder with --home, or one that is not there yet.",
            code=ErrorCode.HOME_READABLE,
        )
    home.chmod(stat.S_IRWXU)
    if home.stat().st_mode & _OTHERS:
        raise RefusedError(
            f"{home} can be read by other accounts of this machine, and its file system keeps no permissions",
            "Choose another --home, on a disk of this machine.",
            code=ErrorCode.HOME_READABLE,
        )


def _is_a_home(folder: Path, found: os.stat_result) -> bool:
    """Whether it is ours to close. A folder that everybody writes to (`/tmp`) never is."""
    if found.st_mode & stat.S_ISVTX or found.st_uid != os.geteuid() != 0:
        return False
    names = {path.name for path in folder.iterdir()}
    return _MARK in names or names <= _PARTS


def read_secret(path: Path, limit: int = 4096) -> bytes:
    """What a file holds that nobody else may know, as much of it as `limit` bytes. RefusedError where it is not a file
    of its own, but a link, or where others may read it: then they may have done so. OSError where it cannot be read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _no_secret(path) from None
        raise
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_mode & _OTHERS:
            raise _no_secret(path)
        return os.read(handle, limit)
    finally:
        os.close(handle)


def _no_secret(path: Path) -> RefusedError:
    return RefusedError(
        f"{path} is not a file that only its owner can read",
        "Delete it: a new one is made.",
        code=ErrorCode.BAD_TOKEN_FILE,
    )
