"""The folder in which processes of one owner reach each other: nobody else can listen there, or connect.

Owns: where it is, that it is its owner's alone, and how a socket comes into it. Must not know: what is said over one. A
socket's path may be some hundred bytes long at most; a home that is deeper has its sockets in a folder of the same
owner's under the system's temporary one.
"""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import tempfile
from pathlib import Path

from polyhost.errors import ErrorCode, RunFailedError

__all__ = ["MAX_PATH_BYTES", "listen_at", "socket_folder"]

MAX_PATH_BYTES = 100
"""macOS takes 103 bytes, Linux 107."""
_LONGEST_NAME = len("/run_0123456789a0123456789.sock") + 16
_OWNER_ONLY = 0o700


def socket_folder(home: Path, *, make: bool = True) -> Path:
    """The folder, made where there is none, if it is to be. RunFailedError `unsafe_sockets` where somebody else could
    put a socket there; OSError where there is none."""
    folder = home / "sockets"
    if len(os.fsencode(folder)) + _LONGEST_NAME > MAX_PATH_BYTES:
        short = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"polyhost-{os.getuid()}-{short}"
    if make:
        folder.mkdir(mode=_OWNER_ONLY, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise RunFailedError(f"{folder} belongs to somebody else", "Remove it.", code=ErrorCode.UNSAFE_SOCKETS)
    folder.chmod(_OWNER_ONLY)
    return folder


def listen_at(path: Path) -> socket.socket:
    """A socket that accepts connections as soon as it is there; whatever was there before is gone. OSError."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        unheard = path.with_suffix(".new")  # whoever finds a socket at which nobody listens takes it away
        unheard.unlink(missing_ok=True)
        listening.bind(str(unheard))
        unheard.chmod(0o600)
        listening.listen()
        unheard.rename(path)
    except BaseException:
        listening.close()
        raise
    listening.setblocking(False)
    return listening
