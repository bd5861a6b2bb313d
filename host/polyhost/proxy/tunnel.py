"""Two connections that are one: whatever arrives at one end leaves at the other, and no faster than it is taken there.

Owns: the flow of bytes, backpressure, half-closing, the end of both. Must not know: HTTP, who may be reached.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from typing import cast

__all__ = ["BUFFER", "End", "join"]

BUFFER = 256 * 1024
"""Bytes that may wait to be taken at one end before the other is read no further."""
_AT_ONCE = struct.pack("ii", 1, 0)
LINGER_SECONDS = 60.0
"""How long the second half of a tunnel may stay open and silent once the first has ended."""


class End(asyncio.Protocol):
    """One end. Until it is joined to another, what arrives is the subclass's."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: End | None = None
        self._ended = False
        self._linger: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=BUFFER)

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.send(data)

    def send(self, data: bytes) -> None:
        """To whoever is at this end."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)
        self._touch()

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        """Pass the half-close on; the answer may still be on its way."""
        self._ended = True
        other = self.other
        if other is None or other.transport is None or other._ended or self._is_tls:
            return False
        if other.transport.can_write_eof() and not other.transport.is_closing():
            other.transport.write_eof()
        other.linger()
        return True

    @property
    def _is_tls(self) -> bool:
        """There is no half-close in TLS as it is used here: whoever has no more to say is gone."""
        return self.transport is not None and self.transport.get_extra_info("sslcontext") is not None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._linger is not None:
            self._linger.cancel()
        other, self.other = self.other, None
        if other is not None:
            other.other = None
            other.leave(broken=exc is not None)

    def linger(self) -> None:
        """The other side has no more to say; give this one its time."""
        if self._linger is not None:
            self._linger.cancel()
        self._linger = asyncio.get_running_loop().call_later(LINGER_SECONDS, self.abort)

    def leave(self, *, broken: bool = False) -> None:
        """Close once everything is taken; at once, and so that it shows, where the other end broke."""
        if broken:
            self.abort()
        elif self.transport is not None:
            self.linger()
            self.transport.close()

    def abort(self) -> None:
        """Break it off, so that nobody takes what has passed for the whole: a close in order would look like an end."""
        if self.transport is not None and not self.transport.is_closing():
            with suppress(OSError):
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        if self.transport is not None:
            self.transport.abort()

    def _touch(self) -> None:
        if self._linger is not None and self.transport is not None and not self.transport.is_closing():
            self.linger()


def join(one: End, two: End) -> None:
    """From now on the two are one; whatever was read before is handed over by the caller."""
    one.other, two.other = two, one
