"""Pauses that a site asks for in the body of an answer: a polyfill says how its site does so, and the governor obeys.

Provenance: the Matrix client-server API (`retry_after_ms`), MediaWiki's etiquette for its API (`maxlag`), what Slack's
web API may answer (`ratelimited` with 200); ours (what a rule may give).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from aiohttp import web

from fakes.page_runs import Collected, PageRuns
from fakes.site import SiteHost
from polyhost.browser.governor import LONGEST_TOLD, Gate, Governor, GovernorLimits

Answer = tuple[int, Mapping[str, Any], Mapping[str, str]]
"""Status, body, headers."""
MATRIX = "({ json }) => json?.retry_after_ms / 1000"
MEDIAWIKI = "({ json }) => json?.error?.code === 'maxlag' && (json.error.lag ?? true)"
SLACK = "({ json }) => json?.ok === false && json.error === 'ratelimited'"
FINE: Answer = (200, {"ok": True}, {})
ASK = "const { status, ok } = await host.request('/api', {endpoint: 'api'}); await say({ status, ok });"
OWN_PAUSE = 0.02


def quick() -> Governor:
    return Governor(GovernorLimits(backoff_base=OWN_PAUSE, attempts=3))


def scripted(site: SiteHost, answers: Sequence[Answer]) -> None:
    """Each in its turn, the last for ever."""
    left = [*answers]

    async def answer(_request: web.Request) -> web.Response:
        status, body, headers = left.pop(0) if len(left) > 1 else left[0]
        return web.json_response(body, status=status, headers=dict(headers))

    site.route("/api", answer)


async def asked(pages: PageRuns, site: SiteHost, rule: str, *answers: Answer, ask: str = ASK) -> Collected:
    scripted(site, answers)
    return await pages.run(site, f"host.slowDown({rule}); {ask}", governor=quick())


@pytest.mark.parametrize(
    ("rule", "slow", "waited", "untold"),
    [
        (MATRIX, (429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 70}, {}), 0.07, 0),
        (MATRIX, (429, {"errcode": "M_LIMIT_EXCEEDED"}, {}), OWN_PAUSE, 1),
        (MATRIX, (200, {"retry_after_ms": 70}, {}), 0.07, 0),
        (MEDIAWIKI, (200, {"error": {"code": "maxlag", "lag": 0.05}}, {}), 0.05, 0),
        (MEDIAWIKI, (200, {"error": {"code": "maxlag"}}, {"Retry-After": "1"}), 1.0, 0),
        (MEDIAWIKI, (200, {"error": {"code": "maxlag", "lag": 0.05}}, {"Retry-After": "1"}), 1.0, 0),
        (SLACK, (200, {"ok": False, "error": "ratelimited"}, {}), OWN_PAUSE, 1),
        (SLACK, (200, {"ok": False, "error": "ratelimited"}, {"Retry-After": "1"}), 1.0, 0),
    ],
)
async def test_a_pause_in_the_body_is_waited_for_and_the_request_is_sent_again(
    pages: PageRuns, site: SiteHost, rule: str, slow: Answer, waited: float, untold: int
) -> None:
    got = await asked(pages, site, rule, slow, FINE)
    assert got.data == [{"status": 200, "ok": True}]
    traffic = got.traffic
    assert (traffic.requests, traffic.retries, traffic.rate_limited, traffic.untold_pauses) == (2, 1, 1, untold)
    assert traffic.waited_seconds == pytest.approx(waited, abs=0.01)
    assert traffic.refused == {}


@pytest.mark.parametrize("slow", [(429, {}, {"Retry-After": "7200"}), (200, {"retry_after_ms": 7_200_000}, {})])
async def test_a_pause_longer_than_a_run_may_wait_ends_the_run_by_name_wherever_it_is_told(
    pages: PageRuns, site: SiteHost, slow: Answer
) -> None:
    """The answer itself comes back and is no success; what is asked for after it is refused."""
    got = await asked(pages, site, MATRIX, slow, ask=f"{{ {ASK} }} {{ {ASK} }}")
    assert got.data == [{"status": slow[0], "ok": False}]
    assert got.done["error"]["code"] == "rate_limited"
    assert "120 minutes" in got.done["error"]["message"]
    assert got.traffic.requests == 1


async def test_a_site_that_never_stops_asking_for_a_pause_is_given_up_with_its_last_answer(
    pages: PageRuns, site: SiteHost
) -> None:
    got = await asked(pages, site, SLACK, (200, {"ok": False, "error": "ratelimited"}, {}))
    assert got.data == [{"status": 200, "ok": False}]
    assert (got.traffic.requests, got.traffic.retries, got.traffic.rate_limited) == (3, 2, 3)


async def test_what_is_sent_once_is_sent_again_where_the_site_asks_to_be_asked_later(
    pages: PageRuns, site: SiteHost
) -> None:
    once = ASK.replace("endpoint: 'api'", "endpoint: 'api', once: true")
    got = await asked(pages, site, MATRIX, (200, {"retry_after_ms": 1}, {}), FINE, ask=once)
    assert (got.data, got.traffic.requests) == ([{"status": 200, "ok": True}], 2)


@pytest.mark.parametrize(
    ("rule", "requests", "refused"),
    [
        ("() => undefined", 1, 0),
        ("() => null", 1, 0),
        ("() => false", 1, 0),
        ("() => NaN", 1, 0),
        ("() => -1", 3, 0),
        ("() => 0", 3, 0),
        ("() => -Infinity", 3, 0),
        ("() => Infinity", 1, 0),
        ("() => 1e6", 1, 0),
        ("() => '5'", 1, 1),
        ("() => ({})", 1, 1),
        ("() => 5n", 1, 1),
        ("async () => { throw new Error('no'); }", 1, 1),
        ("() => { throw new Error('no'); }", 1, 1),
        ("({ json }) => json.error.code === 'maxlag'", 1, 1),
        ("() => Object.create(new Proxy({}, { get() { throw new Error('no'); } }))", 1, 1),
    ],
)
async def test_an_odd_rule_costs_itself(
    pages: PageRuns, site: SiteHost, rule: str, requests: int, refused: int
) -> None:
    got = await asked(pages, site, rule, FINE)
    paused = requests > 1 or "Infinity" in rule or "1e6" in rule
    assert got.data == [{"status": 200, "ok": not paused}]
    assert (got.traffic.requests, got.traffic.refused.get("slowDown", 0)) == (requests, refused)
    assert got.done["status"] == "succeeded"


async def test_of_what_header_and_body_say_the_longer_holds_and_neither_beyond_what_is_believed() -> None:
    for header, pause, wanted in (("30", 5.0, 30.0), ("5", 30.0, 30.0), (None, 1e9, LONGEST_TOLD), ("3", None, 3.0)):
        governor = Governor()
        gate = Gate(governor, pace=False, clock=lambda: 1_000.0)
        await gate.rest("api", 429, 1, header, pause)
        assert governor.take("api", 1_000.0) == wanted
