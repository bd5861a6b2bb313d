"""Whose program is at the other end of a connection on this machine.

The proxy asks for no password: a browser could be given one only through an interception of all of its requests. On
Linux the kernel says instead which account a connection belongs to, and others are turned away. Elsewhere it does not
say it; there another account of the machine could reach the declared hosts, with nothing of the owner's.

Asked for one connection, it answers at once, however many there are. Where it cannot be asked so, or does not know of
this one, its table of all of them decides, which takes the longer the more of them there are: ended ones stay in it for
a minute.

Owns: asking the kernel. Must not know: what the connection is for.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from pathlib import Path

__all__ = ["is_own_account"]

_TABLE = Path("/proc/net/tcp")
_LOCAL, _REMOTE, _ACCOUNT, _FILE = 1, 2, 7, 9
"""Columns of the kernel's table of connections."""
_CLOSED = 0
"""The file of a connection that nobody has open any more: the kernel has forgotten whose it was, and says root's."""

_NETLINK_SOCK_DIAG = 4
_BY_FAMILY, _REQUEST = 20, 1
"""Of sock_diag(7): the kind of a message, and its flag."""
_HEADER = struct.Struct("=LHHLL")
_ASKED = struct.Struct("=BBBxL2s2s4s12x4s12xL8x")
"""struct inet_diag_req_v2: a family, a protocol, states, and which connection: its ends as the network writes them."""
_TOLD = struct.Struct("=BBBB2s2s4s12x4s12xL8xLLLLL")
"""struct inet_diag_msg: the same connection, and at the end its account and its file."""
_ALL_STATES = 0xFFFF_FFFF
_ANY_COOKIE = b"\xff" * 8
_ANSWER_BYTES = 4_096
_ANSWER_SECONDS = 1.0


def is_own_account(accepted: socket.socket) -> bool:
    """Whether the other end of this accepted connection is of the account this process runs as, or root's."""
    if not sys.platform.startswith("linux") or accepted.family != socket.AF_INET:
        return True
    theirs, ours = accepted.getpeername(), accepted.getsockname()
    try:
        found = _asked_for(theirs, ours) or _looked_up(theirs, ours)
    except OSError:
        return True  # a system that hides it; docs/bridge.md says what that leaves open
    if found is None:
        return False
    account, file = found
    return file != _CLOSED and account in (os.geteuid(), 0)


def _asked_for(theirs: tuple[str, int], ours: tuple[str, int]) -> tuple[int, int] | None:
    """The account and the file of this one connection; None where that does not tell."""
    ends = (theirs[1].to_bytes(2), ours[1].to_bytes(2), socket.inet_aton(theirs[0]), socket.inet_aton(ours[0]))
    asked = _ASKED.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, _ALL_STATES, *ends, 0)[: -len(_ANY_COOKIE)] + _ANY_COOKIE
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG) as kernel:
            kernel.settimeout(_ANSWER_SECONDS)
            kernel.sendto(_HEADER.pack(_HEADER.size + len(asked), _BY_FAMILY, _REQUEST, 1, 0) + asked, (0, 0))
            answer = kernel.recv(_ANSWER_BYTES)
    except OSError:
        return None
    if len(answer) < _HEADER.size + _TOLD.size or _HEADER.unpack_from(answer)[1] != _BY_FAMILY:
        return None
    told = _TOLD.unpack_from(answer, _HEADER.size)
    return (told[-2], told[-1]) if told[4:8] == ends else None  # else one that listens at that port


def _looked_up(theirs: tuple[str, int], ours: tuple[str, int]) -> tuple[int, int] | None:
    """The same out of the table; None where it is not in it. OSError where there is no table."""
    ends = (_written(theirs), _written(ours))
    for line in _TABLE.read_text(encoding="ascii").splitlines()[1:]:
        columns = line.split(maxsplit=_FILE + 1)
        if (columns[_LOCAL], columns[_REMOTE]) == ends:
            return int(columns[_ACCOUNT]), int(columns[_FILE])
    return None


def _written(address: tuple[str, int]) -> str:
    """As the table has it: the address as a number in the machine's own byte order, and the port, in hexadecimal."""
    number = int.from_bytes(socket.inet_aton(address[0]), sys.byteorder)
    return f"{number:08X}:{address[1]:04X}"
