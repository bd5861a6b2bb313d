"""The proxy as the browser's one way out, in a real browser: names, addresses, redirects, channels (SE-1, HO-5).

Names of the internet have the addresses that a test gives them, and every such address is a server of the test's on
this machine: `declared.example` and `other.example` are of the internet, `home.example` is of a private network.
Whatever is held back here is let through by the same browser once it is declared, or the silence would mean nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web
from playwright.async_api import Error, Page, async_playwright

from fakes.page_runs import QuietCalls
from polyhost.browser._kept_out import KeptOut
from polyhost.browser.fence import Fence
from polyhost.browser.launch import BrowserOptions, launch
from polyhost.browser.locate import find_browser
from polyhost.connectors.page import PageConnector, PagePolyfill
from polyhost.errors import ErrorCode, NeedsOwnerError, RunFailedError
from polyhost.protocol.addresses import Address
from polyhost.proxy import Attempt, Network, Verdict
from polyhost.proxy.server import MAX_CONNECTIONS

pytestmark = pytest.mark.requirement("SE-1")

NAMES = {
    "declared.example": "93.184.216.34",
    "other.example": "93.184.216.35",
    "home.example": "192.168.1.20",
    "here.example": "127.0.0.1",
}
FETCH = "async (url) => fetch(url, {mode: 'no-cors'}).then(() => 'reached', () => 'blocked')"
SOCKET = """async (url) => new Promise((done) => {
  const it = new WebSocket(url);
  it.onmessage = (event) => done(event.data);
  it.onerror = () => done("blocked");
})"""
FRAME = """async (url) => {
  const it = Object.assign(document.createElement("iframe"), {src: url});
  const over = new Promise((done) => { it.onload = done; });
  document.body.append(it);
  await over;
}"""


@dataclass
class Internet:
    """Its servers: what was asked of each host, over plain HTTP and over TLS."""

    seen: list[str] = field(default_factory=list)
    ports: dict[int, int] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(f"{request.scheme}://{request.host}{request.path}")
        if request.path == "/socket":
            link = web.WebSocketResponse()
            await link.prepare(request)
            await link.send_str("reached")
            await link.close()
            return link
        if request.path.startswith("/to/"):
            return web.Response(status=302, headers={"Location": request.query["url"]})
        if request.path == "/cut":
            assert request.transport is not None
            request.transport.close()
        if request.path == "/large":
            return web.Response(body=b"x" * 8_000_000)
        if request.path == "/echo":
            return web.json_response({"length": len(await request.read())})
        return web.Response(text="<!doctype html><body>here", content_type="text/html")


@pytest.fixture
async def internet(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Internet]:
    here = Internet()
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*NAMES).configure_cert(context)
    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{path:.*}", here.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    for port, tls in ((80, None), (443, context)):
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        here.ports[port] = runner.addresses[-1][1]
    looked_up, connected = Network.addresses, Network.connect

    async def addresses(self: Network, host: str) -> Sequence[Address]:
        if host not in NAMES:
            return await looked_up(self, host)
        return [ipaddress.ip_address(NAMES[host])] if NAMES[host] else []

    async def connect(self: Network, addresses: Sequence[Address], port: int) -> socket.socket:
        return await connected(self, [ipaddress.ip_address("127.0.0.1")], here.ports.get(port, port))

    monkeypatch.setattr(Network, "addresses", addresses)
    monkeypatch.setattr(Network, "connect", connect)
    yield here
    await runner.cleanup()


@dataclass
class Opened:
    page: Page
    told: list[Attempt]

    def refused(self) -> dict[str, Verdict]:
        """What was refused, without what the browser wants for itself."""
        return {
            attempt.host: attempt.verdict
            for attempt in self.told
            if attempt.verdict is not Verdict.ALLOWED and not attempt.host.endswith((".google.com", ".googleapis.com"))
        }


class Browsers:
    """Makes pages on https://declared.example, in browsers that may reach what a test says."""

    def __init__(self, stack: Any) -> None:
        self._stack = stack

    async def open(self, *allow: str, private: tuple[str, ...] = ()) -> Opened:
        hosts = ("declared.example", *allow)
        options = BrowserOptions(allow_hosts=hosts, private_hosts=private)
        browser = await self._stack.enter_async_context(launch(options))
        told: list[Attempt] = []
        browser.on_attempt(told.append)
        page = await (await browser.new_context(extra={"ignore_https_errors": True})).new_page()
        await page.goto("https://declared.example/")
        return Opened(page, told)


