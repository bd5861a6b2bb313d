"""The door of the server: what is no request gets one answer, and leaves nothing of itself behind (SE-4)."""

import asyncio
import io
import json
import logging
import os
import signal
import socket
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from api.serving import connect_process
from fork_server import Forked, fork
from polyhost.api.gate import read_token
from polyhost.api.guards import ADMIT
from polyhost.server.connections import Connections
from polyhost.server.door import HEAD_SECONDS
from polyhost.server.listening import answering, listening
from polyhost.server.logs import log_as_json
from polyhost.server.malformed import Kind
from server.hostile import CASES, MARK, Hostile

pytestmark = pytest.mark.requirement("SE-4")

LONGEST = 60.0
"""Seconds anything may take: two shared cores are slow when they are full."""


@dataclass(slots=True)
class Watched:
    """The real process, with all that it says."""

    process: Forked
    port: int
    home: Path
    token: str
    said: bytearray = field(default_factory=bytearray)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def send(self, sent: bytes) -> tuple[int, dict[str, str], bytes]:
        """These very bytes, and the first answer to them. The connection is closed afterwards, by whomever."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(LONGEST):
                writer.write(sent.replace(b"{host}", self.host.encode()))
                answer = await read_answer(reader)
                if answer[0] == 400:
                    assert await _Quiet(reader).read() == b""
                return answer
        finally:
            writer.close()

    async def owner_is_served(self) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with (
            asyncio.timeout(LONGEST),
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"http://{self.host}/v1/connections") as answer,
        ):
            assert answer.status == 200

    async def ends(self) -> str:
        """All it has said."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(LONGEST):
            rest = await self.process.communicate()
        return (bytes(self.said) + b"".join(rest)).decode()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
    return int(head[0].split()[1]), headers, await reader.readexactly(int(headers["content-length"]))


@asynccontextmanager
async def watched(home: Path) -> AsyncGenerator[Watched]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = read_token(home)
    program = ["-m", "polyhost", "--home", str(home), "serve", "--port", str(port)]
    server = Watched(await fork(program, folder=home.parent, environment=os.environ), port, home, token)
    try:
        async with asyncio.timeout(LONGEST):
            while b"/login?" not in server.said:
                line = await server.process.stdout.readline()
                assert line, "it ended before it answered"
                server.said += line
        yield server
    finally:
        await server.process.end()


@pytest.mark.timeout(300)
async def test_what_a_hostile_client_sends_gets_one_answer_and_is_kept_nowhere(home: Path):
    await connect_process(home)
    async with watched(home) as server:
        for case in CASES:
            status, headers, body = await server.send(case.sent)
            is_refused_as_it_should(case, status, headers, body)
        await server.owner_is_served()
        said = await server.ends()
    log = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert MARK not in said
    assert {line["kind"] for line in log if "kind" in line} == {case.kind for case in CASES if case.kind}
    assert all(line.keys() == {"event", "kind", "count", "level", "timestamp"} for line in log if "kind" in line)
    assert any(line["event"] == "answered" and line["status"] == 200 for line in log)
    assert not [line for line in log if line["level"] == "error"]
    kept_nowhere(home)


def kept_nowhere(home: Path) -> None:
    files = [path for path in home.rglob("*") if path.is_file()]
    assert home / "store.db" in files
    assert [path for path in files if MARK.encode() in path.read_bytes()] == []


def is_refused_as_it_should(case: Hostile, status: int, headers: dict[str, str], body: bytes) -> None:
    assert status == case.status, (case.name, status, body)
    assert "server" not in headers, case.name
    assert headers["x-content-type-options"] == "nosniff", case.name
    assert "default-src 'none'" in headers["content-security-policy"], case.name
    assert headers["cache-control"] == "no-store", case.name
    assert MARK not in f"{headers}{body}", case.name
    if case.kind is not None or "login" not in case.sent.decode("latin-1"):
        assert headers["content-type"] == "application/problem+json", case.name
        problem = json.loads(body)
        assert (problem["status"], problem["code"] == "bad_request") == (status, case.kind is not None), case.name


@pytest.mark.timeout(300)
async def test_300_half_open_connections_do_not_lock_the_owner_out(home: Path):
    """Attacker and owner are both 127.0.0.1, so nothing but the token tells them apart."""
    await connect_process(home)
    async with watched(home) as server, AsyncExitStack() as stack:
        event_stream = await stack.enter_async_context(aiohttp.ClientSession())
        headers = {"Authorization": f"Bearer {server.token}"}
        url = f"http://{server.host}/v1/connections"
        first = await stack.enter_async_context(event_stream.get(url, headers=headers))
        held = [await half_open(stack, server.port) for _ in range(300)]
        await server.owner_is_served()
        async with asyncio.timeout(LONGEST):  # none of them stays, for they all are too slow
            assert [await reader.read() for reader in held] == [b""] * 300
        assert first.status == 200
        await first.read()
        async with event_stream.get(url, headers=headers) as again:  # on the connection that was the owner's before
            assert again.status == 200
        said = await server.ends()
    assert '"kind": "unfinished"' in said
    assert MARK not in said


