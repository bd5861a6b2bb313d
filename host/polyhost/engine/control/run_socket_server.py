"""Lets a run of this process be reached from other processes on the same home.

Owns: the run's socket, from the moment the run begins to its last word. Must not know: who is at the other end, what
the run does. Answers pass through and are kept nowhere.
"""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any, Self

import orjson

from polyhost.engine.control._sockets import socket_path
from polyhost.engine.control._wire import MAX_LINE_BYTES, act, event_line, line
from polyhost.engine.control.local import LocalRun
from polyhost.engine.control.owner_sockets import listen_at
from polyhost.engine.events import OwnerAsked
from polyhost.errors import PolyhostError

__all__ = ["GOODBYE_SECONDS", "RunSocket"]

GOODBYE_SECONDS = 1.0
"""How long whoever listens has to hear the last of a run."""


class RunSocket:
    """One run's socket. It is there once it is opened; `serve` answers, and takes it away."""

    def __init__(self, run: LocalRun, path: Path, listening: socket.socket) -> None:
        self._run = run
        self._path = path
        self._listening = listening
        self._serving: set[asyncio.Task[Any]] = set()

    @classmethod
    def open(cls, home: Path, run: LocalRun) -> Self | None:
        """None where there can be none: the run goes on all the same, and is reached from nowhere else."""
        try:
            path = socket_path(home, run.run_id)
            listening = listen_at(path)
        except (OSError, PolyhostError):
            return None
        return cls(run, path, listening)

    async def serve(self) -> None:
        """Until the run is over and everyone has heard the last of it, for a bounded time."""
        try:
            server = await asyncio.start_unix_server(self._serve, sock=self._listening, limit=MAX_LINE_BYTES)
            try:
                await self._run.timeline.closed()
                if self._serving:
                    await asyncio.wait(self._serving, timeout=GOODBYE_SECONDS)
            finally:
                server.close()
                for task in self._serving:
                    task.cancel()
        finally:
            self._listening.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

        def settled(request_id: str) -> None:
            writer.write(line({"settled": request_id}))

        self._run.on_settled.append(settled)
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = [tasks.create_task(one) for one in (self._hear(reader, writer), self._tell_pauses(writer))]
                await self._tell(writer)
                for one in beside:
                    one.cancel()
        except* (OSError, TypeError, ValueError):
            pass  # whoever listened has gone, or talks nonsense
        finally:
            self._run.on_settled.remove(settled)
            writer.close()

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        writer.write(line({"run_id": self._run.run_id, "connection": self._run.connection}))
        async for number, event in self._run.events():
            writer.write(event_line(number, event))
            if isinstance(event, OwnerAsked) and event.request_id in self._run.settled:
                writer.write(line({"settled": event.request_id}))
            await writer.drain()

    async def _tell_pauses(self, writer: asyncio.StreamWriter) -> None:
        while True:
            change = self._run.pausing.change()
            writer.write(line({"paused": self._run.is_paused}))
            await change.wait()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for text in reader:
            given = orjson.loads(text)
            if not isinstance(given, dict):
                raise TypeError("a line is an object")
            done = await act(self._run, given)
            writer.write(line({"paused": self._run.is_paused}))
            writer.write(line({"reply": given.get("number"), "done": done}))
