"""When a request may be sent: pure, with time as an argument; then the gate with a clock of its own, then a real site.

Provenance: docs/architecture.md (the governor); RFC 9110 section 10.2.3 (Retry-After); ours (rates, budgets).
"""

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from background import background
from fakes.page_runs import PageRuns
from fakes.site import SiteHost
from polyhost.boot_clock import Moment
from polyhost.browser.governor import MAX_ENDPOINTS, Gate, Governor, GovernorLimits, retry_after_seconds
from polyhost.connectors.base import Traffic
from polyhost.engine.run.pause import Pause

NOW = 1_700_000_000.0
AT = Moment(wall=NOW, boot="this", up=NOW)
YEAR = 365 * 86_400
LIMITS = GovernorLimits(initial_rate=2.0, burst=3.0)


class FakeTime:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = NOW
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def governor(**limits: float) -> Governor:
    return Governor(GovernorLimits(**{"initial_rate": 2.0, "burst": 3.0, **limits}))


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    subject = governor()
    assert [subject.take("api", NOW) for _ in range(3)] == [0, 0, 0]
    assert subject.take("api", NOW) == pytest.approx(0.5)
    assert subject.take("api", NOW + 0.5) == 0


def test_endpoints_do_not_wait_for_one_another() -> None:
    subject = governor()
    while subject.take("busy", NOW) == 0:
        pass
    assert subject.take("idle", NOW) == 0


def test_retry_after_is_honoured_to_the_second_and_holds_for_requests_not_yet_sent() -> None:
    subject = governor()
    subject.take("api", NOW)
    assert subject.retry("api", 429, 1, NOW, retry_after=30.0) == 30.0
    assert subject.take("api", NOW + 29.5) == pytest.approx(0.5)
    assert subject.take("other", NOW + 1) == 0
    assert subject.take("api", NOW + 30.0) == 0


def test_no_burst_follows_a_pause() -> None:
    subject = governor()
    subject.retry("api", 429, 1, NOW, retry_after=30.0)
    assert subject.take("api", NOW + 30.0) == 0
    assert subject.take("api", NOW + 30.0) == pytest.approx(1.0)  # the rate was 2 a second and has been halved


def test_the_rate_halves_on_slow_down_once_for_answers_of_one_moment_and_grows_by_a_little_with_each_success() -> None:
    subject = governor(increase=0.25)
    for _ in range(3):
        subject.outcome("api", 429, NOW, retry_after=10.0)
    assert subject.snapshot(AT)["endpoints"]["api"]["rate"] == 1.0
    subject.outcome("api", 429, NOW + 11)
    assert subject.snapshot(AT)["endpoints"]["api"]["rate"] == 0.5
    subject.outcome("api", 200, NOW + 12)
    assert subject.snapshot(AT)["endpoints"]["api"]["rate"] == 0.75


@given(st.lists(st.sampled_from([0, 200, 404, 429, 500, 503]), max_size=200))
def test_the_rate_stays_between_its_bounds_whatever_the_site_answers(statuses: list[int]) -> None:
    subject = governor()
    for number, status in enumerate(statuses):
        subject.outcome("api", status, NOW + 5 * number)
        rate = subject.snapshot(AT)["endpoints"]["api"]["rate"]
        assert subject.limits.minimum_rate <= rate <= subject.limits.maximum_rate


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_no_more_requests_pass_than_burst_and_rate_allow(pauses: list[float]) -> None:
    subject, now, passed = governor(), NOW, 0
    for pause in pauses:
        now += pause
        while subject.take("api", now) == 0:
            passed += 1
    assert passed <= 3 + 2.0 * (now - NOW) + 1e-6


def test_what_is_not_worth_retrying_is_not_retried() -> None:
    for status in (200, 302, 400, 401, 403, 404):
        assert governor().retry("api", status, 1, NOW) is None


def test_waits_grow_where_the_site_does_not_say_how_long() -> None:
    waits = [governor().retry("api", 500, attempt, NOW) for attempt in range(1, 7)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, None]


def test_a_wait_longer_than_a_run_should_last_gives_up_and_is_remembered() -> None:
    subject = governor()
    assert subject.retry("api", 429, 1, NOW, retry_after=7200.0) is None
    assert subject.take("api", NOW + 10) == pytest.approx(7190)


def test_retries_of_a_run_are_bounded_by_a_share_of_its_requests() -> None:
    subject = governor(free_retries=2, retry_ratio=0.5)
    for number in range(4):
        subject.take(f"api{number}", NOW)
    granted = [subject.retry("api", 500, 1, NOW) is not None for _ in range(6)]
    assert granted == [True] * 4 + [False] * 2
    subject.begin_run(Traffic())
    assert subject.retry("api", 500, 1, NOW) is not None


