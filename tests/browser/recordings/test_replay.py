"""Recording a site in real Chromium and replaying it with the site gone (HO-2); ours: order, redirects, errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Playwright

from polyhost.browser.recordings.fixture import load_scenario
from polyhost.browser.recordings.har import Entry, Recording
from polyhost.browser.recordings.record import Recorder
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.browser.recordings.replay import MAX_UNRECORDED, Replayer

from .recording_site import RULES, Site, chromium, serving, visit


async def record(playwright: Playwright, directory: Path, token: str) -> tuple[list[object], str]:
    async with serving() as site:
        async with chromium(playwright) as context:
            recorder = Recorder(RULES)
            await recorder.start(context)
            live = await visit(context, site.base, token)
            await recorder.stop()
        recorder.save(directory)
        assert site.tokens == [token]
    return live, site.base


async def replay(
    playwright: Playwright, recording: Recording, base: str, channel: str
) -> tuple[list[object], Replayer]:
    replayer = Replayer(recording, RULES)
    async with chromium(playwright, offline=True) as context:
        await replayer.install(context)
        return await visit(context, base, "xoxc-another-token-altogether", channel), replayer


@pytest.mark.requirement("HO-2", "HO-3")
async def test_a_recording_replays_twice_the_same_with_the_site_gone(playwright: Playwright, tmp_path: Path) -> None:
    """In order per match key, redirects and rate limits included, with a token that was not recorded."""
    token = "xoxc-111-222-333-feedfacefeedface"
    live, base = await record(playwright, tmp_path / "scenario", token)
    scenario = load_scenario(tmp_path / "scenario")
    text = b"".join(path.read_bytes() for path in (tmp_path / "scenario").iterdir()).decode()
    assert not [word for word in (token, "abcdef0123456789", "Anna", "Lunch", "acme.test", "U024BE7LH") if word in text]
    assert "1700000000.000100" in text
    channel = "C00000001"
    first, replayer = await replay(playwright, scenario.recording, base, channel)
    second, _ = await replay(playwright, scenario.recording, base, channel)
    assert first == second
    assert replayer.unrecorded == ()
    assert replayer.unused == ()
    assert [row[:3] for row in first] == [row[:3] for row in live]
    assert first[:5] == live[:5]  # polls in order, then 429, then 200: nothing personal in them
    assert first[5][3]["messages"][0]["ts"] == "1700000000.000100"
    assert first[5][3]["messages"][0]["user"] == first[5][3]["members"][0]["id"] != "U024BE7LH"


@pytest.mark.requirement("HO-2")
async def test_an_unrecorded_request_fails_and_is_named_and_nothing_reaches_the_site(
    playwright: Playwright, site: Site
) -> None:
    """The site is alive and reachable here: only the replayer keeps requests from it, second hops too."""
    home = Entry(
        method="GET", url=f"{site.base}/client", body=b"<p>hi</p>", response_headers=(("content-type", "text/html"),)
    )
    hop = Entry(method="GET", url=f"{site.base}/hop", status=302, response_headers=(("location", "/never"),))
    named: list[str] = []
    replayer = Replayer(Recording((home, hop)), RULES, on_unrecorded=named.append)
    async with chromium(playwright) as context:
        await replayer.install(context)
        page = await context.new_page()
        await page.goto(f"{site.base}/client")
        failed = await page.evaluate(
            """async () => {
              const form = new URLSearchParams({token: 'xoxc-s3cret', channel: 'C1'});
              const socket = (done) => {
                new WebSocket('ws://' + location.host).onclose = (e) => done(codes.push(e.code));
              };
              const codes = [];
              const tries = [
                () => fetch('/api/history', {method: 'POST', body: form}),
                () => fetch('/hop'),
                () => fetch('/client'),
                () => new Promise((_, reject) => socket(reject)),
                () => fetch('http://elsewhere.test/'),
              ];
              let count = 0;
              for (const attempt of tries) await attempt().catch(() => count++);
              return [count, codes];
            }"""
        )
    host = site.base.removeprefix("http://")
    assert failed == [5, [1001]]  # the replayer's code: a refused connection would be 1006
    assert named == [
        f"POST {host}/api/history channel=C1",
        f"GET {host}/never",
        f"GET {host}/client (recorded 1×, asked once more)",
    ]
    assert list(replayer.unrecorded) == named
    assert replayer.elsewhere_total == 1
    assert site.asked == []


@pytest.mark.requirement("HO-2")
async def test_unrecorded_requests_are_bounded_by_name_and_counted_beyond(playwright: Playwright) -> None:
    """Ours: a page that polls for ever must not grow a diagnostic for ever."""
    page_entry = Entry(method="GET", url="http://127.0.0.1/", body=b"<p>hi</p>")
    replayer = Replayer(Recording((page_entry,)), RULES)
    async with chromium(playwright, offline=True) as context:
        await replayer.install(context)
        page = await context.new_page()
        await page.goto("http://127.0.0.1/")
        await page.evaluate("Promise.allSettled(Array.from({length: 60}, (_, i) => fetch('/x' + i)))")
    assert len(replayer.unrecorded) == MAX_UNRECORDED
    assert replayer.unrecorded_total == 60


@pytest.mark.requirement("HO-2")
async def test_cors_preflights_network_errors_and_ignored_chatter_replay_as_the_page_saw_them(
    playwright: Playwright,
) -> None:
    """As Slack answers: a polyfill falls back where CORS refuses it, so a refusal has to replay as a refusal."""
    gone = (("content-length", "999"), ("content-encoding", "gzip"))
    cors = (("access-control-allow-origin", "*"), ("access-control-expose-headers", "*"), ("x-kept", "1"), *gone)
    entries = (
        Entry(
            method="GET",
            url="https://app.acme.test/",
            body=b"<p>hi</p>",
            response_headers=(("set-cookie", "d=standin-1"),),
        ),
        Entry(method="GET", url="https://api.acme.test/open", body=b"open", response_headers=cors),
        Entry(method="GET", url="https://api.acme.test/open", body=b"open", response_headers=cors),
        Entry(method="GET", url="https://api.acme.test/shut", body=b"shut"),
        Entry(method="GET", url="https://api.acme.test/down", status=0, error="ConnectionReset"),
    )
    rules = RecordingRules.declared({"ignore_urls": ["https://app.acme.test/beacon*"]}, ["*.acme.test"])
    replayer = Replayer(Recording(entries), rules)
    async with chromium(playwright, offline=True) as context:
        await replayer.install(context)
        page = await context.new_page()
        await page.goto("https://app.acme.test/")
        ask = "(url, options) => fetch(url, options).then(r => r.text()).catch(() => 'failed')"
        assert await page.evaluate(f"({ask})('https://api.acme.test/open', {{headers: {{'X-Own': '1'}}}})") == "open"
        assert await page.evaluate(f"({ask})('https://api.acme.test/shut')") == "failed"
        headers = await page.evaluate("fetch('https://api.acme.test/open').then(r => Object.fromEntries(r.headers))")
        assert headers["x-kept"] == "1"
        assert not {"content-length", "content-encoding"} & headers.keys()
        assert await page.evaluate(f"({ask})('https://api.acme.test/down')") == "failed"
        assert await page.evaluate("fetch('/beacon?n=1').then(r => r.status)") == 404
        assert await page.evaluate("document.cookie") == "d=standin-1"
    assert replayer.unrecorded == ()
    assert replayer.unused == ()
