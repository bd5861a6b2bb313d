"""Runs of other processes on the same home, as a server sees them: through their sockets, while they go on.

Owns: finding those, and a copy of what each has said and asks. Must not know: HTTP, how such a run goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from polyhost.engine import events
from polyhost.engine.events import OwnerAsked, RunEvent
from polyhost.engine.hosting._sockets import remove, run_of, socket_folder
from polyhost.engine.hosting._timeline import Timeline
from polyhost.engine.hosting.run_host import Elsewhere, OpenQuestion
from polyhost.engine.hosting.socket_server import MAX_LINE_BYTES
from polyhost.errors import PolyhostError

__all__ = ["Neighbours"]

LOOK_SECONDS = 0.5
"""Between two looks for new sockets: what is asked at a terminal shows on a page after that."""
MOST_REMEMBERED = 32
_KINDS: dict[str, type[RunEvent]] = {kind.__name__: kind for kind in events.RunEvent.__args__}


@dataclass(slots=True)
class _Neighbour:
    run_id: str
    writer: asyncio.StreamWriter
    connection: str = ""
    timeline: Timeline = field(default_factory=Timeline)
    waiting: dict[str, OwnerAsked] = field(default_factory=dict[str, OwnerAsked])


class Neighbours(Elsewhere):
    """See `Elsewhere`. `run` goes on until it is cancelled."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._known: dict[str, _Neighbour] = {}

    async def run(self) -> None:
        """Look for sockets, and listen to each."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                for path in self._sockets():
                    run_id = run_of(path)
                    if run_id is not None and run_id not in self._known:
                        await self._meet(run_id, path, tasks)
                await asyncio.sleep(LOOK_SECONDS)

    def questions(self) -> Sequence[OpenQuestion]:
        return [
            OpenQuestion(connection=one.connection, run_id=one.run_id, asked=asked)
            for one in self._known.values()
            for asked in one.waiting.values()
        ]

    async def answer(self, run_id: str, request_id: str, status: str, data: Any) -> bool:
        one = self._known.get(run_id)
        if one is None or one.waiting.pop(request_id, None) is None:
            return False
        try:
            one.writer.write(orjson.dumps({"request_id": request_id, "status": status, "data": data}) + b"\n")
            await one.writer.drain()
        except OSError:
            return False
        return True

    def timeline(self, run_id: str) -> Timeline | None:
        one = self._known.get(run_id)
        return None if one is None else one.timeline

    def _sockets(self) -> Sequence[Path]:
        try:
            return sorted(socket_folder(self._home).glob("*.sock"))
        except (OSError, PolyhostError):
            return ()

    async def _meet(self, run_id: str, path: Path, tasks: asyncio.TaskGroup) -> None:
        try:
            reader, writer = await asyncio.open_unix_connection(path, limit=MAX_LINE_BYTES)
        except ConnectionRefusedError:
            remove(path)  # its process was killed
            return
        except OSError:
            return
        over = [known for known, one in self._known.items() if one.timeline.over]
        for known in over[: max(0, len(over) - MOST_REMEMBERED)]:
            del self._known[known]
        self._known[run_id] = one = _Neighbour(run_id, writer)
        tasks.create_task(_listen(one, reader))


async def _listen(one: _Neighbour, reader: asyncio.StreamReader) -> None:
    try:
        with suppress(OSError, ValueError, KeyError, TypeError):  # it was killed, or is of another version
            async for line in reader:
                _take(one, orjson.loads(line))
    finally:
        one.waiting.clear()
        one.timeline.close()
        one.writer.close()


def _take(one: _Neighbour, told: dict[str, Any]) -> None:
    if "settled" in told:
        one.waiting.pop(told["settled"], None)
        return
    event = _KINDS[told["event"]](**told["data"])
    if isinstance(event, events.RunStarted):
        one.connection = event.connection
    if isinstance(event, OwnerAsked):
        one.waiting[event.request_id] = event
    one.timeline.add(event)