@pytest.fixture
async def browsers(internet: Internet) -> AsyncIterator[Browsers]:
    async with AsyncExitStack() as stack:
        yield Browsers(stack)


async def test_declared_hosts_are_reached_over_every_channel_and_nothing_else_is(
    browsers: Browsers, internet: Internet
) -> None:
    opened = await browsers.open()
    assert await opened.page.evaluate(FETCH, "https://declared.example/x") == "reached"
    assert await opened.page.evaluate(SOCKET, "wss://declared.example/socket") == "reached"
    for url in ("https://other.example/x", "https://home.example/x", "https://127.0.0.1/x", "https://[::1]/x"):
        assert await opened.page.evaluate(FETCH, url) == "blocked", url
    assert await opened.page.evaluate(SOCKET, "wss://other.example/socket") == "blocked"
    assert not [url for url in internet.seen if "declared.example" not in url]
    assert set(opened.refused().values()) == {Verdict.UNDECLARED}
    assert set(opened.refused()) == {"other.example", "home.example", "127.0.0.1", "[::1]"}


async def test_the_same_are_reached_once_they_are_declared(browsers: Browsers, internet: Internet) -> None:
    opened = await browsers.open("other.example", "home.example", private=("home.example",))
    for host in ("other.example", "home.example"):
        assert await opened.page.evaluate(FETCH, f"https://{host}/x") == "reached"
        assert await opened.page.evaluate(SOCKET, f"wss://{host}/socket") == "reached"
        assert f"https://{host}/x" in internet.seen
    assert opened.refused() == {}


async def test_a_declared_name_that_leads_home_is_refused_by_its_address(
    browsers: Browsers, internet: Internet
) -> None:
    opened = await browsers.open("home.example", "here.example")
    for host in ("home.example", "here.example"):
        assert await opened.page.evaluate(FETCH, f"https://{host}/x") == "blocked"
        assert await opened.page.evaluate(SOCKET, f"wss://{host}/socket") == "blocked"
    assert opened.refused() == {"home.example": Verdict.PRIVATE, "here.example": Verdict.PRIVATE}
    assert not [url for url in internet.seen if "declared.example" not in url]


async def test_a_name_that_leads_elsewhere_the_second_time_is_judged_the_second_time(
    browsers: Browsers, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await browsers.open("other.example")
    assert await opened.page.evaluate(FETCH, "https://other.example/first") == "reached"
    monkeypatch.setitem(NAMES, "other.example", "169.254.169.254")
    assert await opened.page.evaluate(SOCKET, "wss://other.example/socket") == "blocked"
    assert "https://other.example/socket" not in internet.seen


@pytest.mark.parametrize("target", ["https://other.example/x", "https://home.example/x", "https://127.0.0.1:8787/x"])
async def test_a_redirect_is_judged_at_every_hop(browsers: Browsers, internet: Internet, target: str) -> None:
    """A declared host leads to another declared one, and that one out, for a fetch, a frame and the page itself."""
    opened = await browsers.open("other.example" if "other" not in target else "declared.example:443")
    last = f"https://declared.example/to/2?url={target}"
    first = f"https://declared.example/to/1?url={last}"
    assert await opened.page.evaluate(FETCH, first) == "blocked"
    await opened.page.evaluate(FRAME, first)
    with pytest.raises(Error, match="ERR_TUNNEL_CONNECTION_FAILED"):
        await opened.page.goto(first)
    assert not [url for url in internet.seen if url.endswith("/x")]
    assert len([url for url in internet.seen if url.endswith("/to/2")]) == 3


async def test_a_redirect_among_declared_hosts_is_followed(browsers: Browsers, internet: Internet) -> None:
    opened = await browsers.open("other.example")
    await opened.page.goto("https://declared.example/to/1?url=https://other.example/x")
    assert "https://other.example/x" in internet.seen


async def test_a_scheme_or_a_port_that_was_not_declared_is_refused(browsers: Browsers, internet: Internet) -> None:
    opened = await browsers.open("https://other.example")
    assert await opened.page.evaluate(FETCH, "https://other.example/x") == "reached"
    assert await opened.page.evaluate(FETCH, "https://other.example:8443/x") == "blocked"
    await opened.page.goto("http://declared.example/plain")
    with pytest.raises(Error, match="ERR_EMPTY_RESPONSE"):
        await opened.page.goto("http://other.example/plain")
    assert "http://declared.example/plain" in internet.seen
    assert "http://other.example/plain" not in internet.seen


@pytest.mark.parametrize(
    ("host", "why"),
    [
        (
            "home.example",
            "home.example has an address of a private network or of this machine, which its manifest does not declare",
        ),
        ("nobody.localhost", "nobody answers at nobody.localhost"),
        ("nameless.invalid", "the name nameless.invalid has no address"),
    ],
)
async def test_a_page_that_cannot_be_opened_says_what_stopped_it(
    internet: Internet, monkeypatch: pytest.MonkeyPatch, host: str, why: str
) -> None:
    """The browser itself only knows that it got no tunnel."""
    monkeypatch.setitem(NAMES, "nobody.localhost", "127.0.0.1")
    monkeypatch.setitem(NAMES, "nameless.invalid", "")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    place = f"{host}:{port}" if host == "nobody.localhost" else host
    polyfill = PagePolyfill(page=f"https://{place}/", hosts=(place,), script="")
    with pytest.raises(RunFailedError, match=f"could not be opened: {why}"):
        async with PageConnector(polyfill).open(QuietCalls()):
            pass


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("https://accounts.google.com/x", "accounts.google.com is not a host that this run may reach"),
        ("https://home.example/x", "home.example has an address of a private network"),
        ("http://declared.example/cut", "net::ERR_EMPTY_RESPONSE"),
    ],
)
async def test_a_page_that_is_led_elsewhere_says_what_stopped_it_there(
    internet: Internet, target: str, why: str
) -> None:
    """Also a host that Chromium asks for by itself; and where nothing was refused, no refusal is blamed."""
    page = f"http://declared.example/to/1?url={target}"
    polyfill = PagePolyfill(page=page, hosts=("http://declared.example", "home.example"), script="")
    with pytest.raises(RunFailedError, match=f"could not be opened: {why}"):
        async with PageConnector(polyfill).open(QuietCalls()):
            pass
    assert "http://declared.example/to/1" in internet.seen


