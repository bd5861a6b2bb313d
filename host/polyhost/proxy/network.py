"""The network as the proxy uses it: names to addresses, and a socket to one of these addresses.

Owns: looking up, and connecting to exactly the addresses it is given. Must not know: who may be reached, HTTP.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial

from aiohappyeyeballs import start_connection

from polyhost.protocol.addresses import Address

__all__ = ["Network"]

LOOK_UP_SECONDS = 15.0
CONNECT_SECONDS = 30.0
LOOK_UPS_AT_ONCE = 32
"""Each takes a thread, as long as the resolver takes, also where nobody waits any more."""
_NEXT_ADDRESS_SECONDS = 0.25
"""After so long a next address is tried beside the first, as browsers do."""
_THIS_MACHINE: tuple[Address, ...] = (ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1"))


class Network:
    """The machine's own resolver and network. A test has one with names and addresses of its own."""

    @cached_property
    def _resolving(self) -> ThreadPoolExecutor:
        """Threads of its own: names that do not resolve keep waiting nothing else that this process does in threads."""
        return ThreadPoolExecutor(LOOK_UPS_AT_ONCE, thread_name_prefix="resolving")

    async def addresses(self, host: str) -> Sequence[Address]:
        """All addresses of a name, or the one that it is. OSError or TimeoutError where there is none."""
        literal = _literal(host)
        if literal is not None:
            return [literal]
        if host.rpartition(".")[2] == "localhost":  # never asked of a name server
            return _THIS_MACHINE
        async with asyncio.timeout(LOOK_UP_SECONDS):
            look_up = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
            found = await asyncio.get_running_loop().run_in_executor(self._resolving, look_up)
        return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]

    async def connect(self, addresses: Sequence[Address], port: int) -> socket.socket:
        """A connected socket to one of these addresses; no name is looked up any more. OSError or TimeoutError."""
        async with asyncio.timeout(CONNECT_SECONDS):
            return await start_connection(
                [_entry(address, port) for address in addresses], happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS
            )


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _entry(address: Address, port: int) -> tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]:
    if isinstance(address, ipaddress.IPv4Address):
        return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (str(address), port))
    return (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (str(address), port, 0, 0))
