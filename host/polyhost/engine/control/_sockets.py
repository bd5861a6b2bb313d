"""Where a run's socket is: one per run in the home, so that a server sees and answers runs of other processes.

Owns: paths and permissions of these sockets, and removing those whose process is gone. Must not know: what is said over
one. A socket's path may be some hundred bytes long at most; a home that is deeper has its sockets in a folder of the
same owner's under the system's temporary one.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from polyhost.errors import ErrorCode, RunFailedError

__all__ = ["is_run_id", "remove", "run_of", "socket_folder", "socket_path"]

MAX_PATH_BYTES = 100
"""macOS takes 103 bytes, Linux 107."""
_LONGEST_NAME = len("/run_0123456789a0123456789.sock") + 16
_NAME = re.compile(r"(run_[0-9a-f]{1,40})\.sock")
_OWNER_ONLY = 0o700


def socket_folder(home: Path) -> Path:
    """The folder, made where there is none. RunFailedError `unsafe_sockets` where somebody else could put one there."""
    folder = home / "sockets"
    if len(os.fsencode(folder)) + _LONGEST_NAME > MAX_PATH_BYTES:
        short = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"polyhost-{os.getuid()}-{short}"
    folder.mkdir(mode=_OWNER_ONLY, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise RunFailedError(f"{folder} belongs to somebody else", "Remove it.", code=ErrorCode.UNSAFE_SOCKETS)
    folder.chmod(_OWNER_ONLY)
    return folder


def socket_path(home: Path, run_id: str) -> Path:
    """Where this run listens."""
    return socket_folder(home) / f"{run_id}.sock"


def run_of(path: Path) -> str | None:
    """Whose socket it is; None where the name is not a run's."""
    found = _NAME.fullmatch(path.name)
    return None if found is None else found[1]


def is_run_id(text: str) -> bool:
    """Whether a run could be called that: what is not a name of a run leads to no file."""
    return _NAME.fullmatch(f"{text}.sock") is not None


def remove(path: Path) -> None:
    """A socket nobody listens at."""
    path.unlink(missing_ok=True)
