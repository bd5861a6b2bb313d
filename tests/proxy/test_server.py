"""The proxy, spoken to as a browser speaks to it: who is reached, at which address, and what passes through (SE-1).

Names have the addresses that a test gives them, and every address leads to one server of the test on this machine.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from polyhost.protocol.addresses import Address
from polyhost.protocol.host_patterns import host_pattern
from polyhost.proxy import Attempt, Network, Policy, Proxy, Verdict, serve
from polyhost.proxy import server as server_module

pytestmark = pytest.mark.requirement("SE-1")

PUBLIC = "93.184.216.34"
OTHER = "93.184.216.35"
HOME = "192.168.1.20"


@dataclass
class Far(Network):
    """A network of a test's own: `names` by their addresses; every address is the server at `port`."""

    port: int = 0
    names: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    dialled: list[tuple[list[str], int]] = field(default_factory=list)
    down: bool = False
    broken: bool = False

    async def addresses(self, host: str) -> Sequence[Address]:
        if host not in self.names:
            return await super().addresses(host)
        self.asked.append(host)
        return [ipaddress.ip_address(text) for text in self.names[host]]

    async def connect(self, addresses: Sequence[Address], port: int) -> socket.socket:
        self.dialled.append(([str(address) for address in addresses], port))
        if self.down:
            raise ConnectionRefusedError
        if self.broken:
            raise RuntimeError("a fault of its own")
        return await super().connect([ipaddress.ip_address("127.0.0.1")], self.port)


@dataclass
class Site:
    """The one server there is: keeps what it was sent, says `answer`, and what it does then is `after`'s."""

    answer: bytes = b"hello"
    keeps_open: bool = False
    got: list[bytes] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.got.append(await reader.read(1024))
        writer.write(self.answer)
        await writer.drain()
        while self.keeps_open and (more := await reader.read(65_536)):
            self.got.append(more)
            writer.write(b"more")
        self.ended.set()
        writer.close()


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def far(site: Site) -> AsyncIterator[Far]:
    server = await asyncio.start_server(site.meet, "127.0.0.1", 0)
    yield Far(
        port=server.sockets[0].getsockname()[1],
        names={"app.example": [PUBLIC], "home.example": [HOME], "a.site.example": [PUBLIC]},
    )
    server.close()


@pytest.fixture
def told() -> list[Attempt]:
    return []


@pytest.fixture
async def proxy(far: Far, told: list[Attempt]) -> AsyncIterator[Proxy]:
    allow = ("app.example", "*.site.example", "home.example", "10.0.0.5:80")
    async with serve(policy(*allow), heard=told.append, network=far) as running:
        yield running


def policy(*allow: str, private: tuple[str, ...] = (), mapped: dict[str, tuple[str, int]] | None = None) -> Policy:
    return Policy(
        allow=tuple(map(host_pattern, allow)),
        private=tuple(map(host_pattern, private)),
        mapped=tuple((host_pattern(text), to) for text, to in (mapped or {}).items()),
    )


