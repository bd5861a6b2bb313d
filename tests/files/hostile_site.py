"""A site on this machine that answers byte for byte what a test says, and keeps what it was asked.

Names have the addresses that a test gives them, and every address leads here: one server is any number of hosts.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from polyhost.protocol.addresses import Address
from polyhost.proxy import Network

PUBLIC = "93.184.216.34"


@dataclass
class Asked:
    """A request that came. `headers`: by their names in lower case."""

    host: str
    path: str
    headers: Mapping[str, str]


Answer = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Names(Network):
    """`names` by their addresses; every address is the server at `port`."""

    port: int
    names: dict[str, str] = field(default_factory=dict)

    async def addresses(self, host: str) -> Sequence[Address]:
        if host not in self.names:
            raise OSError("no such name")
        return [ipaddress.ip_address(self.names[host])]

    async def connect(self, addresses: Sequence[Address], port: int) -> socket.socket:
        return await super().connect([ipaddress.ip_address("127.0.0.1")], self.port)


@dataclass
class Site:
    """`answers` by path; `sent`: bytes of bodies without end."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    sent: int = 0
    port: int = 0
    answering: set[asyncio.Task[None]] = field(default_factory=set)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self.answer(reader, writer))
        self.answering.add(task)
        await asyncio.wait([task])
        self.answering.discard(task)

    async def end(self) -> None:
        """Nobody is answered any more."""
        for task in self.answering:
            task.cancel()
        await asyncio.gather(*self.answering, return_exceptions=True)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
            asked = Asked(headers["host"], head[0].split(" ")[1], headers)
            self.asked.append(asked)
            await self.answers[asked.path.partition("?")[0]](asked, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()
        self.sent += len(data)


def head(status: str = "200 OK", **headers: object) -> bytes:
    """An answer's head; in the names of headers a `_` is a `-`."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "Connection: close", "", ""]).encode()


def says(*parts: bytes) -> Answer:
    """Always these bytes."""

    async def answer(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(parts))
        await writer.drain()

    return answer


def file(data: bytes, **headers: object) -> Answer:
    return says(head(Content_Length=len(data), **headers), data)


def redirect(to: str, status: str = "302 Found") -> Answer:
    return says(head(status, Location=to, Content_Length=0))


def endless(site: Site, first: bytes, beginning: bytes = b"", piece: bytes = bytes(65_536)) -> Answer:
    """A head, a beginning, and then pieces until nobody takes them any more."""

    async def answer(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(first + beginning)
        while True:
            await site.send(writer, piece)

    return answer


@dataclass
class Ranged:
    """A file that can be gone on with. `cuts`: after how many bytes of each answer's body it breaks off, in turn."""

    data: bytes
    tag: str | None = '"1"'
    cuts: list[int] = field(default_factory=list)
    changed: str | None = None
    asked: list[str | None] = field(default_factory=list)

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        asked_range = asked.headers.get("range")
        self.asked.append(asked_range)
        named = {"ETag": self.tag, "Last_Modified": self.changed}
        more = {name: value for name, value in named.items() if value is not None}
        first = 0
        if asked_range is not None and asked.headers.get("if-range") in (self.tag, self.changed):
            first = int(asked_range.removeprefix("bytes=").removesuffix("-"))
            more["Content_Range"] = f"bytes {first}-{len(self.data) - 1}/{len(self.data)}"
        body = self.data[first:]
        writer.write(head("206 Partial Content" if first else "200 OK", Content_Length=len(body), **more))
        writer.write(body[: self.cuts.pop(0)] if self.cuts else body)
        await writer.drain()


@asynccontextmanager
async def serving(site: Site, tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    server = await asyncio.start_server(site.meet, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        await site.end()
