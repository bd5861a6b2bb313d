"""A server to measure: `polyhost serve` in a process of its own, over a home that was filled before.

Owns: that process, what it holds (memory, open files), and how it is asked. Must not know: what is measured.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil

__all__ = ["Server", "serve"]

_START_SECONDS = 120
_MEBIBYTE = 1024 * 1024
_MOST_SOCKETS = 1_200


@dataclass(frozen=True, slots=True)
class Server:
    """`http` has the token; `pages` the cookie of somebody who signed in."""

    pid: int
    address: str
    http: aiohttp.ClientSession
    pages: aiohttp.ClientSession

    async def get(self, path: str, **query: str) -> Any:
        async with self.http.get(f"{self.address}{path}", params=query) as response:
            body = await response.json()
            if response.status != 200:
                raise SystemExit(f"bench: {path} answered {response.status}: {body}")
            return body

    async def page(self, path: str) -> int:
        async with self.pages.get(f"{self.address}{path}") as response:
            body = await response.read()
            if response.status != 200:
                raise SystemExit(f"bench: the page {path} answered {response.status}")
            return len(body)

    async def start(self, name: str) -> str:
        async with self.http.post(f"{self.address}/v1/connections/{name}/runs", json={}) as response:
            body = await response.json()
            if response.status != 202:
                raise SystemExit(f"bench: the run of {name} answered {response.status}: {body}")
            return body["run_id"]

    async def cancel(self, run: str) -> None:
        async with self.http.post(f"{self.address}/v1/runs/{run}/cancel", json={}) as response:
            await response.read()

    def memory(self) -> float:
        """Resident, in MiB."""
        return psutil.Process(self.pid).memory_info().rss / _MEBIBYTE

    def open_files(self) -> int:
        return psutil.Process(self.pid).num_fds()

    def cpu(self) -> float:
        """Processor seconds so far."""
        spent = psutil.Process(self.pid).cpu_times()
        return spent.user + spent.system


@asynccontextmanager
async def serve(home: Path) -> AsyncGenerator[Server]:
    """Until the block is left."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["-m", "polyhost", "--home", str(home), "serve", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await asyncio.wait_for(_answers(process), _START_SECONDS)
        token = (home / "token").read_text().strip()
        address = f"http://127.0.0.1:{port}"
        limit = aiohttp.TCPConnector(limit=_MOST_SOCKETS)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=60)
        headers = {"Authorization": f"Bearer {token}"}
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            aiohttp.ClientSession(connector=limit, headers=headers, timeout=timeout) as http,
            aiohttp.ClientSession(cookie_jar=jar) as pages,
        ):
            async with http.post(f"{address}/v1/session-links?by_address=true") as made:
                link = (await made.json())["link"]
            async with pages.get(link) as response:
                await response.read()
            yield Server(process.pid, address, http, pages)
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def _answers(process: asyncio.subprocess.Process) -> None:
    """Once it has printed its link."""
    lines = process.stdout or asyncio.StreamReader()
    async for line in lines:
        if b"/login?code=" in line:
            return
    raise SystemExit("bench: polyhost serve did not start")
