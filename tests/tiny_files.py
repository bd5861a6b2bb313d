"""Thousands of tiny files of a site, fetched as a run does it, in a process that may be killed.

    python -m tiny_files HOME PORT COUNT

Fetches what is not here yet, and prints its memory at the most, in MiB. Only the site's pace is left out, as it is in
replays. Must not know: what is expected of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import resource
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from checkout import ROOT
from polyhost.browser.governor import Gate, Governor
from polyhost.browser.launch import BrowserOptions
from polyhost.browser.site_access import SiteAccess
from polyhost.engine.clock import Clock
from polyhost.engine.files.downloading import Downloading
from polyhost.engine.files.step import FileStep
from polyhost.engine.files.wanted import FilesWanted
from polyhost.files.contents import Contents
from polyhost.protocol.scope import Scope, StreamScope
from polyhost.store.base import Store
from polyhost.store.opening import open_store
from store.making import connect_and_open
from store.test_files import RULES, holding, put

__all__ = ["content", "fetch_tiny", "site_of_tiny_files", "start", "truth"]

_TYPE = "application/octet-stream"
_PAGE = 1_000


def content(number: int) -> bytes:
    """1 to 2,000 bytes; every tenth file is the one before it once more."""
    number -= number % 10 == 9
    return b"\0" + random.Random(number).randbytes(number * 7_919 % 2_000)


def truth(count: int) -> Mapping[str, bytes]:
    """What so many files are, by their digests."""
    return {hashlib.sha256(data).hexdigest(): data for data in map(content, range(count))}


@asynccontextmanager
async def site_of_tiny_files() -> AsyncIterator[int]:
    """Its port on this machine."""

    async def serve(request: web.Request) -> web.Response:
        return web.Response(body=content(int(request.match_info["number"])), content_type=_TYPE)

    application = web.Application()
    application.add_routes([web.get("/{number}", serve)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def fetch_tiny(store: Store, home: Path, port: int, count: int) -> int:
    """Fetch what is not here yet of so many files; the number of the connection that they are of."""
    place = f"http://127.0.0.1:{port}"
    known = await store.connections.get("work")
    connection_id = (await connect_and_open(store)).id if known is None else known.id
    for first in range(0, count if known is None else 0, _PAGE):
        numbers = range(first, min(count, first + _PAGE))
        records = [holding(each, {"id": str(each), "url": f"{place}/{each}", "type": _TYPE}) for each in numbers]
        await put(store, connection_id, *records)
    into = Downloading(contents=Contents(home), store=store, connection_id=connection_id, clock=Clock())
    everything = Scope(streams=(StreamScope(name="messages"),))
    step = FileStep(wanted=FilesWanted(), scope=everything, rules=RULES, open_fetch=into.open)
    access = SiteAccess(
        options=BrowserOptions(allow_hosts=(place,)),
        gate=Gate(Governor(), pace=False),
        page=place,
        user_agent="tests",
        cookies=(),
    )
    await step.fetch(store, connection_id, access, lambda _: None)
    return connection_id


async def start(home: Path, port: int, count: int) -> asyncio.subprocess.Process:
    """The process of this module."""
    path = os.pathsep.join(str(ROOT / part) for part in ("host", "tests"))
    words = ["-m", "tiny_files", str(home), str(port), str(count)]
    return await asyncio.create_subprocess_exec(
        sys.executable, *words, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    )


async def _main(home: str, port: str, count: str) -> None:
    store = await open_store(Path(home))
    try:
        await fetch_tiny(store, Path(home), int(port), int(count))
    finally:
        await store.close()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
