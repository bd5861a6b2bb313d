"""The one address a server answers at: a port of this machine that nobody else's machine reaches.

Owns: the socket, the names it has in a Host header, and answering on it until the block is left. Must not know: what is
answered.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from aiohttp import web

from polyhost.errors import ErrorCode, RefusedError
from polyhost.server.connections import Connections
from polyhost.server.door import HEAD_SECONDS, DoorRunner

__all__ = ["CLOSE_SECONDS", "Listening", "answering", "listening"]

ADDRESS = "127.0.0.1"
CLOSE_SECONDS = 2.0
"""How long open answers have to end; an event stream never does by itself."""

_NAMES = (ADDRESS, "localhost", "[::1]")
_BACKLOG = 1024
"""Connections that may wait to be accepted: a thousand event streams come back at once after a pause."""


@dataclass(frozen=True, slots=True)
class Listening:
    """A socket that accepts connections, and where."""

    socket: socket.socket
    port: int

    @property
    def address(self) -> str:
        """Host and port, as they stand in a URL."""
        return f"{ADDRESS}:{self.port}"

    @property
    def hosts(self) -> frozenset[str]:
        """What a Host header may say."""
        return frozenset(f"{name}:{self.port}" for name in _NAMES)


@contextmanager
def listening(port: int) -> Generator[Listening]:
    """Listen inside the block; 0: at any port that is free. RefusedError `port_taken`."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((ADDRESS, port))
        except OSError as error:
            raise _refusal(port, error) from None
        made.listen(_BACKLOG)
        made.setblocking(False)
        yield Listening(made, made.getsockname()[1])


def _refusal(port: int, error: OSError) -> RefusedError:
    if error.errno != errno.EADDRINUSE:
        return RefusedError(f"port {port} cannot be used: {error.strerror}", "Choose another --port.")
    return RefusedError(
        f"port {port} is taken",
        "Is polyhost serve running already? Or choose another --port.",
        code=ErrorCode.PORT_TAKEN,
    )


@asynccontextmanager
async def answering(
    app: web.Application,
    at: Listening,
    *,
    close: float = CLOSE_SECONDS,
    head: float = HEAD_SECONDS,
    connections: Connections | None = None,
) -> AsyncGenerator[None]:
    """Answer inside the block. `close`: how many seconds open answers have once it is left. `head`: how many a request
    has until its head is complete. `connections`: who may stay connected."""
    runner = DoorRunner(app, connections=connections or Connections(), head=head, shutdown_timeout=close)
    await runner.setup()
    try:
        await web.SockSite(runner, at.socket).start()
        yield
    finally:
        await runner.cleanup()