async def half_open(stack: AsyncExitStack, port: int) -> asyncio.StreamReader:
    """A request that never ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.close)
    writer.write(f"GET / HTTP/1.1\r\nX-A: {MARK}".encode())
    return _Quiet(reader)  # type: ignore[return-value]


class _Quiet:
    """A connection that was reset has said as much as one that was closed: nothing."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def read(self) -> bytes:
        try:
            return await self._reader.read()
        except ConnectionResetError:
            return b""


class Noting(Connections):
    """Notes kinds where a test can see them."""

    def __init__(self, **bounds: int) -> None:
        super().__init__(**bounds)
        self.kinds: list[str] = []

    def note(self, kind: Kind) -> None:
        self.kinds.append(str(kind))
        super().note(kind)


@dataclass(slots=True)
class Small:
    """A small application behind the door, in this process."""

    port: int
    connections: Noting
    reading: asyncio.Event
    """Set once a request's body is read."""

    async def opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@asynccontextmanager
async def small(*, head: float = HEAD_SECONDS, **bounds: int) -> AsyncGenerator[Small]:
    async def echo(request: web.Request) -> web.Response:
        if "Authorization" in request.headers:
            request[ADMIT]()
        reading.set()
        return web.Response(body=await request.read())

    async def broken(request: web.Request) -> web.Response:
        raise ValueError(request.query["code"])

    app = web.Application()
    app.router.add_route("*", "/", echo)
    app.router.add_get("/broken", broken)
    connections, reading = Noting(**bounds), asyncio.Event()
    with listening(0) as at:
        async with answering(app, at, close=0.1, head=head, connections=connections):
            yield Small(at.port, connections, reading)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root, ours = logging.getLogger(), logging.getLogger("polyhost")
    before = root.handlers[:], root.level, ours.level
    stream = io.StringIO()
    log_as_json(stream)
    yield stream
    root.handlers[:], level, own = before
    root.setLevel(level)
    ours.setLevel(own)


async def test_a_body_that_turns_out_to_be_none_is_refused_once_and_its_connection_closed():
    async with small() as served:
        reader, writer = await served.opened()
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        await asyncio.wait_for(served.reading.wait(), LONGEST)
        writer.write(f"{MARK}\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        async with asyncio.timeout(LONGEST):
            told = await reader.read()
        writer.close()
    assert told.startswith(b"HTTP/1.1 400")
    assert told.count(b"\r\n\r\n") == 1
    assert MARK.encode() not in told
    assert served.connections.kinds == ["body"]


async def test_a_head_that_does_not_end_in_time_costs_its_connection():
    async with small(head=0.05) as served, AsyncExitStack() as stack:
        silent, begun = await served.opened(), await served.opened()
        for _, writer in (silent, begun):
            stack.callback(writer.close)
        begun[1].write(f"GET / HTTP/1.1\r\nX-A: {MARK}".encode())
        async with asyncio.timeout(LONGEST):
            assert [await reader.read() for reader, _ in (silent, begun)] == [b"", b""]
    assert served.connections.kinds == ["unfinished"]


async def test_the_oldest_connection_that_has_shown_no_token_leaves_for_whoever_comes():
    async with small(most_strangers=2, grace=0) as served, AsyncExitStack() as stack:
        held = [await half_open(stack, served.port) for _ in range(3)]
        async with asyncio.timeout(LONGEST):
            assert await held[0].read() == b""
        reader, writer = await served.opened()
        stack.callback(writer.close)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await read_answer(reader))[0] == 200
        async with asyncio.timeout(LONGEST):
            assert await held[1].read() == b""
        assert served.connections.kinds.count("too_many_strangers") == 2


async def test_what_the_owner_leaves_idle_is_bounded_too():
    """The connection that rests longest goes; one that is asked on is not resting."""
    async with small(most_idle=2, most_strangers=1, grace=0) as served, AsyncExitStack() as stack:
        mine = [await served.opened() for _ in range(1)]
        for number in range(3):
            reader, writer = mine[-1]
            stack.callback(writer.close)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: x\r\n\r\n")
            assert (await read_answer(reader))[0] == 200
            if number < 2:
                mine.append(await served.opened())
        async with asyncio.timeout(LONGEST):
            assert await _Quiet(mine[0][0]).read() == b""
        mine[1][1].write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await read_answer(mine[1][0]))[0] == 200
    assert served.connections.kinds == ["too_many_idle"]


async def test_an_error_that_nobody_caught_is_answered_and_logged_without_what_it_was_about(log: io.StringIO):
    async with small() as served:
        reader, writer = await served.opened()
        writer.write(f"GET /broken?code={MARK} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        status, headers, body = await read_answer(reader)
        writer.close()
    assert (status, json.loads(body)["code"], "server" in headers) == (500, "internal_error", False)
    [line] = [json.loads(line) for line in log.getvalue().splitlines()]
    assert str(line["exception"]).startswith("ValueError")
    assert "test_door.py" in line["exception"]
    assert MARK not in f"{log.getvalue()}{headers}{body}"
