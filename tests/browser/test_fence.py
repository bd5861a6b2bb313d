"""A polyfill talks only to the hosts its manifest declares (HO-5).

The browser of this file resolves the hosts of `HOME` and no others, as a run's browser resolves those of its manifest.
Where a replayer answers requests before any name is looked up, the page's own list holds instead.
"""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, CDPSession

from fakes.page_runs import PageRuns
from fakes.site import SiteHost, Sites
from polyhost.browser.launch import BrowserOptions, launch

pytestmark = pytest.mark.requirement("HO-5")

HOME = "home.localhost"
"""Every site under this name is a declared one."""
EMIT = "await say({said});"
TRY = "let said; try { said = String(await %s); } catch (error) { said = error.message; }" + EMIT


@pytest_asyncio.fixture(scope="module")
async def pages(sites: Sites) -> AsyncGenerator[PageRuns]:
    async with launch(BrowserOptions(map_hosts=sites.mapping, allow_hosts=(f"*.{HOME}",))) as browser:
        yield PageRuns(sites, browser)


@pytest.fixture
def site(sites: Sites) -> SiteHost:
    fresh = sites.new(under=HOME)
    fresh.page()
    return fresh


async def test_a_fetch_to_a_foreign_host_is_blocked_and_reported(pages: PageRuns, site: SiteHost) -> None:
    foreign = pages.sites.new("foreign")
    foreign.text("/steal", "ok", **{"Access-Control-Allow-Origin": "*"})
    got = await pages.run(site, TRY % f"fetch('{foreign.url('/steal')}')")
    assert got.data == [{"said": "Failed to fetch"}]
    assert foreign.seen == []
    assert got.traffic.blocked == {foreign.name: 1}


async def test_a_request_through_the_host_is_refused_by_name_and_not_retried(pages: PageRuns, site: SiteHost) -> None:
    got = await pages.run(site, TRY % "host.request('https://foreign.test/steal')")
    assert got.data == [
        {"said": "foreign.test is not among the manifest's polyfill.hosts. Declare it there."},
    ]
    assert (got.traffic.requests, got.traffic.blocked) == (0, {"foreign.test": 1})


LOADING = """new Promise((done) => {
  const it = %s;
  it.onload = () => done("loaded"); it.onopen = () => done("loaded"); it.onerror = () => done("blocked");
  %s;
})"""
CHANNELS = {
    "image": LOADING % ("new Image()", "it.src = URL"),
    "script": LOADING % ("document.createElement('script')", "it.src = URL; document.body.append(it)"),
    "style": LOADING
    % ("document.createElement('link')", "it.rel = 'stylesheet'; it.href = URL; document.body.append(it)"),
    "xhr": LOADING % ("new XMLHttpRequest()", "it.open('GET', URL); it.send()"),
    "event source": LOADING % ("new EventSource(URL)", ""),
}
SOCKET = LOADING % ("new WebSocket(URL.replace('http', 'ws'))", "")


@pytest.mark.parametrize("channel", CHANNELS)
async def test_no_other_channel_of_the_page_reaches_a_foreign_host(
    pages: PageRuns, site: SiteHost, channel: str
) -> None:
    foreign = pages.sites.new("foreign")
    foreign.text("/steal", "ok", "text/javascript", **{"Access-Control-Allow-Origin": "*"})
    got = await pages.run(site, TRY % CHANNELS[channel].replace("URL", f"'{foreign.url('/steal')}'"))
    assert got.data == [{"said": "blocked"}]
    assert foreign.seen == []
    assert got.traffic.blocked == {foreign.name: 1}


async def test_a_redirect_out_of_the_declared_hosts_is_blocked(pages: PageRuns, site: SiteHost) -> None:
    foreign = pages.sites.new("foreign")
    foreign.text("/steal", "ok", **{"Access-Control-Allow-Origin": "*"})
    site.redirect("/go", foreign.url("/steal"))
    got = await pages.run(site, TRY % "fetch('/go')")
    assert got.data == [{"said": "Failed to fetch"}]
    assert foreign.seen == []


async def test_a_navigation_out_of_the_declared_hosts_carries_nothing_out(pages: PageRuns, site: SiteHost) -> None:
    foreign = pages.sites.new("foreign")
    script = f"if (!host.start.resume) {{ location.href = '{foreign.url('/?secret')}'; await host.sleep(60000); }}"
    got = await pages.run(site, script)
    assert [restart.reason for restart in got.restarts] == ["navigation"]
    assert foreign.seen == []
    assert got.traffic.blocked == {foreign.name: 1}


async def test_images_and_fonts_of_the_site_itself_are_not_loaded_and_not_reported(
    pages: PageRuns, site: SiteHost
) -> None:
    site.page(
        "<style>@font-face { font-family: f; src: url(/font.woff2) } p { font-family: f }</style><p>text</p>"
        "<img src='/i.png'><video src='/v.mp4' preload='auto'></video>"
    )
    asked_for = "await host.request('/data.png');"
    got = await pages.run(site, (TRY % CHANNELS["image"].replace("URL", "'/i.png'")) + asked_for)
    assert got.data == [{"said": "blocked"}]
    assert {path for path in site.seen if path != "/favicon.ico"} == {"/", "/data.png"}
    assert got.traffic.blocked == {}


