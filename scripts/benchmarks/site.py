"""The page the benchmark's polyfill runs in: an empty document from a server on the loopback address.

Must not know: polyfills, what is measured.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from polyhost.browser.launch import BrowserOptions
from polyhost.browser.locate import find_browser
from polyhost.connectors.loading import LoadedSource, load_connector_folder
from polyhost.connectors.page import PagePolyfill

__all__ = ["CHAT", "Chat", "serve_chat"]

CHAT = Path(__file__).parent / "chat"


class Chat:
    """The made-up chat service with so many messages."""

    def __init__(self, records: int, port: int) -> None:
        self.source: LoadedSource = load_connector_folder(CHAT)
        declared = self.source.manifest.polyfill
        assert declared is not None  # noqa: S101  it is in our own manifest
        self.script = self.source.read_script()
        self.polyfill = PagePolyfill(
            page=f"{declared.page}?records={records}",
            hosts=declared.hosts,
            script=self.script,
            script_name="chat/polyfill.js",
        )
        self.browser = BrowserOptions(
            map_hosts=dict.fromkeys(declared.hosts, f"127.0.0.1:{port}"),
            executable=find_browser(),  # a whole one, as a live run has it
        )


@asynccontextmanager
async def serve_chat(records: int) -> AsyncGenerator[Chat]:
    """Serve it on a free port."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>chat</title>", content_type="text/html")

    application = web.Application()
    application.router.add_get("/", page)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Chat(records, runner.addresses[0][1])
    finally:
        await runner.cleanup()
