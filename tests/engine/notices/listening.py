"""A webhook on this machine that keeps what was posted, and answers as a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

__all__ = ["Listening", "Posted", "listening"]


@dataclass(frozen=True, slots=True)
class Posted:
    headers: Mapping[str, str]
    text: str


@dataclass(slots=True)
class Listening:
    url: str = ""
    answers: list[int] = field(default_factory=list)
    """Statuses of the next answers; 200 once they are used up."""
    posted: list[Posted] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        self.posted.append(Posted(dict(request.headers), await request.text()))
        async with self.arrived:
            self.arrived.notify_all()
        return web.Response(status=self.answers.pop(0) if self.answers else 200, headers={"Location": self.url})

    async def has(self, count: int) -> list[Posted]:
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.posted) >= count)
        return self.posted


@asynccontextmanager
async def listening() -> AsyncIterator[Listening]:
    hook = Listening()
    app = web.Application()
    app.router.add_post("/topic", hook.take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        hook.url = f"http://127.0.0.1:{port}/topic"
        yield hook
    finally:
        await runner.cleanup()
