"""Starting a browser: what is refused before it starts, how it starts, how it ends (ours; --map-host)."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from fakes.page_runs import PageRuns
from fakes.site import SiteHost, Sites
from polyhost.browser.launch import BrowserOptions, launch
from polyhost.errors import RefusedError, RunFailedError


def test_a_mapping_to_another_machine_is_refused() -> None:
    with pytest.raises(RefusedError, match="loopback"):
        BrowserOptions(map_hosts={"*.slack.com": "10.0.0.1:443"})


def test_insecure_tls_is_refused_where_traffic_leaves_the_machine() -> None:
    with pytest.raises(RefusedError, match="--insecure-tls"):
        BrowserOptions(insecure_tls=True)
    assert BrowserOptions(insecure_tls=True, map_hosts={"a.test": "127.0.0.1:1"}).insecure_tls


def test_another_engine_is_refused() -> None:
    with pytest.raises(RefusedError, match="firefox"):
        BrowserOptions(kind="firefox")


def test_the_sandbox_is_only_left_out_for_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert "--no-sandbox" not in BrowserOptions().flags(None)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("sys.platform", "linux")
    assert "--no-sandbox" in BrowserOptions().flags(None)


async def test_an_executable_that_is_no_browser_says_which(tmp_path: Path) -> None:
    impostor = tmp_path / "browser"
    impostor.write_text("#!/bin/sh\nexit 7\n")
    impostor.chmod(0o755)
    with pytest.raises(RunFailedError, match=str(impostor)):
        async with launch(BrowserOptions(executable=impostor)):
            pass


async def test_a_session_file_that_is_none_is_refused(pages: PageRuns) -> None:
    with pytest.raises(RefusedError, match="did not take the session"):
        await pages.browser.new_context({"cookies": [{"name": "d"}], "origins": []})


async def test_sites_see_a_desktop_browser_by_its_own_name(pages: PageRuns, site: SiteHost) -> None:
    """A session that turns up in a "Headless" browser gets its owner signed out (slack facts, section 1)."""
    seen: list[str] = []

    async def note(request: web.Request) -> web.Response:
        seen.append(request.headers["User-Agent"])
        return web.Response(text="ok")

    site.route("/agent", note)
    got = await pages.run(
        site,
        "await host.request('/agent'); await say({agent: navigator.userAgent, width: innerWidth});",
    )
    assert "Headless" not in seen[0]
    assert "Chrome/" in seen[0]
    assert got.data == [{"agent": seen[0], "width": 1280}]


async def test_a_browser_is_gone_after_use_whatever_happened(sites: Sites) -> None:
    gone = asyncio.Event()

    async def fail() -> None:
        async with launch(BrowserOptions(map_hosts=sites.mapping)) as browser:
            browser.on_disconnected(gone.set)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    await asyncio.wait_for(gone.wait(), 5)