def test_what_was_learned_outlives_the_run() -> None:
    subject = governor()
    subject.retry("api", 429, 1, NOW, retry_after=600.0)
    again = governor()
    again.restore(subject.snapshot(AT), AT.later(60))
    assert again.snapshot(AT.later(60)) == subject.snapshot(AT.later(60))
    assert again.take("api", NOW + 60) == pytest.approx(540)


@pytest.mark.requirement("RS-3")
@pytest.mark.parametrize("set_by", [2 * YEAR, -2 * YEAR])
def test_what_a_site_asked_for_is_waited_for_wherever_the_clock_was_set(set_by: float) -> None:
    subject, again = governor(), governor()
    subject.retry("api", 429, 1, NOW, retry_after=600.0)
    again.restore(subject.snapshot(AT), replace(AT.later(60), wall=NOW + set_by))
    assert again.take("api", NOW + 60) == pytest.approx(540)


@pytest.mark.requirement("RS-3")
@pytest.mark.parametrize(("gone", "left"), [(60, 540), (700, 0), (-2 * YEAR, 600), (2 * YEAR, 0)])
def test_after_a_restart_of_the_machine_no_wait_is_longer_than_what_was_left(gone: float, left: float) -> None:
    """Its clock begins at nothing then; the wall clock tells how long ago that was, if it is right."""
    subject, again = governor(), governor()
    subject.retry("api", 429, 1, NOW, retry_after=600.0)
    again.restore(subject.snapshot(AT), Moment(NOW + gone, "the next", 30.0))
    assert again.take("api", 30.0) == pytest.approx(left)


@pytest.mark.requirement("RS-3")
def test_of_what_earlier_versions_kept_no_wait_is_taken() -> None:
    """They kept when it ends by the wall clock, which is far ahead of the clock of the boot."""
    subject, now = governor(), Moment(NOW, "this", 30.0)
    subject.restore({"version": 1, "endpoints": {"api": {"rate": 0.5, "blocked_until": NOW}}}, now)
    assert subject.take("api", 30.0) == 0
    assert subject.snapshot(now)["endpoints"]["api"] == {"rate": 0.5, "wait": 0.0}


@pytest.mark.parametrize("kept", [None, [], {}, {"version": 99, "endpoints": {"api": {}}}, "text"])
def test_a_snapshot_of_an_unknown_shape_is_ignored(kept: object) -> None:
    subject = governor()
    subject.restore(kept, AT)
    assert subject.snapshot(AT)["endpoints"] == {}


def test_endpoints_named_after_ids_do_not_grow_without_bound() -> None:
    subject = governor()
    for number in range(3 * MAX_ENDPOINTS):
        subject.take(f"/item/{number}", NOW)
    assert len(subject.snapshot(AT)["endpoints"]) == MAX_ENDPOINTS + 1
    assert len(subject.meter.by_endpoint) == MAX_ENDPOINTS + 1
    assert sum(subject.meter.by_endpoint.values()) == subject.meter.requests


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("30", 30.0),
        (" 0 ", 0.0),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


async def test_the_gate_waits_exactly_as_long_as_it_must_and_tells() -> None:
    time, subject = FakeTime(), governor()
    gate = Gate(subject, clock=time, sleep=time.sleep)
    for _ in range(3):
        await gate.permit("api")
    assert time.slept == []
    assert await gate.retry("api", 429, 1, "30") is True
    assert time.slept == [30.0]
    assert (subject.meter.requests, subject.meter.retries, subject.meter.rate_limited) == (4, 1, 1)
    assert subject.meter.waited_seconds == 30.0


async def test_waiting_requests_are_let_through_in_the_order_they_came() -> None:
    time, subject = FakeTime(), governor(burst=1.0)
    gate = Gate(subject, clock=time, sleep=time.sleep)
    passed: list[int] = []

    async def ask(number: int) -> None:
        await gate.permit("api")
        passed.append(number)

    await asyncio.gather(*(ask(number) for number in range(5)))
    assert passed == [0, 1, 2, 3, 4]
    assert time.now == pytest.approx(NOW + 2.0)


async def test_a_replay_never_waits_and_still_counts() -> None:
    time, subject = FakeTime(), governor()
    gate = Gate(subject, pace=False, clock=time, sleep=time.sleep)
    for _ in range(50):
        await gate.permit("api")
    assert await gate.retry("api", 429, 1, "30") is True
    assert time.slept == []
    assert (subject.meter.requests, subject.meter.rate_limited, subject.meter.waited_seconds) == (51, 1, 0.0)


