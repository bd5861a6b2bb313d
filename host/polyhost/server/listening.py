"""The one port a server answers at, of this machine alone: nobody else's machine reaches it.

Owns: its sockets, and answering on them until the block is left. Must not know: what is answered.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

from aiohttp import web

from polyhost.errors import ErrorCode, RefusedError
from polyhost.server.connections import Connections
from polyhost.server.door import HEAD_SECONDS, DoorRunner

__all__ = ["CLOSE_SECONDS", "Listening", "answering", "listening"]

ADDRESS, ADDRESS_6 = "127.0.0.1", "::1"
CLOSE_SECONDS = 2.0
"""How long open answers have to end; an event stream never does by itself."""

_TRIES = 16
"""Ports to try where any will do: one that is free at one address may be taken at the other."""
_BACKLOG = 1024
"""Connections that may wait to be accepted: a thousand event streams come back at once after a pause."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Sockets that accept connections, and where. `also`: the same port of the other loopback address, `::1`: browsers
    try it first for a name below localhost, and whoever else listened there would be sent the dashboard's cookie. None
    where the machine has no such address."""

    socket: socket.socket
    also: socket.socket | None
    port: int

    @property
    def address(self) -> str:
        """Host and port, as they stand in a URL."""
        return f"{ADDRESS}:{self.port}"


@contextmanager
def listening(port: int) -> Generator[Listening]:
    """Listen inside the block; 0: at any port that is free. RefusedError `port_taken`."""
    with ExitStack() as stack:
        made = _both(stack, port)
        for _ in range(_TRIES):
            if made is not None or port != 0:
                break
            made = _both(stack, port)
        if made is None:
            raise _taken(port)
        yield made


def _both(stack: ExitStack, port: int) -> Listening | None:
    """Listening until the stack is left; None where somebody else has the port at `::1`."""
    with ExitStack() as attempt:
        made = _bound(attempt, socket.AF_INET, ADDRESS, port)
        number: int = made.getsockname()[1]
        try:
            also = _bound(attempt, socket.AF_INET6, ADDRESS_6, number)
        except RefusedError as error:
            if error.code == ErrorCode.PORT_TAKEN:
                return None
            also = None
        stack.push(attempt.pop_all())
    return Listening(made, also, number)


def _bound(stack: ExitStack, family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    """A socket that listens until the stack is left."""
    try:
        made = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
        made.listen(_BACKLOG)  # whoever bound it at the same moment, and listens already, is met only here
    except OSError as error:
        raise _refusal(port, error) from None
    made.setblocking(False)
    return made


def _refusal(port: int, error: OSError) -> RefusedError:
    if error.errno != errno.EADDRINUSE:
        return RefusedError(f"port {port} cannot be used: {error.strerror}", "Choose another --port.")
    return _taken(port)


def _taken(port: int) -> RefusedError:
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
    own: socket.socket | None = None,
) -> AsyncGenerator[None]:
    """Answer inside the block, also at `own`, a socket that listens. `close`: how many seconds open answers have once
    it is left. `head`: how many a request has until its head is complete. `connections`: who may stay connected."""
    runner = DoorRunner(app, connections=connections or Connections(), head=head, shutdown_timeout=close)
    await runner.setup()
    try:
        for one in filter(None, (at.socket, at.also, own)):
            await web.SockSite(runner, one).start()
        yield
    finally:
        await runner.cleanup()
