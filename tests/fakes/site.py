"""A web server that is many sites: every test takes a host name of its own under `.localhost`, where browsers allow
service workers, and says what its paths answer. Hosts that answer nothing special answer 404, and are counted too."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class SiteHost:
    """One site of the server."""

    name: str
    handlers: dict[str, Handler] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def url(self, path: str = "/") -> str:
        return f"http://{self.name}{path}"

    def route(self, path: str, handler: Handler) -> None:
        self.handlers[path] = handler

    def page(self, html: str = "<p>hello</p>", path: str = "/", **headers: str) -> None:
        async def answer(_request: web.Request) -> web.Response:
            return web.Response(text=f"<!doctype html><body>{html}</body>", content_type="text/html", headers=headers)

        self.route(path, answer)

    def text(self, path: str, text: str, content_type: str = "application/json", **headers: str) -> None:
        async def answer(_request: web.Request) -> web.Response:
            return web.Response(text=text, content_type=content_type, headers={"Cache-Control": "no-store", **headers})

        self.route(path, answer)

    def redirect(self, path: str, to: str) -> None:
        async def answer(_request: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": to})

        self.route(path, answer)


class Sites:
    """All sites of one server."""

    suffix = "localhost"

    def __init__(self) -> None:
        self.port = 0
        self.requests = 0
        self._hosts: dict[str, SiteHost] = {}
        self._numbers = itertools.count(1)

    def new(self, label: str = "site", *, under: str = suffix) -> SiteHost:
        name = f"{label}{next(self._numbers)}.{under}"
        self._hosts[name] = SiteHost(name)
        return self._hosts[name]

    @property
    def mapping(self) -> dict[str, str]:
        """What `BrowserOptions.map_hosts` takes."""
        return {f"*.{self.suffix}": f"127.0.0.1:{self.port}"}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        site = self._hosts.get(request.host.partition(":")[0])
        if site is None:
            raise web.HTTPNotFound
        site.seen.append(request.path)
        handler = site.handlers.get(request.path)
        if handler is None:
            raise web.HTTPNotFound
        return await handler(request)


@asynccontextmanager
async def serve_sites() -> AsyncGenerator[Sites]:
    """Serve on a free port of the loopback address."""
    sites = Sites()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", sites.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    sites.port = runner.addresses[0][1]
    try:
        yield sites
    finally:
        await runner.cleanup()