@pytest.mark.parametrize("pace", [True, False])
async def test_a_permit_that_is_held_back_is_given_afterwards_and_is_no_wait_for_the_site(pace: bool) -> None:
    """An owner's pause: nothing is counted, no retry is used up by it, and the order stays."""
    time, subject, pause = FakeTime(), governor(free_retries=1, retry_ratio=0), Pause()
    gate = Gate(subject, pace=pace, held=pause.wait, clock=time, sleep=time.sleep)
    passed: list[int] = []

    async def ask(number: int) -> None:
        if number:
            await gate.permit("api")
        else:
            assert await gate.retry("api", 500, 1, None)
        passed.append(number)

    pause.begin()
    async with asyncio.TaskGroup() as tasks:
        for number in range(3):
            tasks.create_task(ask(number))
        for _ in range(5):
            await asyncio.sleep(0)
        time.now += 3600
        assert (passed, subject.meter.requests) == ([], 0)
        pause.end()
    assert (sorted(passed), subject.meter.requests, subject.meter.retries) == ([0, 1, 2], 3, 1)
    assert subject.meter.waited_seconds == (0.5 if pace else 0), "the wait before the repetition, and no other"


async def test_a_pause_that_begins_during_a_wait_for_the_site_holds_the_permit_too() -> None:
    time, subject, pause = FakeTime(), governor(burst=1.0), Pause()

    async def sleep(seconds: float) -> None:
        await time.sleep(seconds)
        pause.begin()

    gate = Gate(subject, held=pause.wait, clock=time, sleep=sleep)
    await gate.permit("api")
    async with background(gate.permit("api")) as second:
        for _ in range(5):
            await asyncio.sleep(0)
        assert (second.done(), subject.meter.requests) == (False, 1)
        pause.end()
        await second
    assert subject.meter.requests == 2


async def test_a_polyfill_gets_through_a_site_that_says_slow_down(pages: PageRuns, site: SiteHost) -> None:
    """The whole way: permit, fetch in the page, 429 and 503 and a broken connection, host answers, the last outcome."""
    answers = iter([429, 503, "cut", 200])

    async def stubborn(request: web.Request) -> web.StreamResponse:
        answer = next(answers)
        if answer == "cut":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        headers = {"Retry-After": "0"} if answer == 429 else {}
        response = web.json_response({"status": answer}, status=int(answer), headers=headers)
        response.force_close()  # a browser repeats a request of its own accord where a connection it kept is cut
        return response

    site.route("/api/list", stubborn)
    subject = Governor(GovernorLimits(backoff_base=0.01))
    got = await pages.run(
        site,
        "const {status, json, url, ok} = await host.request('/api/list', {endpoint: 'list', body: {limit: '2'}});"
        "await say({status, json, url, ok});",
        governor=subject,
    )
    assert got.data == [{"status": 200, "json": {"status": 200}, "url": site.url("/api/list"), "ok": True}]
    assert got.traffic.by_endpoint == {"list": 4}
    assert (got.traffic.retries, got.traffic.rate_limited) == (3, 1)


@pytest.mark.requirement("RS-3")
@pytest.mark.parametrize("year", [2006, 2046])
async def test_a_date_to_wait_for_is_read_by_the_sites_own_clock(pages: PageRuns, site: SiteHost, year: int) -> None:
    """Years off from this machine's, whose clock may be the wrong one."""
    statuses = iter([429, 200])

    async def busy(_request: web.Request) -> web.Response:
        dates = {"Date": f"Sun, 04 Feb {year} 10:00:00 GMT", "Retry-After": f"Sun, 04 Feb {year} 10:00:01 GMT"}
        return web.json_response({}, status=next(statuses), headers=dates)

    site.route("/api", busy)
    got = await pages.run(site, "await say({status: (await host.request('/api')).status});")
    assert (got.data, round(got.traffic.waited_seconds)) == ([{"status": 200}], 1)


async def test_a_polyfill_gets_the_last_outcome_where_the_host_gives_up(pages: PageRuns, site: SiteHost) -> None:
    async def broken(_request: web.Request) -> web.Response:
        return web.Response(status=500, text="<h1>Sorry</h1>", content_type="text/html")

    site.route("/api", broken)
    subject = Governor(GovernorLimits(attempts=2, backoff_base=0.01))
    body = "const {status, json, text} = await host.request('/api'); await say({status, text, json: json ?? null});"
    got = await pages.run(site, body, governor=subject)
    assert got.data == [{"status": 500, "text": "<h1>Sorry</h1>", "json": None}]
    assert got.traffic.requests == 2


async def test_a_request_that_never_answers_is_given_up_with_its_name(pages: PageRuns, site: SiteHost) -> None:
    async def never(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    site.route("/slow", never)
    subject = Governor(GovernorLimits(attempts=2, backoff_base=0.01))
    got = await pages.run(site, "await host.request('/slow', {endpoint: 'slow.list', timeout: 50});", governor=subject)
    assert got.done["error"]["code"] == "request_failed"
    assert got.done["error"]["message"] == "slow.list: no answer after 2 attempts (timed out after 50 ms)"
    assert got.done["error"]["retryable"] is True
