"""Runs of other processes on the same home: found by their sockets, while they go on.

Owns: finding all of them, or one by its id. Must not know: what is said over a socket, HTTP, how such a run goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from polyhost.engine.control._sockets import is_run_id, remove, run_of, socket_path
from polyhost.engine.control._wire import MAX_LINE_BYTES
from polyhost.engine.control.owner_sockets import socket_folder
from polyhost.engine.control.remote import RemoteRun
from polyhost.engine.control.run_control import OpenQuestion
from polyhost.errors import PolyhostError

__all__ = ["RemoteRuns", "reach"]

LOOK_SECONDS = 0.5
"""Between two looks for new sockets: what is asked at a terminal shows on a page after that."""
MOST_REMEMBERED = 32


class RemoteRuns:
    """All of them, for a process that stays. `run` goes on until it is cancelled. `ours`: which runs are this process's
    own, and no business of this."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._known: dict[str, RemoteRun] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._looking = asyncio.Lock()
        self.ours: Callable[[str], bool] = lambda run_id: False

    async def run(self) -> None:
        """Look for sockets, and listen to each."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                while True:
                    await self.look()
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._tasks = None

    async def look(self) -> None:
        """Meet those that have begun since the last look: one that is asked for may be that new."""
        async with self._looking:
            for path in self._sockets():
                run_id = run_of(path)
                if run_id is not None and run_id not in self._known and not self.ours(run_id):
                    await self._meet(run_id, path)

    def questions(self) -> Sequence[OpenQuestion]:
        """Everything that waits for its owner."""
        return [question for run in self._known.values() for question in run.questions()]

    def find(self, run_id: str) -> RemoteRun | None:
        """A run that was met, also one that has ended since; the oldest of those are forgotten."""
        return self._known.get(run_id)

    def _sockets(self) -> Sequence[Path]:
        try:
            return sorted(socket_folder(self._home).glob("*.sock"))
        except (OSError, PolyhostError):
            return ()

    async def _meet(self, run_id: str, path: Path) -> None:
        run = await _connected(run_id, path)
        tasks = self._tasks
        if run is None:
            return
        if tasks is None:  # nobody would listen to it
            run.close()
            return
        over = [known for known, one in self._known.items() if not one.is_alive]
        for known in over[: max(0, len(over) - MOST_REMEMBERED)]:
            del self._known[known]
        _listening(tasks, run)
        self._known[run_id] = run


@asynccontextmanager
async def reach(home: Path, run_id: str) -> AsyncGenerator[RemoteRun | None]:
    """One run of another process, for as long as the block takes; None where none of this id can be reached."""
    try:
        path = socket_path(home, run_id) if is_run_id(run_id) else None
    except (OSError, PolyhostError):
        path = None
    run = None if path is None else await _connected(run_id, path)
    if run is None:
        yield None
        return
    failure: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        listening = _listening(tasks, run)
        try:
            yield run
        except Exception as error:
            failure = error  # what the block raises is raised as it is, and not as a group of one
        finally:
            listening.cancel()
    if failure is not None:
        raise failure


def _listening(tasks: asyncio.TaskGroup, run: RemoteRun) -> asyncio.Task[None]:
    """However that ends, also before it has begun, the stream is let go of."""
    listening = tasks.create_task(run.listen())
    listening.add_done_callback(lambda _: run.close())
    return listening


async def _connected(run_id: str, path: Path) -> RemoteRun | None:
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=MAX_LINE_BYTES)
    except ConnectionRefusedError:
        remove(path)  # its process was killed
        return None
    except OSError:
        return None
    return RemoteRun(run_id, reader, writer)
