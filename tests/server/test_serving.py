"""`polyhost serve`: as it is typed, with the link it prints and its signals; its port, and a second one beside it."""

import asyncio
import json
import os
import re
import signal
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import async_playwright

from api.serving import connect_process, served
from checkout import ROOT
from e2e.command import CommandLine
from fork_server import Forked, fork
from polyhost.engine.settings.config import Config, config_path
from polyhost.errors import RefusedError
from polyhost.server.listening import listening
from polyhost.server.serving import serving
from web.serving import launched

DYING = str(ROOT / "tests" / "e2e" / "dying.py")
LONGEST = 60.0
"""Seconds anything may take: two shared cores are slow when they are full."""


@dataclass(slots=True)
class Server:
    """The command, which answers."""

    process: Forked
    port: int
    home: Path
    said: str

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def complains(self, text: str) -> None:
        """Wait until it has said this on stderr."""
        async with asyncio.timeout(LONGEST):
            while text not in (line := (await self.process.stderr.readline()).decode()):
                assert line, "it ended without a word of that"

    async def start_run(self, until: str) -> None:
        """Until its connector has said this, and so is what it will be when something happens to the server."""
        token = (self.home / "token").read_text(encoding="ascii").strip()
        async with aiohttp.ClientSession(self.origin, headers={"Authorization": f"Bearer {token}"}) as session:
            async with session.post("/v1/connections/work/runs", json={}) as answer:
                assert answer.status == 202, await answer.text()
                run = (await answer.json())["run_id"]
            async with session.get(f"/v1/runs/{run}/events") as events, asyncio.timeout(LONGEST):
                while until not in (line := (await events.content.readline()).decode()):
                    assert line, "the run ended without a word of that"


@asynccontextmanager
async def serve(home: Path, *options: str, started_by: Sequence[str] = ("-m", "polyhost")) -> AsyncGenerator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = [*started_by, "--home", str(home), "serve", "--port", str(port), *options]
    process = await fork(program, folder=home.parent, environment=os.environ)
    try:
        async with asyncio.timeout(LONGEST):
            said = b""
            while b"/login?" not in said:
                line = await process.stdout.readline()
                assert line, "it ended before it answered"
                said += line
        yield Server(process, port, home, said.decode())
    finally:
        await process.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_second_signal_leaves_at_once_and_the_store_survives_it(
    home: Path, tmp_path: Path, number: signal.Signals
):
    """It comes as the server, stopping, is about to end the run's connector, which does not listen."""
    folder = await connect_process(home, "deaf")
    command = CommandLine(home=home, folder=tmp_path)
    again = (DYING, "polyhost.connectors.process:ChildProcess.end", f"1:{number.name}")
    async with serve(home, started_by=again) as server:
        await server.start_run(until="not listening")
        server.process.send_signal(number)
        await server.complains("stopping")
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
    assert told["address"] == server.origin + "/"
    assert re.fullmatch(rf"http://[0-9a-f]{{32}}\.localhost:{server.port}/login\?code=[\w-]+", told["link"])


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
        assert page.url == link.partition("login")[0]
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


async def test_a_second_server_of_a_home_is_refused_and_takes_nothing_from_the_first(home: Path):
    async with served(home) as first:
        token = {"Authorization": f"Bearer {first.token}"}
        upload = await first.server.resources.uploads.take(chunks(), name="a.zip", connection="work", source=None)
        with pytest.raises(RefusedError) as refused:
            async with serving(home, port=int(first.origin.rpartition(":")[2]), config=Config()):
                pass
        assert refused.value.code == "port_taken"
        assert upload.path.read_bytes() == b"an export"
        assert (await first("GET", "/v1/connections", headers=token)).status == 200


async def chunks() -> AsyncGenerator[bytes]:
    yield b"an export"


@pytest.fixture
def ports(home: Path) -> tuple[int, int]:
    """Two that are free; the first stands in the home's settings."""
    with listening(0) as one, listening(0) as two:
        home.mkdir(mode=0o700)
        config_path(home).write_text(f"[serve]\nport = {one.port}\n", encoding="utf-8")
        return one.port, two.port


async def test_the_port_is_the_one_asked_for_or_the_one_of_the_settings(home: Path, ports: tuple[int, int]):
    async with serving(home) as server:
        assert server.address == f"127.0.0.1:{ports[0]}"
    async with serving(home, port=ports[1]) as server:
        assert server.address == f"127.0.0.1:{ports[1]}"