async def test_a_page_is_not_said_to_be_stopped_by_what_something_else_was_refused() -> None:
    fence = Fence(("declared.example",), {}, spawn=lambda _: None)
    for host in ("tracker.example", "declared.example", "[::1]", "late.example"):
        verdict = Verdict.UNREACHABLE if "declared" in host else Verdict.UNDECLARED
        fence.hear(Attempt(host, 443, verdict))
    assert fence.why("https://declared.example/x") == "nobody answers at declared.example"
    assert fence.why("https://[::1]/x") == "[::1] is not a host that this run may reach"
    assert fence.why("https://other.example/x") is None


MANY = """async (urls) => {
  const asked = urls.map((url) => fetch(url, {mode: "no-cors"}).then(() => "reached", () => "blocked"));
  return Promise.all(asked);
}"""


async def test_more_than_the_proxy_has_room_for_is_judged_like_one(browsers: Browsers, internet: Internet) -> None:
    """All at once: each request to a declared host is answered, and no other gets out in the crowd."""
    opened = await browsers.open()
    hosts = ["declared.example", "other.example"] * (MAX_CONNECTIONS + 8)
    urls = [f"https://{host}/{number}" for number, host in enumerate(hosts)]
    came = await opened.page.evaluate(MANY, urls)
    assert came == ["reached", "blocked"] * (MAX_CONNECTIONS + 8)
    assert set(internet.seen) >= {url for url in urls if "declared" in url}
    assert not [url for url in internet.seen if "other" in url]
    assert await opened.page.evaluate(FETCH, "https://declared.example/afterwards") == "reached"


async def test_much_goes_through_in_both_directions(browsers: Browsers) -> None:
    opened = await browsers.open()
    for origin in ("https://declared.example", "http://declared.example"):
        await opened.page.goto(f"{origin}/")
        assert await opened.page.evaluate("async () => (await (await fetch('/large')).blob()).size") == 8_000_000
        sent = "async () => (await (await fetch('/echo', {method: 'POST', body: 'x'.repeat(8e6)})).json()).length"
        assert await opened.page.evaluate(sent) == 8_000_000


async def test_a_window_with_a_profile_of_its_own_has_the_same_way_out(internet: Internet, tmp_path: Path) -> None:
    """As an owner signs in: a persistent context, here unseen."""
    options = BrowserOptions(allow_hosts=("declared.example",))
    async with options.way_out() as way_out, async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=find_browser(), args=options.flags(way_out), ignore_https_errors=True
        )
        page = context.pages[0]
        await page.goto("https://declared.example/")
        assert await page.evaluate(FETCH, "https://declared.example/x") == "reached"
        assert await page.evaluate(FETCH, "https://other.example/x") == "blocked"
        await context.close()
    assert not [url for url in internet.seen if "other" in url]


