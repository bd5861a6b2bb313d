"""A page that runs wild costs its own run, by name; one that does a little of the same costs nothing (RS-1.7)."""

from __future__ import annotations

import resource
from dataclasses import replace
from typing import Any

import pytest

from fakes.page_runs import PageRuns, QuietCalls, collect
from fakes.site import SiteHost
from polyhost.bounds import DEFAULT_BOUNDS
from polyhost.browser.bridge.storms import Storms
from polyhost.errors import RunFailedError

pytestmark = pytest.mark.requirement("RS-1.7")

BOUNDS = replace(DEFAULT_BOUNDS, popups=5, frames=5, workers=5, downloads=5, console_per_minute=100)
KIB = 1024
STORMS = {
    "popup_storm": "window.open('/')",
    "frame_storm": "document.body.append(document.createElement('iframe'))",
    "worker_storm": "new Worker(URL.createObjectURL(new Blob(['setInterval(() => 0, 1000)'])))",
    "download_storm": "const a = document.createElement('a'); a.href = '/file'; a.download = 'f.zip'; a.click()",
    "console_storm": "for (let line = 0; line < 30; line++) console.log(line)",
}
QUIET_STORMS = {
    "alerts": "alert('again')",
    "prints": "print()",
    "addresses": "history.pushState({}, '', '/at' + Math.random())",
    "fragments": "location.hash = Math.random()",
    "permissions": "Notification.requestPermission(); navigator.geolocation.getCurrentPosition(() => 0, () => 0)",
    "leaving": "onbeforeunload = (event) => event.preventDefault()",
}
"""What a page may do without end: the browser answers it by itself, at no cost of the run's."""


CALM = "while (!document.documentElement.dataset.calm) await host.sleep(5);"
"""Until the page has done all of it."""


def hostile(site: SiteHost, does: str, times: str) -> None:
    async def file(_request: Any) -> Any:
        from aiohttp import web  # noqa: PLC0415  here alone

        return web.Response(body=b"x", headers={"Content-Disposition": "attachment"})

    site.route("/file", file)
    step = f"if (left-- > 0) {{ {does} }} else document.documentElement.dataset.calm = 'yes'"
    site.page(f"<script>let left = {times}; setInterval(() => {{ {step} }}, 5)</script>")


@pytest.mark.parametrize("code", STORMS)
async def test_a_storm_ends_the_run_by_its_name(pages: PageRuns, site: SiteHost, code: str) -> None:
    hostile(site, STORMS[code], "Infinity")
    forever = "polyfill(async (host) => host.sleep(60000));"
    with pytest.raises(RunFailedError) as raised:
        async with pages.connector(site, forever, bounds=BOUNDS).open(QuietCalls()) as session:
            await collect(session)
    assert raised.value.code == code
    assert site.name in raised.value.reason


@pytest.mark.parametrize("code", STORMS)
async def test_a_page_that_does_a_little_of_it_is_read_to_its_end(pages: PageRuns, site: SiteHost, code: str) -> None:
    hostile(site, STORMS[code], "3")
    got = await pages.run(site, CALM + "await say({n: 1});", bounds=BOUNDS)
    assert (got.data, got.done["status"]) == ([{"n": 1}], "succeeded")


@pytest.mark.parametrize("name", QUIET_STORMS)
async def test_what_the_browser_answers_by_itself_goes_on_and_the_run_too(
    pages: PageRuns, site: SiteHost, name: str
) -> None:
    hostile(site, QUIET_STORMS[name], "50")
    got = await pages.run(site, CALM + "await say({n: 1});", bounds=BOUNDS)
    assert (got.data, got.done["status"], got.restarts) == ([{"n": 1}], "succeeded", [])


async def test_a_flood_of_failed_requests_is_counted_so_far_and_no_further(pages: PageRuns, site: SiteHost) -> None:
    body = "for (let i = 0; i < 60; i++) await fetch('http://elsewhere.example/').catch(() => 0); await say({n: 1});"
    whole = await pages.run(site, body)
    assert whole.traffic.blocked == {"elsewhere.example": 60}
    cut = await pages.run(site, body, bounds=replace(DEFAULT_BOUNDS, failed_requests=20))
    assert cut.data == [{"n": 1}]
    assert 0 < cut.traffic.blocked["elsewhere.example"] < 20


async def test_a_record_that_is_too_large_costs_itself_and_no_memory(pages: PageRuns, site: SiteHost) -> None:
    body = """
      const large = "x".repeat(100 * 1024 * 1024);
      await say({n: "before"});
      await host.emit({stream: "m", key: "k", data: {large, n: "beside"}});
      await say({n: "after"});"""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    got = await pages.run(site, body)
    assert (got.data, got.done["records_emitted"]) == ([{"n": "before"}, {"n": "beside"}, {"n": "after"}], 3)
    assert [record.get("mended") for record in got.of("RECORD")] == [None, [["large", "too_large"]], None]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * KIB


async def test_the_bound_of_a_message_is_the_owners(pages: PageRuns, site: SiteHost) -> None:
    body = """
      const sized = (n) => host.skip({reason: "x", message: "x".repeat(n)});
      const tried = (n) => sized(n).then(() => "taken", () => "refused");
      const told = [await tried(900_000), await tried(1_100_000)];
      await say({told});"""
    got = await pages.run(site, body, bounds=replace(DEFAULT_BOUNDS, message_mb=1))
    assert got.data[-1] == {"told": ["taken", "refused"]}


def test_lines_of_different_minutes_do_not_count_together():
    now, told = [0.0], []
    storms = Storms("site.example", BOUNDS, told.append, steady=lambda: now[0])
    for minute in range(5):
        now[0] = minute * 60.0
        for _ in range(100):
            storms.console_line()
    assert told == []
    storms.console_line()
    storms.console_line()
    assert [error.code for error in told] == ["console_storm"], "once"
