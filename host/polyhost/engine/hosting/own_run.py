"""The runs of a command's own process: reached from other processes, and their questions answered here or there.

Owns: that each of its runs is reached from its beginning on, and whose answer is waited for. Must not know: terminals,
HTTP, what is said over a run's socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from polyhost.engine import events
from polyhost.engine.control.local import LocalRun
from polyhost.engine.control.run_socket_server import RunSocket
from polyhost.engine.events import Answer, OwnerAsked, RunEvent, Watcher
from polyhost.engine.hosting.server_lock import is_on_duty
from polyhost.engine.run.pause import Pause

__all__ = ["reached_from_elsewhere"]

_ON_DUTY = "Answer it on the dashboard: polyhost serve --link prints a link to it."
_NOBODY = "Nobody can be asked: there is no terminal here, and no server on duty to show the question."


@asynccontextmanager
async def reached_from_elsewhere(
    home: Path,
    watch: Watcher,
    answer: Answer,
    *,
    cancelled: asyncio.Event,
    pause: Pause,
    overtaken: Callable[[str], None] | None,
) -> AsyncGenerator[tuple[Watcher, Answer]]:
    """What a run in the block is to be watched and asked with. `overtaken`: `answer` asks somebody, and this tells them
    that a question was answered elsewhere, with its status, once `answer` has ended. None: `answer` asks nobody, and a
    question is worth waiting for only while a server is there to show it."""
    failure: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        own = _OwnRuns(home, watch, answer, cancelled, pause, tasks, overtaken)
        try:
            yield own.watch, own.answer
        except Exception as error:  # handed on below, as it is: a task group would wrap it up
            failure = error
        finally:
            own.end()
    if failure is not None:
        raise failure


class _OwnRuns:
    """One after another."""

    def __init__(
        self,
        home: Path,
        watch: Watcher,
        answer: Answer,
        cancelled: asyncio.Event,
        pause: Pause,
        tasks: asyncio.TaskGroup,
        overtaken: Callable[[str], None] | None,
    ) -> None:
        self._home = home
        self._watch = watch
        self._answer = answer
        self._cancelled = cancelled
        self._pause = pause
        self._tasks = tasks
        self._overtaken = overtaken
        self._run = LocalRun(connection="")

    def watch(self, event: RunEvent) -> None:
        if isinstance(event, events.RunStarted):
            self._begin(event)
        self._run.tell(event)
        self._watch(event)
        if isinstance(event, OwnerAsked) and self._overtaken is None:
            self._watch(events.Noticed(_ON_DUTY if is_on_duty(self._home) else _NOBODY))

    async def answer(self, asked: OwnerAsked) -> tuple[str, Any]:
        """Whichever answer comes first; the other is not waited for any more."""
        try:
            if self._overtaken is None:
                return await (self._run.ask(asked) if is_on_duty(self._home) else self._answer(asked))
            return await self._either(asked, self._overtaken)
        finally:
            self._run.settle(asked.request_id)

    def end(self) -> None:
        """Nothing runs here any more; whoever listens hears the last of it, for a bounded time."""
        self._run.timeline.close()

    def _begin(self, event: events.RunStarted) -> None:
        self.end()
        self._run = LocalRun(
            connection=event.connection, run_id=event.run_id, cancelled=self._cancelled, pausing=self._pause
        )
        socket = RunSocket.open(self._home, self._run)
        if socket is not None:
            self._tasks.create_task(socket.serve())

    async def _either(self, asked: OwnerAsked, overtaken: Callable[[str], None]) -> tuple[str, Any]:
        # Both end in this block; in a group an error of theirs would not come out as it is.
        here = asyncio.ensure_future(self._answer(asked))  # noqa: TID251  awaited below, whatever comes
        elsewhere = asyncio.ensure_future(self._run.ask(asked))  # noqa: TID251  awaited below, whatever comes
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


async def _ended(task: asyncio.Future[Any]) -> None:
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
