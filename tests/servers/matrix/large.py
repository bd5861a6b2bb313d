"""A first sync of many rooms, killed again and again: run by hand, for it takes a while to make them.

    PYTHONPATH=host:tests .venv/bin/python -m servers.matrix.large FOLDER --rooms 200 --events 50000 --kills 5

Says of each run how much was stored, how often the homeserver was asked, and the most memory the command took; at the
end, whether the store is what another client reads. The homeserver in FOLDER is kept, and used again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import time
from pathlib import Path

from background import background
from e2e import command as commands
from servers.matrix.owner import MatrixOwner, an_owner
from servers.matrix.synapse import Person, Synapse, synapse

WRITERS = 8
LOOK_SECONDS = 0.2
HOUR = 3600.0
PAGE = 100
"""Events that one request brings."""


async def reader_of_all(server: Synapse, kept: Path, rooms: int, events: int) -> Person:
    """Who is in all rooms, which are filled if they are not yet. `kept`: where that is remembered."""
    if kept.exists():  # noqa: ASYNC240  here and below: a moment, and nobody waits
        return Person(server, **json.loads(kept.read_text()))  # noqa: ASYNC240
    ada, bob = await server.registers("ada"), await server.registers("bob")
    await fill(ada, bob, rooms, events)
    kept.write_text(json.dumps({"id": ada.id, "token": ada.token, "device": ada.device}))  # noqa: ASYNC240
    return ada


async def fill(ada: Person, bob: Person, rooms: int, events: int) -> None:
    """Rooms of different sizes: a few hold much, most hold little."""
    shares = [1 / (number + 5) for number in range(rooms)]
    waiting = [(number, round(events * share / sum(shares))) for number, share in enumerate(shares)]

    async def write() -> None:
        while waiting:
            number, size = waiting.pop(0)
            room = await bob.creates(f"Room {number}")
            await ada.joins(room)
            for line in range(size):
                await bob.says(room, f"Line {line} of room {number}")
            print(f"room {number}: {size} lines", flush=True)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(WRITERS):
            tasks.create_task(write())


def most_memory(pid: int) -> int:
    """The most that a process has taken, in MiB; 0 where it is gone."""
    try:
        told = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return 0 if told is None else int(told[1]) >> 10


async def run(owner: MatrixOwner, most_requests: int | None) -> int:
    """Its exit status: -9 where it was killed, once it had asked so often."""
    owner.front.asked.clear()
    begun, peak = time.monotonic(), 0
    async with owner.command.running("run", "mine", "--json") as running, background(running.finished()) as over:
        while not over.done() and (most_requests is None or len(owner.front.asked) < most_requests):
            peak = max(peak, most_memory(running.process.pid))
            await asyncio.wait([over], timeout=LOOK_SECONDS)
        if not over.done():
            running.kill()
        ended = await over
    took = time.monotonic() - begun
    stored = (await owner.asks("counts", "messages"))["records"]
    print(f"exit {ended.exit_code}: {stored:,} stored, {len(owner.front.asked):,} requests, {peak} MiB, {took:.0f} s")
    if ended.exit_code not in (0, -9):
        print(ended.stderr)
    return ended.exit_code


async def main(folder: Path, rooms: int, events: int, kills: int) -> None:
    commands.LONGEST = HOUR
    async with synapse(folder / "homeserver") as server:
        ada = await reader_of_all(server, folder / "reader.json", rooms, events)
        shutil.rmtree(folder / "owner", ignore_errors=True)
        async with an_owner(ada, folder / "owner") as owner:
            for _ in range(kills):
                await run(owner, most_requests=events // PAGE // (kills + 1))
            for _ in ("the rest", "nothing new"):
                assert await run(owner, None) == 0
            await owner.check_that_all_is_here()
            print("The store is what the other client reads.")


if __name__ == "__main__":
    given = argparse.ArgumentParser()
    given.add_argument("folder", type=Path)
    given.add_argument("--rooms", type=int, default=200)
    given.add_argument("--events", type=int, default=50_000)
    given.add_argument("--kills", type=int, default=5)
    wanted = given.parse_args()
    asyncio.run(main(wanted.folder.absolute(), wanted.rooms, wanted.events, wanted.kills))