async def test_what_the_manifest_needs_loaded_is_loaded_and_no_more(pages: PageRuns, site: SiteHost) -> None:
    site.page("<img src='/i.png'><video src='/v.mp4' preload='auto'></video>")
    image = TRY % CHANNELS["image"].replace("URL", "'/j.png'")
    await pages.run(site, image, polyfill={"load": ("images",)})
    assert {path for path in site.seen if path != "/favicon.ico"} == {"/", "/i.png", "/j.png"}


async def test_a_socket_to_the_site_itself_is_left_alone(pages: PageRuns, site: SiteHost) -> None:
    got = await pages.run(site, TRY % SOCKET.replace("URL", f"'{site.url('/socket')}'"))
    assert "/socket" in site.seen
    assert got.traffic.blocked == {}


async def test_a_socket_to_a_foreign_host_is_reported(pages: PageRuns, site: SiteHost) -> None:
    foreign = pages.sites.new("foreign")
    got = await pages.run(site, TRY % SOCKET.replace("URL", f"'{foreign.url()}'"))
    assert foreign.seen == []
    assert got.traffic.blocked == {foreign.name: 1}


async def test_where_requests_are_answered_before_a_name_is_looked_up_the_page_blocks(
    pages: PageRuns, site: SiteHost
) -> None:
    foreign = pages.sites.new("foreign")
    answered: list[str] = []
    sessions: list[CDPSession] = []

    async def answer_everything(context: BrowserContext) -> None:
        async def answer(event: dict[str, Any]) -> None:
            answered.append(event["request"]["url"])
            await session.send(
                "Fetch.fulfillRequest", {"requestId": event["requestId"], "responseCode": 200, "body": ""}
            )

        assert context.browser is not None
        session = await context.browser.new_browser_cdp_session()
        sessions.append(session)
        session.on("Fetch.requestPaused", answer)
        await session.send("Fetch.enable", {"patterns": [{"urlPattern": "http://*"}]})

    got = await pages.run(site, TRY % f"fetch('{foreign.url('/steal')}')", prepare=answer_everything)
    for session in sessions:
        await session.detach()  # the browser is shared
    assert got.data == [{"said": "Failed to fetch"}]
    assert site.url() in answered
    assert foreign.url("/steal") not in answered
    assert got.traffic.blocked == {foreign.name: 1}


async def test_a_frame_on_a_foreign_host_is_blocked_and_reported(pages: PageRuns, site: SiteHost) -> None:
    foreign = pages.sites.new("foreign")
    site.page(f"<iframe src='{foreign.url('/inner')}'></iframe>")
    got = await pages.run(site, "while (document.readyState !== 'complete') await host.sleep(5);")
    assert foreign.seen == []
    assert got.traffic.blocked == {foreign.name: 1}


PROBES = ["http://foreign.localhost/", "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/"]
WORKER = """async (url) => new Promise((done) => {
  const code = `fetch("${url}", {mode: "no-cors"}).then(() => postMessage("reached"), () => postMessage("blocked"))`;
  new Worker(URL.createObjectURL(new Blob([code]))).onmessage = (event) => done(event.data);
})"""
PAGE = "async (url) => fetch(url, {mode: 'no-cors'}).then(() => 'reached', () => 'blocked')"


IN_A_SOCKET = f"async (URL) => (await {SOCKET}) === 'loaded' ? 'reached' : 'blocked'"


@pytest.mark.parametrize("where", [PAGE, WORKER, IN_A_SOCKET], ids=["page", "worker", "socket"])
async def test_the_browser_itself_reaches_no_other_host_or_address(sites: Sites, site: SiteHost, where: str) -> None:
    """Without any help of the page: a bare context, numbers for addresses, names the machine could resolve."""
    listening = sites.new("elsewhere")
    only_site = {site.name: f"127.0.0.1:{sites.port}"}
    async with launch(BrowserOptions(map_hosts=only_site)) as browser:
        page = await (await browser.new_context()).new_page()
        await page.goto(site.url(), wait_until="networkidle")
        assert await page.evaluate(where, site.url("/")) == "reached" or where is IN_A_SOCKET
        assert site.seen.count("/") == 2
        reached = sites.requests
        for probe in [*PROBES, listening.url()]:
            assert await page.evaluate(where, probe.format(port=sites.port)) == "blocked", probe
    assert sites.requests == reached


async def test_the_declared_hosts_are_all_that_a_live_browser_reaches(sites: Sites) -> None:
    """No mapping: what a real run has. The loopback address plays the declared site."""
    async with launch(BrowserOptions(allow_hosts=(f"127.0.0.1:{sites.port}",))) as browser:
        page = await (await browser.new_context()).new_page()
        await page.goto(f"http://127.0.0.1:{sites.port}/")
        assert await page.evaluate(PAGE, f"http://127.0.0.1:{sites.port}/x") == "reached"
        assert await page.evaluate(PAGE, f"http://localhost:{sites.port}/x") == "blocked"


async def test_offline_reaches_nothing_at_all(sites: Sites) -> None:
    async with launch(BrowserOptions(allow_hosts=("127.0.0.1",), map_hosts=sites.mapping, offline=True)) as browser:
        context = await browser.new_context()
        await context.route("**/*", lambda route: route.fulfill(content_type="text/html", body="replayed"))
        page = await context.new_page()
        await page.goto("http://anything.localhost/")
        assert await page.inner_text("body") == "replayed"
        await context.unroute_all()
        for url in ("http://anything.localhost/", f"http://127.0.0.1:{sites.port}/"):
            assert await page.evaluate(PAGE, url) == "blocked"
