"""The proxy: what a browser has instead of a network.

A browser asks for a tunnel (`CONNECT host:port`, for everything over TLS and every socket) or, over plain HTTP, for a
whole URL. The name is decided on first; then it is looked up, once, every address is judged, and one of the judged
addresses is connected to: no second look-up can answer differently. A redirect is a request like any other.

It listens on a loopback port of its own, or on sockets it is handed, which may stand in another network namespace.

Owns: accepting, the order of the decisions, bounds, ending what is open. Must not know: browsers, manifests.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from polyhost.protocol.addresses import Address
from polyhost.proxy.authority import OwnAuthority
from polyhost.proxy.heads import MAX_HEAD, Asked, is_interim, read_request, rewritten_answer
from polyhost.proxy.network import Network
from polyhost.proxy.peers import is_own_account
from polyhost.proxy.policy import Attempt, Destination, Policy, Verdict
from polyhost.proxy.tunnel import End, join

__all__ = ["MAX_CONNECTIONS", "Proxy", "serve"]

MAX_CONNECTIONS = 512
"""Open at a time; a browser opens 32 to a proxy, and 255 sockets."""
HEAD_SECONDS = 15.0
"""How long a request's head may take; the browser is on this machine."""
HANDSHAKE_SECONDS = 30.0
"""How long either half of a way that is checked here may take to agree on its keys."""
_END = b"\r\n\r\n"
_OPEN = b"HTTP/1.1 200 Connection established" + _END
_SHUT = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close" + _END
_REFUSED = {
    Verdict.UNDECLARED: b"403 Forbidden",
    Verdict.PRIVATE: b"403 Forbidden",
    Verdict.EXPOSED: b"403 Forbidden",
    Verdict.UNTRUSTED: b"502 Bad Gateway",
    Verdict.UNRESOLVED: b"502 Bad Gateway",
    Verdict.UNREACHABLE: b"504 Gateway Timeout",
}


class Proxy:
    """Serves until it is closed. `heard`: told of every attempt, refused or not. `authority`: an owner's own, where the
    certificates of some hosts are checked here."""

    def __init__(
        self,
        policy: Policy,
        *,
        heard: Callable[[Attempt], None] = lambda _: None,
        network: Network | None = None,
        own_account_only: bool = True,
        authority: OwnAuthority | None = None,
    ) -> None:
        self.heard = heard
        self.authority = authority
        self._policy = policy
        self._network = network or Network()
        self._own_account_only = own_account_only
        self._open: set[_FromBrowser] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: list[asyncio.Server] = []

    @property
    def port(self) -> int:
        """Where it listens on the loopback address."""
        return int(self._servers[0].sockets[0].getsockname()[1])

    async def start(self, sockets: Sequence[socket.socket] = ()) -> None:
        """Listen: on these sockets, or on a port of the loopback address that is free."""
        loop = asyncio.get_running_loop()
        if not sockets:
            self._servers.append(await loop.create_server(lambda: _FromBrowser(self), "127.0.0.1", 0))
        for listening in sockets:
            self._servers.append(await loop.create_server(lambda: _FromBrowser(self), sock=listening))

    async def close(self) -> None:
        """Listen no more, and end what is open at once."""
        for server in self._servers:
            server.close()
        for connection in [*self._open]:
            connection.abort()
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def admit(self, connection: _FromBrowser) -> bool:
        """Whether this connection is not one too many."""
        if len(self._open) >= MAX_CONNECTIONS:
            return False
        self._open.add(connection)
        return True

    async def is_owners(self, transport: asyncio.Transport) -> bool:
        """Whether it is one of the owner's own programs: in a thread, for the kernel writes a table of all connections
        of the machine for it."""
        if not self._own_account_only:
            return True
        try:
            return await asyncio.to_thread(is_own_account, transport.get_extra_info("socket"))
        except OSError:  # it has ended meanwhile
            return False

    def forget(self, connection: _FromBrowser) -> None:
        self._open.discard(connection)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def dial(self, to: Destination) -> socket.socket | Verdict:
        """A connection to where this destination may be reached, or why there is none."""
        outcome = await self._dialled(to)
        verdict = outcome if isinstance(outcome, Verdict) else Verdict.ALLOWED
        try:
            self.heard(Attempt(to.host, to.port, verdict))
        except BaseException:
            if isinstance(outcome, socket.socket):
                outcome.close()
            raise
        return outcome

    async def _dialled(self, to: Destination) -> socket.socket | Verdict:
        if not self._policy.may_look_up(to):
            return Verdict.UNDECLARED
        mapped = self._policy.mapped_to(to)
        if mapped is not None:
            return await self._connected(await self._network.addresses(mapped[0]), mapped[1])
        try:
            found = await self._network.addresses(to.host)
        except (OSError, TimeoutError, UnicodeError, ValueError):
            return Verdict.UNRESOLVED
        allowed = [address for address in found if self._policy.may_connect(to, address)]
        if found and not allowed:
            return self._policy.why_not(to)
        return await self._connected(allowed, to.port) if allowed else Verdict.UNRESOLVED

    async def _connected(self, addresses: Sequence[Address], port: int) -> socket.socket | Verdict:
        try:
            return await self._network.connect(addresses, port)
        except (OSError, TimeoutError):
            return Verdict.UNREACHABLE


