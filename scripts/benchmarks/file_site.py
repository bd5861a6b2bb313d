"""The site that `bench files` fetches from, in a process of its own: the files of a folder, encrypted or not.

    python -m benchmarks.file_site FOLDER

Prints its two ports, and serves until its stdin ends. Must not know: who fetches, how fast that is.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from pathlib import Path

import trustme
from aiohttp import web

__all__: list[str] = []


async def _serve(folder: Path) -> None:
    application = web.Application()
    application.router.add_static("/", folder)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    certified = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(certified)
    try:
        for context in (None, certified):
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        print(*(port for _, port in runner.addresses), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
