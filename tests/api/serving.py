"""A server that really listens, on a port of its own, and a client of it.

Must not know: what is asked.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from playbooks import manifest_json, stream
from polyhost.api.gate import Gate
from polyhost.engine.settings.config import Config
from polyhost.server.serving import Serving, serving
from polyhost.store.opening import open_store

__all__ = ["AT", "Answer", "Client", "connect_process", "served", "write_process"]

AT = "2026-11-22T03:15:58.000Z"
TOKEN = "correct-horse-battery-staple-correct-horse"
PROCESS = (Path(__file__).parent / "connector.py.txt").read_text(encoding="utf-8")
"""A connector that is a process: gives three notes; asks first, or waits to be cancelled, as mode.txt says."""


def write_process(home: Path, mode: str = "plain") -> Path:
    """A source `process` in this home."""
    folder = home / "polyfills" / "process"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "connector.py").write_text(PROCESS, encoding="utf-8")
    (folder / "mode.txt").write_text(mode, encoding="utf-8")
    declared = manifest_json(stream("notes"), stream("people"), stdio={"command": [sys.executable, "connector.py"]})
    (folder / "manifest.json").write_text(json.dumps(declared), encoding="utf-8")
    return folder


async def connect_process(home: Path, mode: str = "plain", *, name: str = "work") -> Path:
    """A connection of it."""
    folder = write_process(home, mode)
    store = await open_store(home)
    try:
        await store.connections.create(name=name, source="process", nature="live", options={}, account={}, at=AT)
    finally:
        await store.close()
    return folder


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def value(self) -> Any:
        return json.loads(self.text)


@dataclass(slots=True)
class Client:
    """With the token, unless other headers are given."""

    origin: str
    session: aiohttp.ClientSession
    server: Serving
    token: str = TOKEN

    async def __call__(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: Any = None, **more: Any
    ) -> Answer:
        sent = {"Authorization": f"Bearer {self.token}"} if headers is None else dict(headers)
        if body is not None:
            more["json"] = body
        url = self.origin + path
        async with self.session.request(method, url, headers=sent, allow_redirects=False, **more) as answer:
            return Answer(answer.status, answer.headers, await answer.text())

    async def get(self, path: str) -> Any:
        answer = await self("GET", path)
        assert answer.status == 200, answer.text
        return answer.value

    async def events(self, path: str, *, last: str | None = None) -> AsyncGenerator[tuple[str, str, Any]]:
        """(id, name, data) as they come, to the end of the stream."""
        headers = {"Authorization": f"Bearer {self.token}"} | ({} if last is None else {"Last-Event-ID": last})
        async with self.session.get(self.origin + path, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            found: dict[str, str] = {}
            async for line in answer.content:
                name, _, value = line.decode().rstrip("\r\n").partition(": ")
                if name:
                    found[name] = value
                elif "data" in found:
                    yield found["id"], found["event"], json.loads(found["data"])
                    found = {}


@asynccontextmanager
async def served(home: Path, *, failures: int = 10, config: Config | None = None) -> AsyncGenerator[Client]:
    """The server in a task of its own, as fixtures are set up and torn down in different ones."""
    ready: asyncio.Future[Serving] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def live() -> None:
        try:
            async with serving(home, port=0, config=config or Config(), gate=Gate(TOKEN, failures=failures)) as server:
                ready.set_result(server)
                await over.wait()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    task = asyncio.create_task(live())  # noqa: TID251  no group can be entered in one task and left in another
    server = await ready
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        try:
            yield Client(f"http://{server.address}", session, server)
        finally:
            over.set()
            await task
