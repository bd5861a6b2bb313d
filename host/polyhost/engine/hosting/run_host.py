"""Runs that live in this process: started, reached from here and from other processes, brought to an end.

Owns: which runs go on here, and the short memory of those that ended. Must not know: how
a run is prepared or carried out (a `Job` does that), HTTP, pages.

A run is started when its connector is open, or when it has a question: what can be refused has been refused by then.
Answers go to the run and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from polyhost.engine import events
from polyhost.engine.control.local import LocalRun
from polyhost.engine.control.remote_runs import RemoteRuns
from polyhost.engine.control.run_control import OpenQuestion, RunControl
from polyhost.engine.control.run_socket_server import RunSocket
from polyhost.engine.events import Answer, OwnerAsked, RunEvent, Watcher
from polyhost.engine.run.pause import Pause
from polyhost.errors import ErrorCode, PolyhostError, RefusedError, RunFailedError

__all__ = ["Ended", "Job", "LiveRun", "RunHost", "Voice"]

_log = logging.getLogger(__name__)

MOST_RUNS = 4
"""Runs at once in one process, whoever started them: each is a browser of some hundred megabytes."""
MOST_REMEMBERED = 64
"""Runs that ended and whose events are kept: whoever watched one must still learn how it ended."""
BEGIN_SECONDS = 20.0
"""Longest a starter waits once the run has an id: a browser on a busy machine takes a few seconds to open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How a job is heard, asked, paused and stopped."""

    watch: Watcher
    answer: Answer
    cancelled: asyncio.Event
    pause: Pause


Job = Callable[[Voice], Awaitable[Mapping[str, Any]]]
"""Carries out one run and returns its result. PolyhostError where it could not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended: with a result, or refused after all, before anything was written."""

    connection: str
    trigger: str
    result: Mapping[str, Any] | None = None
    error: PolyhostError | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class LiveRun(LocalRun):
    """One run in this process. `begun` is done once it has started, or could not."""

    trigger: str
    begun: asyncio.Future[str]
    result: Mapping[str, Any] | None = None
    error: PolyhostError | None = None

    def started(self) -> None:
        if self.run_id and not self.begun.done():
            self.begun.set_result(self.run_id)


class RunHost:
    """An async context manager: runs are started inside it, and none outlives it. `heard`: called with every event of
    every run and the run's trigger, e.g. to count them. `home`: where other processes find its runs; None: nowhere.
    `elsewhere`: the runs of those."""

    def __init__(
        self,
        *,
        most: int = MOST_RUNS,
        home: Path | None = None,
        elsewhere: RemoteRuns | None = None,
        heard: Callable[[LiveRun, RunEvent], None] = lambda run, event: None,
    ) -> None:
        self._most = most
        self._home = home
        self._elsewhere = elsewhere
        self._heard = heard
        self.asked: Callable[[], None] = lambda: None
        """Called when a question can be answered."""
        self._going: set[LiveRun] = set()
        self._known: dict[str, LiveRun] = {}
        self._tasks = asyncio.TaskGroup()
        self._doing: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._draining = False

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        await self._tasks.__aexit__(kind, error, trace)

    @property
    def going(self) -> int:
        """How many runs go on here."""
        return len(self._going)

    async def start(self, job: Job, *, connection: str, trigger: str = "owner") -> str:
        """Start a run and return its id. Whatever the job refuses before it has begun is raised here; RefusedError
        `too_many_runs`, `shutting_down`."""
        if self._draining:
            raise RefusedError("the server is stopping", "Start it again.", code=ErrorCode.SHUTTING_DOWN)
        if len(self._going) >= self._most:
            raise RefusedError(
                f"{self._most} runs are going on already", "Wait for one to end.", code=ErrorCode.TOO_MANY_RUNS
            )
        run = LiveRun(connection=connection, trigger=trigger, begun=asyncio.get_running_loop().create_future())
        self._going.add(run)
        self._idle.clear()
        task = self._tasks.create_task(self._carry_out(run, job))
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)
        return await asyncio.shield(run.begun)

    async def finished(self, run_id: str) -> Ended | None:
        """Wait for a run of this process to end; None where none has this id."""
        run = self._known.get(run_id)
        if run is None:
            return None
        async for _ in run.timeline.follow(run.timeline.last):
            pass
        return self.ended(run_id)

    def ended(self, run_id: str) -> Ended | None:
        """How a run of this process ended; None where it has not, or is not known here (any more)."""
        run = self._known.get(run_id)
        if run is None or not run.timeline.over:
            return None
        return Ended(connection=run.connection, trigger=run.trigger, result=run.result, error=run.error)

    def connection_of(self, run_id: str) -> str | None:
        """Whose run this is, where it is known here."""
        run = self._known.get(run_id)
        return None if run is None else run.connection

    def control(self, run_id: str) -> RunControl | None:
        """The run of this id, here or in another process; None where none is known (any more)."""
        run = self._known.get(run_id)
        if run is not None:
            return run
        return None if self._elsewhere is None else self._elsewhere.find(run_id)

    async def sought(self, run_id: str) -> RunControl | None:
        """The same, also one of another process that has only just begun."""
        if self.control(run_id) is None and self._elsewhere is not None:
            await self._elsewhere.look()
        return self.control(run_id)

    def is_ours(self, run_id: str) -> bool:
        """Whether the run is one of this process, as far as it is remembered."""
        return run_id in self._known

    def questions(self) -> Sequence[OpenQuestion]:
        """Everything that waits for its owner, here and in other processes."""
        here = [question for run in self._known.values() for question in run.questions()]
        return here if self._elsewhere is None else [*here, *self._elsewhere.questions()]

    async def answer(self, run_id: str, request_id: str, status: str, data: Any = None) -> None:
        """Hand an answer on, once. RefusedError `unknown_interaction` where that is not asked (any more)."""
        run = self.control(run_id)
        if run is not None and await run.answer(request_id, status, data):
            return
        raise RefusedError(
            "that question is not open any more",
            "It was answered, took too long, or its run has ended.",
            code=ErrorCode.UNKNOWN_INTERACTION,
        )

    def stop(self) -> None:
        """Start nothing more, and ask everything that goes on to end."""
        self._draining = True
        for run in self._going:
            run.cancelled.set()

    async def idle(self) -> None:
        """Wait until nothing goes on here."""
        await self._idle.wait()

    async def _carry_out(self, run: LiveRun, job: Job) -> None:
        def watch(event: RunEvent) -> None:
            self._watch(run, event)

        async def answer(asked: OwnerAsked) -> tuple[str, Any]:
            return await run.ask(asked, is_open=self.asked)

        try:
            run.result = await job(Voice(watch=watch, answer=answer, cancelled=run.cancelled, pause=run.pausing))
        except PolyhostError as error:
            run.error = error
        except Exception as bug:  # one run's bug ends that run, and no other
            _log.exception("a run failed in a way that is a bug")
            run.error = RunFailedError(
                f"the run broke in a way that should not happen ({type(bug).__name__})",
                "What it had stored is safe. Please report this.",
                code=ErrorCode.INTERNAL_ERROR,
            )
        finally:
            self._over(run)

    def _watch(self, run: LiveRun, event: RunEvent) -> None:
        if isinstance(event, events.RunStarted):
            run.run_id = event.run_id
            self._remember(event.run_id, run)
            self._let_reach(run)
            asyncio.get_running_loop().call_later(BEGIN_SECONDS, run.started)
            _log.info("run started", extra={"run_id": event.run_id, "trigger": run.trigger})
        run.tell(event)
        if isinstance(event, events.BrowserStarted | events.OwnerAsked | events.RunFinished):
            run.started()
        self._heard(run, event)

    def _let_reach(self, run: LiveRun) -> None:
        socket = None if self._home is None else RunSocket.open(self._home, run)
        if socket is not None:
            self._tasks.create_task(socket.serve())

    def _remember(self, run_id: str, run: LiveRun) -> None:
        self._known[run_id] = run
        over = [known for known, one in self._known.items() if one.timeline.over]
        for known in over[: max(0, len(over) - MOST_REMEMBERED)]:
            del self._known[known]

    def _over(self, run: LiveRun) -> None:
        self._going.discard(run)
        status = run.error.code if run.error is not None else (run.result or {}).get("status")
        if run.run_id:
            _log.info("run ended", extra={"run_id": run.run_id, "status": status})
        else:  # it was refused, or broke, before there was a run
            _log.info("no run began", extra={"status": status})
        if not self._going:
            self._idle.set()
        run.timeline.close()
        if run.begun.done():
            return
        if run.error is not None:
            run.begun.set_exception(run.error)
        elif run.run_id:
            run.started()
        else:
            run.begun.set_exception(
                RunFailedError("the run never began", "Try it again.", code=ErrorCode.INTERNAL_ERROR)
            )
        run.begun.exception()  # whoever asked may be gone; then nobody retrieves it