async def ask(proxy: Proxy, request: bytes, *, then: bytes = b"") -> bytes:
    """Everything that comes back until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(request)
    if then:
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
        writer.write(then)
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def tunnel(host: str, port: int = 443) -> bytes:
    return f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()


def plain(host: str, path: str = "/") -> bytes:
    return f"GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\nProxy-Connection: keep-alive\r\n\r\n".encode()


async def test_a_declared_host_is_reached_through_a_tunnel_at_the_address_it_has(
    proxy: Proxy, far: Far, site: Site, told: list[Attempt]
) -> None:
    assert await ask(proxy, tunnel("app.example"), then=b"\x16\x03") == b"hello"
    assert site.got == [b"\x16\x03"]
    assert far.dialled == [([PUBLIC], 443)]
    assert told == [Attempt("app.example", 443, Verdict.ALLOWED)]


async def test_a_declared_host_answers_over_plain_http(proxy: Proxy, site: Site) -> None:
    site.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"
    got = await ask(proxy, plain("app.example", "/x?y"))
    assert got == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    assert site.got == [b"GET /x?y HTTP/1.1\r\nHost: app.example\r\nConnection: close\r\n\r\n"]


async def test_interim_answers_are_passed_on_before_the_one_that_counts(proxy: Proxy, site: Site) -> None:
    site.answer = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    got = await ask(proxy, plain("app.example"))
    assert got.count(b"\r\n\r\n") == 2
    assert got.endswith(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize(
    ("host", "port", "verdict"),
    [
        ("other.example", 443, Verdict.UNDECLARED),
        ("site.example", 443, Verdict.UNDECLARED),
        ("app.example.evil.example", 443, Verdict.UNDECLARED),
        ("app.example", 22, Verdict.UNDECLARED),
        ("app.example", 8443, Verdict.UNDECLARED),
        ("127.0.0.1", 443, Verdict.UNDECLARED),
        ("[::1]", 443, Verdict.UNDECLARED),
        ("localhost", 443, Verdict.UNDECLARED),
        (PUBLIC, 443, Verdict.UNDECLARED),
        ("2130706433", 443, Verdict.UNDECLARED),
        ("way-out.invalid", 80, Verdict.UNDECLARED),
        ("home.example", 80, Verdict.PRIVATE),
        ("10.0.0.5", 80, Verdict.PRIVATE),
    ],
)
async def test_what_is_not_declared_is_refused_and_nothing_is_dialled(
    proxy: Proxy, far: Far, told: list[Attempt], host: str, port: int, verdict: Verdict
) -> None:
    assert (await ask(proxy, tunnel(host, port))).startswith(b"HTTP/1.1 403 ")
    assert await ask(proxy, plain(f"{host}:{port}")) == b"", "a status would be a page of the site"
    assert far.dialled == []
    assert told == [Attempt(host, port, verdict)] * 2
    assert far.asked == ([host] * 2 if host == "home.example" else []), "an undeclared name is not even looked up"


@pytest.mark.parametrize("declared", ["home.example", "home.example:443", "https://home.example"])
async def test_a_private_address_that_was_declared_with_a_reason_is_reached(
    far: Far, site: Site, declared: str
) -> None:
    async with serve(policy("home.example", private=(declared,)), network=far) as proxy:
        assert await ask(proxy, tunnel("home.example"), then=b"x") == b"hello"
    assert far.dialled == [([HOME], 443)]


@pytest.mark.parametrize(
    "leads_to",
    ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "::"],
)
async def test_a_name_with_a_reason_leads_to_no_address_of_this_machine_or_of_its_link(far: Far, leads_to: str) -> None:
    """Its owner agreed to a server at home, not to what listens here, and not to where a cloud keeps credentials."""
    far.names["home.example"] = [leads_to]
    async with serve(policy("home.example", private=("home.example",)), network=far) as proxy:
        assert (await ask(proxy, tunnel("home.example"))).startswith(b"HTTP/1.1 403 ")
        far.names["home.example"] = [leads_to, HOME]
        assert await ask(proxy, tunnel("home.example"), then=b"x") == b"hello"
    assert far.dialled == [([HOME], 443)]


@pytest.mark.parametrize("address", ["169.254.169.254", "[fe80::1]", "127.0.0.1", "[::1]"])
async def test_such_an_address_is_reached_where_it_is_declared_as_itself(far: Far, site: Site, address: str) -> None:
    async with serve(policy(address, private=(address,)), network=far) as proxy:
        assert await ask(proxy, tunnel(address), then=b"x") == b"hello"
        assert (await ask(proxy, tunnel("169.254.1.1"))).startswith(b"HTTP/1.1 403 ")
    assert far.dialled == [([address.strip("[]")], 443)]


@pytest.mark.parametrize(
    ("answers", "dialled"),
    [
        ([HOME, PUBLIC], [PUBLIC]),
        ([PUBLIC, "127.0.0.1", OTHER], [PUBLIC, OTHER]),
        (["::ffff:10.0.0.1", "64:ff9b::7f00:1"], None),
        (["169.254.169.254"], None),
        (["0.0.0.0"], None),
        (["::", "ff02::1"], None),
        (["100.64.1.1"], None),
        (["127.0.0.1"], None),
    ],
)
async def test_a_name_is_judged_by_each_address_that_it_has(
    proxy: Proxy, far: Far, answers: list[str], dialled: list[str] | None
) -> None:
    far.names["app.example"] = answers
    got = await ask(proxy, tunnel("app.example"), then=b"x" if dialled else b"")
    assert got == b"hello" if dialled else got.startswith(b"HTTP/1.1 403 ")
    assert far.dialled == ([(dialled, 443)] if dialled else [])


async def test_a_name_is_looked_up_once_for_each_connection_and_only_what_was_judged_is_dialled(
    proxy: Proxy, far: Far
) -> None:
    """A name that points elsewhere the second time is judged anew, and never dialled unjudged."""
    assert await ask(proxy, tunnel("app.example"), then=b"x") == b"hello"
    far.names["app.example"] = [HOME]
    assert (await ask(proxy, tunnel("app.example"))).startswith(b"HTTP/1.1 403 ")
    assert far.asked == ["app.example"] * 2
    assert far.dialled == [([PUBLIC], 443)]


async def test_this_machine_is_reached_where_the_manifest_says_in_so_many_words_that_it_is_meant(
    far: Far, site: Site
) -> None:
    far.names["a.localhost"] = ["127.0.0.1"]
    async with serve(policy("127.0.0.1:8080", "*.home.localhost", "a.localhost"), network=far) as proxy:
        assert await ask(proxy, tunnel("127.0.0.1", 8080), then=b"x") == b"hello"
        assert await ask(proxy, tunnel("a.localhost"), then=b"x") == b"hello"
        assert await ask(proxy, tunnel("x.home.localhost"), then=b"x") == b"hello"
        assert (await ask(proxy, tunnel("127.0.0.1", 8081))).startswith(b"HTTP/1.1 403 ")
        far.names["a.localhost"] = [HOME]
        assert (await ask(proxy, tunnel("a.localhost"))).startswith(b"HTTP/1.1 403 ")


async def test_mapped_hosts_go_to_this_machine_and_no_others_are_reached(far: Far, site: Site) -> None:
    mapped = {"*.site.example": ("127.0.0.1", 4711)}
    async with serve(policy("a.site.example", "app.example", mapped=mapped), network=far) as proxy:
        assert await ask(proxy, tunnel("a.site.example"), then=b"x") == b"hello"
        assert far.dialled == [(["127.0.0.1"], 4711)]
        for host in ("app.example", "b.site.example"):
            assert (await ask(proxy, tunnel(host))).startswith(b"HTTP/1.1 403 ")
    assert far.asked == []


async def test_who_cannot_be_found_or_reached_is_told_from_who_may_not_be(
    proxy: Proxy, far: Far, told: list[Attempt]
) -> None:
    far.names["app.example"] = []
    assert (await ask(proxy, tunnel("app.example"))).startswith(b"HTTP/1.1 502 ")
    far.names["app.example"], far.down = [PUBLIC], True
    assert (await ask(proxy, tunnel("app.example"))).startswith(b"HTTP/1.1 504 ")
    assert [attempt.verdict for attempt in told] == [Verdict.UNRESOLVED, Verdict.UNREACHABLE]


async def test_a_fault_of_the_proxy_itself_ends_the_connection_and_takes_no_place_from_others(
    proxy: Proxy, far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", 1)
    far.broken = True
    for request in (tunnel("app.example"), plain("app.example")) * 2:
        async with asyncio.timeout(10):
            assert await ask(proxy, request) == b""
    far.broken = False
    assert await ask(proxy, tunnel("app.example"), then=b"x") == b"hello"


async def test_nothing_stays_open_where_an_attempt_cannot_be_told(far: Far, site: Site) -> None:
    def fails(_: Attempt) -> None:
        raise RuntimeError("nobody can be told")

    async with serve(policy("app.example"), heard=fails, network=far) as proxy, asyncio.timeout(10):
        assert await ask(proxy, tunnel("app.example")) == b""
        await site.ended.wait()


async def test_the_answer_to_a_half_closed_connection_still_arrives(proxy: Proxy, site: Site) -> None:
    site.keeps_open = True
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(tunnel("app.example"))
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"first")
    assert await reader.readexactly(5) == b"hello"
    writer.write(b"second")
    writer.write_eof()
    assert await reader.read() == b"more"
    assert site.got == [b"first", b"second"]
    writer.close()


async def test_a_browser_that_goes_away_ends_the_servers_side_too(proxy: Proxy, site: Site) -> None:
    site.keeps_open = True
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(tunnel("app.example"))
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"first")
    await reader.readexactly(5)
    writer.transport.abort()
    await asyncio.wait_for(site.ended.wait(), 10)


async def test_much_passes_through_as_fast_as_it_is_taken_and_is_not_kept_meanwhile(far: Far) -> None:
    """32 MB towards somebody who does not read: the sender has to wait long before all of it has left."""
    size, sent = 32 * 1024 * 1024, asyncio.Event()
    written = 0

    async def pour(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        while written < size:
            writer.write(b"x" * 65_536)
            await writer.drain()
            written += 65_536
        sent.set()
        writer.close()

    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    far.port = server.sockets[0].getsockname()[1]
    async with serve(policy("app.example"), network=far) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port, limit=1024)
        writer.write(tunnel("app.example"))
        await reader.readuntil(b"\r\n\r\n")
        looks = [0]
        while written == 0 or looks[-2:] != [written] * 2:  # until it has begun, and moves no further
            looks.append(written)
            await asyncio.sleep(0.2)
        assert 0 < written < size
        assert not sent.is_set()
        assert len(await reader.read()) == size
        writer.close()
    server.close()


@pytest.mark.parametrize(
    "request_",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n", b"x" * (300 * 1024), b"CONNECT app.example\r\n\r\n"],
    ids=["origin form", "tls", "endless head", "no port"],
)
async def test_whatever_is_no_request_to_a_proxy_gets_no_answer(
    proxy: Proxy, request_: bytes, told: list[Attempt]
) -> None:
    assert await ask(proxy, request_) == b""
    assert told == []


async def test_a_server_that_does_not_speak_http_is_no_answer_of_a_plain_request(proxy: Proxy, site: Site) -> None:
    site.answer = b"220 mail.example ESMTP\r\n\r\n"
    assert await ask(proxy, plain("app.example")) == b""


async def test_no_second_request_follows_the_first_to_another_host(proxy: Proxy, site: Site) -> None:
    """The server would keep the connection; the browser is told that it closes, and what it sends on stays there."""
    site.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    got = await ask(proxy, plain("app.example") + plain("a.site.example"))
    assert got.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in got


async def test_one_connection_too_many_is_turned_away(
    proxy: Proxy, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", 2)
    (_, first), (_, second) = [await asyncio.open_connection("127.0.0.1", proxy.port) for _ in range(2)]
    assert await asyncio.wait_for(ask(proxy, tunnel("app.example")), 10) == b""
    first.close()
    async with asyncio.timeout(10):
        while len(proxy._open) == 2:  # noqa: ASYNC110  until it is forgotten
            await asyncio.sleep(0)
        assert await ask(proxy, tunnel("app.example"), then=b"x") == b"hello"
    second.close()


async def test_somebody_who_asks_for_nothing_is_not_waited_for(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.01)
    assert await ask(proxy, b"CONNECT app.exam") == b""


async def test_a_program_of_another_account_is_turned_away(
    proxy: Proxy, told: list[Attempt], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "is_own_account", lambda _: False)
    assert await ask(proxy, tunnel("app.example")) == b""
    assert told == []


async def test_while_the_kernel_is_asked_who_it_is_everything_else_goes_on(
    proxy: Proxy, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_say, asked = threading.Event(), threading.Event()

    def slow(accepted: socket.socket) -> bool:
        asked.set()
        return may_say.wait(60)

    monkeypatch.setattr(server_module, "is_own_account", slow)
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(ask(proxy, tunnel("app.example"), then=b"x"))
        while not asked.is_set():  # noqa: ASYNC110  it is set in a thread
            await asyncio.sleep(0)
        may_say.set()
        assert await waiting == b"hello"


async def test_where_the_kernel_cannot_be_asked_nobody_is_let_in(
    proxy: Proxy, told: list[Attempt], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(accepted: socket.socket) -> bool:
        raise OSError

    monkeypatch.setattr(server_module, "is_own_account", fails)
    assert await ask(proxy, tunnel("app.example")) == b""
    assert told == []


async def test_a_name_that_does_not_resolve_keeps_nothing_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither other names nor other work in threads, of which there may be few."""
    look_up, gives_up = socket.getaddrinfo, threading.Event()

    def slow(host: str, *more: Any, **by_name: Any) -> Any:
        if host == "slow.example" and not gives_up.wait(60):
            raise OSError
        return [] if host == "slow.example" else look_up(host, *more, **by_name)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    network = Network()
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(network.addresses("slow.example")) for _ in range(5)]
        await asyncio.sleep(0)
        assert await asyncio.to_thread(str) == ""
        assert await network.addresses("127.1") == [ipaddress.ip_address("127.0.0.1")]  # no address as it is written
        gives_up.set()
        assert await asyncio.gather(*waiting) == [[]] * 5


