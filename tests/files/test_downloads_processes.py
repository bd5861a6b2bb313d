"""A fetch in a process of its own: how much memory it takes, and what is left when it is killed (SL-2)."""

from __future__ import annotations

import asyncio
import hashlib
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from files.hostile_site import Asked, Site, head, serving
from polyhost.files.access import FileAccess
from polyhost.files.contents import Contents
from polyhost.files.downloads import Downloads, Fetched, Wanted
from polyhost.ledger.files import FileState
from polyhost.protocol.host_patterns import host_pattern
from polyhost.proxy import Policy

pytestmark = pytest.mark.requirement("SL-2")

LARGE = 200_000_000
MOST_GROWTH = 40 * 1024 * 1024
"""Of a process that fetches them: buffers of the client, of the proxy and of the disk's threads."""

FETCHER = """
import asyncio, resource, sys
from pathlib import Path
from polyhost.files.access import FileAccess
from polyhost.files.contents import Contents
from polyhost.files.downloads import Downloads, Wanted
from polyhost.protocol.host_patterns import host_pattern
from polyhost.proxy import Policy

async def main(home, port):
    place = f"127.0.0.1:{port}"
    policy = Policy(allow=(host_pattern(place),))
    async with Downloads(Contents(Path(home)), FileAccess(hosts=(place,)), policy) as downloads:
        for path in ("small", "f"):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            fetched = await downloads.fetch(Wanted(1, f"http://{place}/{path}"), 1 << 40)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(fetched.content.digest, (after - before) * 1024)

asyncio.run(main(*sys.argv[1:]))
"""


async def start(home: Path, port: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", FETCHER, str(home), str(port), stdout=asyncio.subprocess.PIPE
    )


@pytest.fixture
async def large_file(tmp_path: Path) -> AsyncIterator[tuple[int, str]]:
    """A real server with a real file: its port, and the file's digest."""
    path, digest, chance = tmp_path / "large.bin", hashlib.sha256(), random.Random(3)
    with path.open("wb") as file:
        for _ in range(LARGE // 1_000_000):
            piece = chance.randbytes(1_000_000)
            digest.update(piece)
            file.write(piece)

    async def serve_file(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(path)

    async def serve_small(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(1_000_000))

    app = web.Application()
    app.add_routes([web.get("/f", serve_file), web.get("/small", serve_small)])
    runner = web.AppRunner(app)
    await runner.setup()
    address = web.TCPSite(runner, "127.0.0.1", 0)
    await address.start()
    yield runner.addresses[0][1], digest.hexdigest()
    await runner.cleanup()
    path.unlink()


async def test_two_hundred_megabytes_come_in_flat_memory(large_file: tuple[int, str], home: Path):
    port, digest = large_file
    fetcher = await start(home, port)
    printed, _ = await fetcher.communicate()
    got, growth = printed.decode().split()
    assert got == digest
    assert int(growth) < MOST_GROWTH
    assert Contents(home).path(digest).stat().st_size == LARGE


async def test_a_fetch_whose_process_is_killed_is_gone_on_with(home: Path):
    data = random.Random(4).randbytes(12_000_000)
    ranges: list[str | None] = []

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        ranges.append(asked.headers.get("range"))
        first = 0 if ranges[-1] is None else int(ranges[-1].removeprefix("bytes=").removesuffix("-"))
        more = {"Content_Range": f"bytes {first}-{len(data) - 1}/{len(data)}"} if first else {}
        writer.write(head("206 x" if first else "200 x", ETag='"1"', Content_Length=len(data) - first, **more))
        writer.write(data[first:] if first else data[:8_000_000])
        await writer.drain()
        if not first:
            await writer.wait_closed()

    async def small(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(head(Content_Length=1) + b"x")
        await writer.drain()

    def came() -> int:
        return sum(path.stat().st_size for path in (home / "files").glob("partial/*.part"))

    async with serving(Site({"/f": answer, "/small": small})) as site:
        fetcher = await start(home, site.port)
        async with asyncio.timeout(30):
            while came() < 4_000_000:  # noqa: ASYNC110  the disk tells nobody
                await asyncio.sleep(0.01)
        fetcher.kill()
        await fetcher.wait()
        have = came()
        assert [*Contents(home).digests()] == [hashlib.sha256(b"x").hexdigest()]

        place = f"127.0.0.1:{site.port}"
        policy = Policy(allow=(host_pattern(place),))
        async with Downloads(Contents(home), FileAccess(hosts=(place,)), policy) as downloads:
            fetched: Fetched = await downloads.fetch(Wanted(1, f"http://{place}/f"), 1 << 40)
    assert ranges == [None, f"bytes={have - 4096}-"]
    assert fetched.state is FileState.HERE
    assert fetched.content is not None
    assert fetched.content.digest == hashlib.sha256(data).hexdigest()
    assert Contents(home).check(fetched.content) == "whole"