class _FromBrowser(End):
    """A connection of the browser: a head first, then whatever goes through."""

    def __init__(self, proxy: Proxy) -> None:
        super().__init__()
        self._proxy = proxy
        self._head = bytearray()
        self._judging: asyncio.Task[None] | None = None
        self._reaching: asyncio.Task[None] | None = None
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None  # noqa: S101  just set
        if self._proxy.admit(self):
            self._patience = asyncio.get_running_loop().call_later(HEAD_SECONDS, self.abort)
            self._judging = self._proxy.spawn(self._turn_others_away(self.transport))
        else:
            self.abort()

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            super().data_received(data)
            return
        self._head += data
        end = self._head.find(_END)
        if end < 0 and len(self._head) <= MAX_HEAD:
            return
        asked = read_request(bytes(self._head[:end])) if 0 <= end <= MAX_HEAD else None
        if asked is None or self._reaching is not None or self.transport is None:
            self.abort()
            return
        if self._patience is not None:
            self._patience.cancel()
        self.transport.pause_reading()  # until there is somebody to read it
        self._reaching = self._proxy.spawn(self._reach(asked, bytes(self._head[end + len(_END) :])))
        self._head.clear()

    def eof_received(self) -> bool:
        return super().eof_received() if self.other is not None else False

    def connection_lost(self, exc: Exception | None) -> None:
        self._proxy.forget(self)
        if self._patience is not None:
            self._patience.cancel()
        for task in (self._judging, self._reaching):
            if task is not None:
                task.cancel()
        super().connection_lost(exc)

    async def _turn_others_away(self, transport: asyncio.Transport) -> None:
        """While the head arrives: nothing is done for it before, and it takes no place of the owner's for long."""
        is_owners = False
        try:
            is_owners = await self._proxy.is_owners(transport)
        finally:
            if not is_owners:
                self.abort()

    async def _reach(self, asked: Asked, rest: bytes) -> None:
        """Whatever goes wrong ends the connection: it would stay open for ever, one of a bounded number."""
        try:
            if self._judging is not None:
                await self._judging
            if self.transport is None or self.transport.is_closing():
                return
            reached = await self._proxy.dial(asked.to)
            authority = self._proxy.authority
            if isinstance(reached, Verdict):
                self._refuse(reached, asked)
            elif asked.forward is None and authority is not None and authority.covers(asked.to):
                await self._pass_checked(reached, asked, authority, rest)
            else:
                await self._pass_through(reached, asked, rest)
        except BaseException:
            self.abort()
            raise

    async def _pass_through(self, reached: socket.socket, asked: Asked, rest: bytes) -> None:
        try:
            end = End() if asked.forward is None else _PlainAnswer()
            join(self, end)  # before anything can arrive: a server may speak first
            if asked.forward is None:
                self.send(_OPEN)
            await asyncio.get_running_loop().create_connection(lambda: end, sock=reached)
        except BaseException:
            reached.close()
            raise
        end.send((asked.forward or b"") + rest)
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    async def _pass_checked(self, reached: socket.socket, asked: Asked, authority: OwnAuthority, rest: bytes) -> None:
        """The server's certificate is checked before the browser hears that there is anybody; then both halves are
        TLS of their own, and what is said passes from one to the other."""
        end, loop = End(), asyncio.get_running_loop()
        try:
            join(self, end)
            name = asked.to.host.strip("[]")
            await loop.create_connection(
                lambda: end,
                sock=reached,
                ssl=authority.outside,
                server_hostname=name,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
            )
        except (OSError, ssl.SSLError):
            reached.close()
            self.other = end.other = None
            self._proxy.heard(Attempt(asked.to.host, asked.to.port, Verdict.UNTRUSTED))
            self._refuse(Verdict.UNTRUSTED, asked)
            return
        except BaseException:
            reached.close()
            raise
        if end.transport is not None:
            end.transport.pause_reading()  # until there is a key that it may be read with
        transport = self.transport
        if rest or transport is None or transport.is_closing():  # nobody speaks before they are let through
            self.abort()
            return
        self.send(_OPEN)
        within = await loop.start_tls(
            transport, self, authority.inside, server_side=True, ssl_handshake_timeout=HANDSHAKE_SECONDS
        )
        if within is None:
            self.abort()
        else:
            super().connection_made(within)
            self.resume_writing()

    def _refuse(self, verdict: Verdict, asked: Asked) -> None:
        """A tunnel is refused with a status, which no page sees. Over plain HTTP a status would be an answer of the
        site, so that is closed without a word."""
        if asked.forward is None:
            self.send(_SHUT % _REFUSED[verdict])
        self.leave()


class _PlainAnswer(End):
    """A server that answers over plain HTTP: its heads say that the connection closes, so that no request follows."""

    def __init__(self) -> None:
        super().__init__()
        self._head: bytearray | None = bytearray()

    def data_received(self, data: bytes) -> None:
        while self._head is not None:
            self._head += data
            end = self._head.find(_END)
            if end < 0 and len(self._head) <= MAX_HEAD:
                return
            head = bytes(self._head[:end])
            passed_on = rewritten_answer(head) if 0 <= end <= MAX_HEAD else None
            if passed_on is None or self.other is None:
                self.abort()
                return
            self.other.send(passed_on)
            data = bytes(self._head[end + len(_END) :])
            self._head = bytearray() if is_interim(head) else None
        if data:
            super().data_received(data)


@asynccontextmanager
async def serve(policy: Policy, **more: Any) -> AsyncGenerator[Proxy]:
    """A proxy on a free port of the loopback address, as long as this lasts."""
    proxy = Proxy(policy, **more)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()
