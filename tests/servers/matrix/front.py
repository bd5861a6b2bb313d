"""A small reverse proxy in front of a homeserver: it counts what is asked, answers instead of it, and holds requests.

Must not know: Matrix, who asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web
from yarl import URL

__all__ = ["Front", "Held", "front"]

HOP = {"connection", "keep-alive", "transfer-encoding", "content-encoding", "content-length", "host", "upgrade"}
API = "/_matrix/client/"

Instead = Callable[[web.Request], web.Response | None]


@dataclass
class Held:
    """A request that came and is not answered. `reached`: it has come."""

    number: int
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Front:
    """It stands at `url`. `asked`: the paths of the API that were asked for since it was cleared."""

    behind: str
    session: ClientSession
    port: int = 0
    asked: list[str] = field(default_factory=list[str])
    instead: Instead | None = None
    """What answers in the homeserver's place; None, or where it gives None: the homeserver."""
    held: Held | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answers(self, status: int, body: Mapping[str, Any], *, to: str, times: int) -> None:
        """The next requests whose path holds `to` are answered so."""
        left = times

        def instead(request: web.Request) -> web.Response | None:
            nonlocal left
            if to not in request.path or left == 0:
                return None
            left -= 1
            return web.json_response(dict(body), status=status, headers={"Access-Control-Allow-Origin": "*"})

        self.instead = instead

    async def handle(self, request: web.Request) -> web.StreamResponse:
        is_api = request.path.startswith(API) and request.method != "OPTIONS"
        if is_api:
            self.asked.append(request.path)
            held = self.held
            if held is not None and len(self.asked) >= held.number:
                held.reached.set()
                await held.release.wait()
                raise web.HTTPServiceUnavailable
            if self.instead is not None and (answer := self.instead(request)) is not None:
                return answer
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        url = URL(self.behind + request.raw_path, encoded=True)
        body = await request.read()
        async with self.session.request(request.method, url, headers=headers, data=body, allow_redirects=False) as told:
            kept = [(name, value) for name, value in told.headers.items() if name.lower() not in HOP]
            return web.Response(status=told.status, body=await told.read(), headers=dict(kept))


@asynccontextmanager
async def front(behind: str) -> AsyncIterator[Front]:
    async with ClientSession(auto_decompress=True) as session:
        one = Front(behind, session)
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", one.handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        one.port = runner.addresses[0][1]
        try:
            yield one
        finally:
            await runner.cleanup()
