"""What a recorder keeps of real traffic in real Chromium, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Playwright

from polyhost.browser.recordings.har import dump
from polyhost.browser.recordings.record import Recorder

from .recording_site import RULES, Site, chromium, serving, visit


@pytest.mark.requirement("HO-3")
async def test_two_recordings_of_the_same_traffic_are_the_same_bytes(playwright: Playwright, tmp_path: Path) -> None:
    """docs/recordings.md. The server's dates differ between the two; ports do too, so one port serves both."""
    async with serving() as first:
        port = int(first.base.rpartition(":")[2])
        await _record_once(playwright, first, tmp_path / "one", "xoxc-1-one-one-one")
    async with serving(port) as second:
        await _record_once(playwright, second, tmp_path / "two", "xoxc-2-two-two-two")
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


async def _record_once(playwright: Playwright, site: Site, directory: Path, token: str) -> None:
    async with chromium(playwright) as context:
        recorder = Recorder(RULES)
        await recorder.start(context)
        await visit(context, site.base, token)
        await recorder.stop()
    recorder.save(directory)


async def test_only_the_sites_own_traffic_is_recorded(playwright: Playwright, site: Site, tmp_path: Path) -> None:
    """Ours: what a page loads from elsewhere, and what the browser asks for itself, is nobody's fixture."""
    async with serving() as other, chromium(playwright) as context:
        recorder = Recorder(RULES)
        await recorder.start(context)
        page = await context.new_page()
        await page.goto(f"{site.base}/client")
        elsewhere = other.base.replace("127.0.0.1", "localhost")
        await page.evaluate("(url) => fetch(url, {mode: 'no-cors'})", elsewhere)
        await recorder.stop()
    scenario = recorder.scenario()
    assert other.asked == ["GET /"]
    assert [entry.url for entry in scenario.recording.entries] == [f"{site.base}/client"]
    assert scenario.recording.entries[0].response_headers == (("content-type", "text/html; charset=utf-8"),)
    assert dump(scenario.recording) == dump(recorder.scenario().recording)