async def test_it_serves_on_a_socket_that_it_is_handed(far: Far, site: Site) -> None:
    handed = socket.create_server(("127.0.0.1", 0))
    proxy = Proxy(policy("app.example"), network=far)
    await proxy.start([handed])
    assert proxy.port == handed.getsockname()[1]
    assert await ask(proxy, tunnel("app.example"), then=b"x") == b"hello"
    await proxy.close()


async def test_what_is_for_private_networks_alone_is_not_reached_on_the_internet(far: Far, site: Site) -> None:
    """A name that was at home when its owner connected it may have an address of the internet today."""
    declared = host_pattern("http://wiki.lan")
    told: list[Attempt] = []
    only = Policy(allow=(declared,), private=(declared,), at_home=(declared,))
    site.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    async with serve(only, heard=told.append, network=far) as proxy:
        far.names["wiki.lan"] = [PUBLIC]
        assert await ask(proxy, plain("wiki.lan")) == b""
        assert (await ask(proxy, tunnel("wiki.lan", 80))).startswith(b"HTTP/1.1 403")
        assert (far.dialled, site.got) == ([], [])
        far.names["wiki.lan"] = [PUBLIC, HOME]
        assert (await ask(proxy, plain("wiki.lan"))).startswith(b"HTTP/1.1 204")
    assert far.dialled == [([HOME], 80)]
    assert [attempt.verdict for attempt in told] == [Verdict.EXPOSED, Verdict.EXPOSED, Verdict.ALLOWED]
