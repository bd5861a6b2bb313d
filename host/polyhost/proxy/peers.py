"""Whose program is at the other end of a connection on this machine.

The proxy asks for no password: a browser could be given one only through an interception of all of its requests. On
Linux the kernel says instead which account a connection belongs to, and others are turned away. Elsewhere it does not
say it; there another account of the machine could reach the declared hosts, with nothing of the owner's.

Owns: asking the kernel. Must not know: what the connection is for.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

__all__ = ["is_own_account"]

_TABLE = Path("/proc/net/tcp")
_LOCAL, _REMOTE, _ACCOUNT, _FILE = 1, 2, 7, 9
"""Columns of the kernel's table of connections."""
_CLOSED = "0"
"""The file of a connection that nobody has open any more: the kernel has forgotten whose it was, and says root's."""


def is_own_account(accepted: socket.socket) -> bool:
    """Whether the other end of this accepted connection is of the account this process runs as, or root's."""
    if not sys.platform.startswith("linux") or accepted.family != socket.AF_INET:
        return True
    theirs, ours = _written(accepted.getpeername()), _written(accepted.getsockname())
    try:
        table = _TABLE.read_text(encoding="ascii")
    except OSError:
        return True  # a system that hides it; docs/bridge.md says what that leaves open
    for line in table.splitlines()[1:]:
        columns = line.split(maxsplit=_FILE + 1)
        if (columns[_LOCAL], columns[_REMOTE]) == (theirs, ours):
            return columns[_FILE] != _CLOSED and int(columns[_ACCOUNT]) in (os.geteuid(), 0)
    return False


def _written(address: tuple[str, int]) -> str:
    """As the table has it: the address as a number in the machine's own byte order, and the port, in hexadecimal."""
    number = int.from_bytes(socket.inet_aton(address[0]), sys.byteorder)
    return f"{number:08X}:{address[1]:04X}"
