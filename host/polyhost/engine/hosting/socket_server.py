"""Lets a run of this process be seen, and its questions be answered, by a server on the same home.

Owns: the run's socket for as long as it goes on, and that the first answer counts, wherever it came from. Must not
know: terminals, HTTP. Answers pass through and are kept nowhere.

One JSON object a line. To a server: `{"seq", "event", "data"}` and `{"settled": request_id}`; from it:
`{"request_id", "status", "data"}`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from polyhost.engine import events
from polyhost.engine.events import Answer, OwnerAsked, RunEvent, Watcher
from polyhost.engine.hosting._sockets import socket_path
from polyhost.engine.hosting._timeline import Timeline
from polyhost.engine.hosting.run_host import ANSWERS
from polyhost.engine.hosting.server_lock import is_on_duty
from polyhost.errors import PolyhostError

__all__ = ["MAX_LINE_BYTES", "heard_elsewhere"]

MAX_LINE_BYTES = 2 * 1024 * 1024
"""A run's result, with its receipt and diagnostics, is kilobytes."""

GOODBYE_SECONDS = 1.0


@asynccontextmanager
async def heard_elsewhere(
    home: Path, watch: Watcher, answer: Answer, *, overtaken: Callable[[str], None] | None
) -> AsyncGenerator[tuple[Watcher, Answer]]:
    """What a run in the block is to be watched and asked with. `overtaken`: `answer` asks somebody, and this tells them
    that a question was answered elsewhere, with its status, once `answer` has ended. None: `answer` asks nobody, and a
    question is worth waiting for only while a server is there to show it."""
    failure: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        run = _Heard(home, watch, answer, tasks, overtaken)
        try:
            yield run.watch, run.answer
        except Exception as error:  # handed on below, as it is: a task group would wrap it up
            failure = error
        finally:
            await run.end()
    if failure is not None:
        raise failure


class _Heard:
    def __init__(
        self,
        home: Path,
        watch: Watcher,
        answer: Answer,
        tasks: asyncio.TaskGroup,
        overtaken: Callable[[str], None] | None,
    ) -> None:
        self._home = home
        self._watch = watch
        self._answer = answer
        self._tasks = tasks
        self._overtaken = overtaken
        self._timeline = Timeline()
        self._waiting: dict[str, asyncio.Future[tuple[str, Any]]] = {}
        self._settled: set[str] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[Any]] = set()
        self._listening: asyncio.Task[None] | None = None

    def watch(self, event: RunEvent) -> None:
        if isinstance(event, events.RunStarted):
            self.close()
            self._timeline = Timeline()
            self._settled.clear()
            self._listening = self._tasks.create_task(self._listen(event.run_id))
        if isinstance(event, OwnerAsked):
            self._settled.discard(event.request_id)
        self._timeline.add(event)
        if isinstance(event, events.RunFinished):
            self._timeline.close()
        self._watch(event)

    async def answer(self, asked: OwnerAsked) -> tuple[str, Any]:
        """Whichever answer comes first; the other is not waited for any more."""
        try:
            if self._overtaken is None:
                return await (self._elsewhere(asked) if is_on_duty(self._home) else self._answer(asked))
            return await self._either(asked, self._overtaken)
        finally:
            self._settle(asked.request_id)

    async def _either(self, asked: OwnerAsked, overtaken: Callable[[str], None]) -> tuple[str, Any]:
        here, elsewhere = (asyncio.ensure_future(one(asked)) for one in (self._answer, self._elsewhere))
        try:
            await asyncio.wait({here, elsewhere}, return_when=asyncio.FIRST_COMPLETED)
            if not elsewhere.done():
                return here.result()
            status, data = elsewhere.result()
        finally:
            await _ended(elsewhere)
            await _ended(here)  # it leaves the terminal as it was
        overtaken(status)
        return status, data

    async def _elsewhere(self, asked: OwnerAsked) -> tuple[str, Any]:
        self._waiting[asked.request_id] = answered = asyncio.get_running_loop().create_future()
        try:
            return await answered
        finally:
            del self._waiting[asked.request_id]

    async def end(self) -> None:
        """Let servers hear the last of it, for a bounded time."""
        self._timeline.close()
        if self._serving:
            await asyncio.wait(self._serving, timeout=GOODBYE_SECONDS)
        self.close()

    def close(self) -> None:
        """The run is over: nobody is to find it any more."""
        if self._listening is not None:
            self._listening.cancel()
        self._timeline.close()

    async def _listen(self, run_id: str) -> None:
        try:
            path = socket_path(self._home, run_id)
            server = await asyncio.start_unix_server(self._serve, path, limit=MAX_LINE_BYTES)
        except (OSError, PolyhostError):
            return  # nobody sees it then; it runs all the same
        try:
            path.chmod(0o600)
            await asyncio.Event().wait()
        finally:
            server.close()
            path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        if (task := asyncio.current_task()) is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        try:
            async with asyncio.TaskGroup() as tasks:
                hearing = tasks.create_task(self._hear(reader))
                await self._tell(writer)
                hearing.cancel()
        except* (OSError, ValueError):
            pass  # that server has gone, or talks nonsense
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        async for number, event in self._timeline.follow():
            writer.write(_line({"seq": number, "event": type(event).__name__, "data": asdict(event)}))
            if isinstance(event, OwnerAsked) and event.request_id in self._settled:
                writer.write(_line({"settled": event.request_id}))
            await writer.drain()

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        async for line in reader:
            given = orjson.loads(line)
            waiting = self._waiting.get(given["request_id"])
            if waiting is not None and not waiting.done() and given["status"] in ANSWERS:
                waiting.set_result((given["status"], given.get("data")))

    def _settle(self, request_id: str) -> None:
        self._settled.add(request_id)
        for writer in self._writers:
            writer.write(_line({"settled": request_id}))


async def _ended(task: asyncio.Future[Any]) -> None:
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _line(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value) + b"\n"
