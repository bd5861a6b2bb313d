"""Ten thousand files of 1 to 2,000 bytes in one run, whose process is killed in between: each whole, each content once,
and no more memory than one takes; tests/engine/files/test_step_tiny_files.py is the small one.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from media_artifacts import kept, kept_digests
from polyhost.ledger.files import FileState
from polyhost.store.base import FileQuery
from polyhost.store.opening import open_store
from tiny_files import site_of_tiny_files, start, truth

pytestmark = [pytest.mark.requirement("SL-2"), pytest.mark.timeout(1_800)]

COUNT = 10_000
KILLS = 6
MAY_GROW_MIB = 48
"""Over what a run of one file takes: pages of the queue, what is on its way, what was tried."""


async def test_ten_thousand_tiny_files_come_whole_in_flat_memory(tmp_path: Path):
    chance = random.Random(5)
    async with site_of_tiny_files() as port:
        least = await run(tmp_path / "one", port, 1)
        home = tmp_path / "home"
        for _ in range(KILLS):
            before = len(kept_digests(home))
            process = await start(home, port, COUNT)
            while len([*(home / "files").glob("[0-9a-f][0-9a-f]/*")]) < before + chance.randrange(200, 900):  # noqa: ASYNC110  the disk tells nobody
                await asyncio.sleep(0.005)
            process.kill()
            await process.wait()
            await what_is_here_is_whole(home)
        most = await run(home, port, COUNT)
    assert kept(home) == truth(COUNT)
    assert await what_is_here_is_whole(home) == COUNT
    assert most - least < MAY_GROW_MIB, (most, least)
    print(f"\n{COUNT:,} files, {len(truth(COUNT)):,} contents; memory: {least} MiB with one, {most} MiB with all")


async def run(home: Path, port: int, count: int) -> int:
    """To its end; its memory, in MiB."""
    process = await start(home, port, count)
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return int(printed)


async def what_is_here_is_whole(home: Path) -> int:
    """How many files the store calls here: of each of them a whole content lies in its place."""
    on_disk = kept_digests(home)
    store = await open_store(home)
    try:
        connection = await store.connections.get("work")
        assert connection is not None
        after, here = None, 0
        while True:
            asked = FileQuery(states=frozenset({FileState.HERE}), after=after, limit=1_000)
            page = await store.files.find(connection.id, asked)
            assert {row.facts.content.digest for row in page.files if row.facts.content} <= on_disk
            here += len(page.files)
            if (after := page.next) is None:
                return here
    finally:
        await store.close()