async def test_an_owner_whose_sign_in_came_to_nothing_is_told_what_the_window_was_kept_from(
    internet: Internet, tmp_path: Path
) -> None:
    """Also a host that Chromium asks for by itself, once a page asked for it; and never one that it alone asked for."""
    closed = NeedsOwnerError("The window was closed", "Try again.", code=ErrorCode.SIGN_IN_CLOSED)
    kept_out = KeptOut()
    for own in ("accounts.google.com", "update.googleapis.com"):
        kept_out.hear(Attempt(own, 443, Verdict.UNDECLARED))
    assert kept_out.told(closed, "") is None
    options = BrowserOptions(allow_hosts=("declared.example",))
    async with options.way_out(kept_out.hear) as way_out, async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=find_browser(), args=options.flags(way_out), ignore_https_errors=True
        )
        kept_out.watch(context)
        await context.pages[0].goto("https://declared.example/")
        assert kept_out.told(closed, "") is None
        for host in ("other.example", "accounts.google.com"):
            with pytest.raises(Error, match="ERR_TUNNEL_CONNECTION_FAILED"):
                await context.pages[0].goto(f"https://{host}/sign-in")
        await context.close()
    told = kept_out.told(closed, "Use --cdp URL.")
    assert told is not None
    assert told.reason.startswith(
        "The window was closed; the window was kept from other.example, accounts.google.com, which the source"
    )
    assert (told.instruction, told.code) == ("Try again. Use --cdp URL.", ErrorCode.SIGN_IN_CLOSED)


async def test_an_owner_who_gave_up_at_a_place_that_refuses_such_windows_is_told_so(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(NAMES, "accounts.google.com", "93.184.216.36")
    closed = NeedsOwnerError("The window was closed", "Try again.", code=ErrorCode.SIGN_IN_CLOSED)
    kept_out = KeptOut()
    async with launch(BrowserOptions()) as browser:
        context = await browser.new_context(extra={"ignore_https_errors": True})
        kept_out.watch(context)
        page = await context.new_page()
        await page.goto("https://accounts.google.com/refused")
        told = kept_out.told(closed, "Use --cdp URL.")
        assert told is not None
        assert "accounts.google.com lets nobody in whose browser was started by a program" in told.reason
        assert told.instruction == "Try again. Use --cdp URL."
        await page.goto("https://declared.example/")
        assert kept_out.told(closed, "") is None


async def test_an_owner_who_is_signing_in_reaches_the_internet_and_not_what_is_beside_it(
    internet: Internet,
) -> None:
    async with launch(BrowserOptions()) as browser:
        page = await (await browser.new_context(extra={"ignore_https_errors": True})).new_page()
        await page.goto("https://other.example/")
        assert await page.evaluate(FETCH, "https://declared.example/x") == "reached"
        for host in ("home.example", "here.example", "localhost", "127.0.0.1", "[::1]"):
            assert await page.evaluate(FETCH, f"https://{host}/x") == "blocked", host
    assert not [url for url in internet.seen if "home" in url or "here" in url]


UDP = """async (port) => {
  const peer = new RTCPeerConnection({iceServers: [
    {urls: `stun:127.0.0.1:${port}`}, {urls: "stun:declared.example"},
    {urls: `turn:127.0.0.1:${port}?transport=udp`, username: "u", credential: "c"},
  ]});
  peer.createDataChannel("x");
  await peer.setLocalDescription(await peer.createOffer());
  await new Promise((done) => { peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done();
    setTimeout(done, 4000); });
  try { await new WebTransport(`https://127.0.0.1:${port}/`).ready; } catch {}
  try { await new WebTransport("https://declared.example/").ready; } catch {}
  return (peer.localDescription.sdp.match(/candidate:.*/g) ?? []).filter((line) => line.includes(" udp ")).length;
}"""


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(data)


@pytest.mark.parametrize("fenced", [True, False], ids=["fence", "none"])
async def test_no_datagram_leaves_the_browser(internet: Internet, browsers: Browsers, fenced: bool) -> None:
    """The site's own scripts try WebRTC and WebTransport, in the page's own world. Without a fence they are heard."""
    ears = _Datagrams()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: ears, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    if fenced:
        opened = await browsers.open()
        await opened.page.evaluate(UDP, port)
        assert ears.heard == []
    else:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
            page = await browser.new_page()
            await page.goto(f"http://localhost:{internet.ports[80]}/")
            await page.evaluate(UDP, port)
            await browser.close()
        assert ears.heard
    transport.close()
