"""What stands before the wiki: it passes everything on, counts, and can be made to fail, to wait and to say "later".

Owns: the address that browser and clients know. Must not know: what is asked.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

__all__ = ["Fault", "Front", "a_front"]

Fault = Callable[[str], web.Response | str | None]
"""What becomes of a question to api.php, by its query: an answer in the wiki's place, another query, or nothing odd."""
HOP = {"connection", "keep-alive", "transfer-encoding", "content-encoding", "content-length", "host"}


@dataclass(slots=True)
class Front:
    address: str
    behind: int
    asked: list[str] = field(default_factory=list[str])
    """The queries that a browser's page put to api.php."""
    answered: Counter[int] = field(default_factory=Counter[int])
    faults: list[Fault] = field(default_factory=list[Fault])
    held_at: int | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def hold(self, number: int) -> None:
        """From the question of this number on, counted from now, nothing is answered until `release`."""
        self.asked.clear()
        self.held_at = number
        self.reached.clear()
        self.released.clear()

    def release(self) -> None:
        self.held_at = None
        self.released.set()

    async def answer(self, request: web.Request) -> web.Response:
        query, is_question = request.rel_url.raw_query_string, request.path.endswith("/api.php")
        if is_question and "Mozilla" in request.headers.get("User-Agent", ""):
            self.asked.append(request.query_string)
            if self.held_at is not None and len(self.asked) >= self.held_at:
                self.reached.set()
                await self.released.wait()
                raise web.HTTPServiceUnavailable
            for fault in self.faults if "maxlag=" in query else ():  # what a run asks, not the probe before it
                made = fault(query)
                if isinstance(made, web.Response):
                    self.answered[made.status] += 1
                    return made
                query = made or query
        return await self._passed_on(request, query)

    async def _passed_on(self, request: web.Request, query: str) -> web.Response:
        path = f"http://127.0.0.1:{self.behind}{request.rel_url.raw_path}" + (f"?{query}" if query else "")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        headers["Host"] = self.address.split("://")[1].split("/")[0]
        async with (
            aiohttp.ClientSession(auto_decompress=True, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(
                request.method,
                aiohttp.client.URL(path, encoded=True),
                headers=headers,
                data=await request.read(),
                allow_redirects=False,
            ) as said,
        ):
            body = await said.read()
            made = web.Response(status=said.status, body=body)
            for name, value in said.headers.items():
                if name.lower() not in HOP:
                    made.headers.add(name, value)
            return made


@asynccontextmanager
async def a_front(port: int, behind: int) -> AsyncIterator[Front]:
    front = Front(f"http://127.0.0.1:{port}/w", behind)
    application = web.Application(client_max_size=64 << 20)
    application.router.add_route("*", "/{path:.*}", front.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield front
    finally:
        front.release()
        await runner.cleanup()
