"""`polyhost serve` as it is typed: the link it prints, and its signals."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import async_playwright

from api.serving import connect_process
from checkout import ROOT
from e2e.command import CommandLine
from web.serving import launched

LONGEST = 60.0
"""Seconds anything may take: two shared cores are slow when they are full."""


@dataclass(slots=True)
class Server:
    """The command, which answers."""

    process: asyncio.subprocess.Process
    port: int
    home: Path
    said: str

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def complains(self, text: str) -> None:
        """Wait until it has said this on stderr."""
        assert self.process.stderr is not None
        async with asyncio.timeout(LONGEST):
            while text not in (line := (await self.process.stderr.readline()).decode()):
                assert line, "it ended without a word of that"

    async def start_run(self) -> None:
        token = (self.home / "token").read_text(encoding="ascii").strip()
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{self.origin}/v1/connections/work/runs", json={}) as answer,
        ):
            assert answer.status == 202, await answer.text()


@asynccontextmanager
async def serve(home: Path, *options: str) -> AsyncGenerator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "polyhost", "--home", str(home), "serve", "--port", str(port), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=home.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT / "host")},
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(LONGEST):
            said = b""
            while b"/login?" not in said:
                line = await process.stdout.readline()
                assert line, "it ended before it answered"
                said += line
        yield Server(process, port, home, said.decode())
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_second_signal_leaves_at_once_and_the_store_survives_it(
    home: Path, tmp_path: Path, number: signal.Signals
):
    """The connector does not listen, so the first signal alone would have the server wait, and end with 0."""
    folder = await connect_process(home, "deaf")
    command = CommandLine(home=home, folder=tmp_path)
    async with serve(home) as server:
        await server.start_run()
        server.process.send_signal(number)
        await server.complains("stopping")
        server.process.send_signal(number)
        async with asyncio.timeout(LONGEST):
            assert await server.process.wait() == 130
    (folder / "mode.txt").write_text("plain", encoding="utf-8")
    after = await command("run", "work", "--json")
    assert (after.exit_code, after.value["status"], after.value["streams"]["notes"]["new"]) == (0, "complete", 3)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_ends_the_server_as_it_should(home: Path, number: signal.Signals):
    async with serve(home, "--json") as server:
        server.process.send_signal(number)
        async with asyncio.timeout(LONGEST):
            rest, _ = await server.process.communicate()
        assert server.process.returncode == 0
    told = json.loads(server.said + rest.decode())
    assert told.keys() == {"address", "link"}
    assert told["link"].startswith(f"{told['address']}login?code=")


async def test_a_new_link_signs_a_browser_in_once(home: Path, tmp_path: Path):
    await connect_process(home)
    command = CommandLine(home=home, folder=tmp_path)
    async with serve(home) as server, async_playwright() as playwright, launched(playwright) as browser:
        printed = await command("serve", "--link", "--port", str(server.port))
        assert printed.exit_code == 0, printed.stderr
        link = printed.stdout.strip()
        page = await browser.new_page()
        await page.goto(server.origin)
        assert await page.get_by_role("link", name="work").count() == 0
        await page.goto(link)
        assert page.url == f"{server.origin}/"
        assert await page.get_by_role("link", name="work").count() > 0
        stranger = await (await browser.new_context()).new_page()
        answer = await stranger.goto(link)
        assert answer is not None
        assert answer.status == 401


async def test_there_is_no_link_where_nothing_is_served(home: Path, tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens at it, and nobody can
        port = taken.getsockname()[1]
        refused = await CommandLine(home=home, folder=tmp_path)("serve", "--link", "--port", str(port))
    assert refused.exit_code == 2
    assert "polyhost serve" in refused.complaint
