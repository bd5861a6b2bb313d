"""The heads of HTTP messages that pass through: where a request wants to go, and how it is passed on.

A request in absolute form is answered on a connection of its own, so that no second one, to another host, can follow it
there: both heads are rewritten to say that it closes.

Owns: reading and rewriting heads. Pure. Must not know: sockets, who may be reached.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from polyhost.proxy.policy import Destination

__all__ = ["MAX_HEAD", "Asked", "is_interim", "read_request", "rewritten_answer"]

MAX_HEAD = 256 * 1024
"""Bytes of a head: what Chromium takes of an answer's."""
_LINE = re.compile(rb"([!-~]{1,32}) ([!-~]{1,65536}) HTTP/1\.[01]\Z")
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?: [^\r\n\x00]*)?\Z")
_AUTHORITY = re.compile(rb"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):(?P<port>[0-9]{1,5})\Z")
_ABSOLUTE = re.compile(
    rb"[Hh][Tt][Tt][Pp]://(?P<authority>(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(?P<port>[0-9]{1,5}))?)"
    rb"(?P<path>[/?].*)?\Z"
)
_MAX_PORT = 65_535
_ODD = re.compile(rb"[\r\n\x00]|^[ \t]")
"""What servers read differently: half a line break, or a line that goes on."""
_HOP = frozenset({b"connection", b"proxy-connection", b"keep-alive", b"proxy-authorization", b"te", b"upgrade"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request's head, read. `forward`: what is sent on instead; None: it asks for a tunnel."""

    to: Destination
    forward: bytes | None = None


def read_request(head: bytes) -> Asked | None:
    """`head`: up to the empty line, without it. None for whatever is no request to a proxy."""
    line, *headers = head.split(b"\r\n")
    if any(_ODD.search(header) for header in headers):
        return None
    match = _LINE.match(line)
    if match is None:
        return None
    method, target = match[1], match[2]
    if method == b"CONNECT":
        authority = _AUTHORITY.match(target)
        to = None if authority is None else _destination(authority["host"], int(authority["port"]), None)
        return None if to is None else Asked(to)
    absolute = _ABSOLUTE.match(target)
    if absolute is None:
        return None
    to = _destination(absolute["host"], int(absolute["port"] or 80), False)
    if to is None:
        return None
    path = absolute["path"] or b"/"
    path = path if path.startswith(b"/") else b"/" + path
    kept = [header for header in _kept(headers) if _name(header) != b"host"]
    first = b"%s %s HTTP/1.1" % (method, path)
    lines = [first, b"Host: " + absolute["authority"], *kept, b"Connection: close"]
    return Asked(to, b"\r\n".join(lines) + b"\r\n\r\n")


def is_interim(head: bytes) -> bool:
    """Whether another head follows this answer's: 100 Continue, 103 Early Hints."""
    status = _STATUS.match(head.split(b"\r\n", 1)[0])
    return status is not None and status[1].startswith(b"1")


def rewritten_answer(head: bytes) -> bytes | None:
    """An answer's head as it is passed on; None where it is none."""
    line, *headers = head.split(b"\r\n")
    if _STATUS.match(line) is None:
        return None
    return b"\r\n".join([line, *_kept(headers), b"Connection: close"]) + b"\r\n\r\n"


def _destination(host: bytes, port: int, secure: bool | None) -> Destination | None:
    name = host.decode("ascii").lower().removesuffix(".")
    return Destination(name, port, secure) if name and 0 < port <= _MAX_PORT else None


def _kept(headers: list[bytes]) -> list[bytes]:
    return [header for header in headers if header and _name(header) not in _HOP]


def _name(header: bytes) -> bytes:
    return header.partition(b":")[0].strip().lower()
