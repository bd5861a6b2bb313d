"""Runs that live in this process: started, watched, asked, paused, cancelled, brought to an end.

Owns: which runs go on here, the questions they wait with, and the short memory of those that ended. Must not know: how
a run is prepared or carried out (a `Job` does that), HTTP, pages.

A run is started when its connector is open, or when it has a question: what can be refused has been refused by then.
Answers go to the run and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

from polyhost.engine import events
from polyhost.engine.events import Answer, OwnerAsked, RunEvent, Watcher
from polyhost.engine.hosting._timeline import Timeline
from polyhost.engine.hosting.question_fields import AskedField, asked_fields
from polyhost.engine.run.pause import Pause
from polyhost.errors import ErrorCode, PolyhostError, RefusedError, RunFailedError

__all__ = ["ANSWERS", "Elsewhere", "Ended", "Job", "LiveRun", "OpenQuestion", "RunHost", "Timeline", "Voice"]

_log = logging.getLogger(__name__)

MOST_RUNS = 4
"""Runs at once in one process, whoever started them: each is a browser of some hundred megabytes."""
MOST_REMEMBERED = 64
"""Runs that ended and whose events are kept: whoever watched one must still learn how it ended."""
BEGIN_SECONDS = 20.0
"""Longest a starter waits once the run has an id: a browser on a busy machine takes a few seconds to open."""
ANSWERS = ("success", "cancelled")
"""What an owner can say to a question: here it is, or no."""


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
class OpenQuestion:
    """What a run waits for its owner to say."""

    connection: str
    run_id: str
    asked: OwnerAsked

    @property
    def request_id(self) -> str:
        return self.asked.request_id

    @property
    def kind(self) -> str:
        return self.asked.kind

    @property
    def message(self) -> str:
        return self.asked.message

    @property
    def fields(self) -> Sequence[AskedField]:
        """What there is to type; nothing for something to do by hand."""
        return asked_fields(self.asked.kind, self.asked.schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended: with a result, or refused after all, before anything was written."""

    connection: str
    trigger: str
    result: Mapping[str, Any] | None = None
    error: PolyhostError | None = None


class Elsewhere(Protocol):
    """Runs of other processes on the same home."""

    def questions(self) -> Sequence[OpenQuestion]: ...

    async def answer(self, run_id: str, request_id: str, status: str, data: Any) -> bool:
        """False where nobody asks that there (any more)."""
        ...

    def timeline(self, run_id: str) -> Timeline | None: ...


@dataclass(slots=True, kw_only=True, eq=False)
class LiveRun:
    """One run in this process. `begun` is done once it has started, or could not."""

    connection: str
    trigger: str
    begun: asyncio.Future[str]
    run_id: str | None = None
    timeline: Timeline = field(default_factory=Timeline)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    pause: Pause = field(default_factory=Pause)
    result: Mapping[str, Any] | None = None
    error: PolyhostError | None = None
    waiting: dict[str, tuple[OwnerAsked, asyncio.Future[tuple[str, Any]]]] = field(
        default_factory=dict[str, tuple[OwnerAsked, "asyncio.Future[tuple[str, Any]]"]]
    )

    def started(self) -> None:
        if self.run_id is not None and not self.begun.done():
            self.begun.set_result(self.run_id)


class RunHost:
    """An async context manager: runs are started inside it, and none outlives it. `heard`: called with every event of
    every run and the run's trigger, e.g. to count them."""

    def __init__(
        self,
        *,
        most: int = MOST_RUNS,
        elsewhere: Elsewhere | None = None,
        heard: Callable[[LiveRun, RunEvent], None] = lambda run, event: None,
    ) -> None:
        self._most = most
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

    def cancel(self, run_id: str) -> bool:
        """Ask it to stop and keep what is durable. False where no run of this id goes on here."""
        run = self._known.get(run_id)
        if run is None or run.timeline.over:
            return False
        run.cancelled.set()
        return True

    def pause(self, run_id: str) -> bool:
        """Nothing more is asked of the site, and nothing more taken in. False where no run of this id goes on here."""
        run = self._known.get(run_id)
        if run is None or run.timeline.over:
            return False
        run.pause.begin()
        return True

    def resume(self, run_id: str) -> bool:
        """Go on where it was. False where no run of this id goes on here."""
        run = self._known.get(run_id)
        if run is None or run.timeline.over:
            return False
        run.pause.end()
        return True

    def paused(self, run_id: str) -> bool | None:
        """Whether it is paused; None where no run of this id goes on here."""
        run = self._known.get(run_id)
        return None if run is None or run.timeline.over else run.pause.is_on

    def timeline(self, run_id: str) -> Timeline | None:
        """What a run here or in another process has said; None where that is not known."""
        run = self._known.get(run_id)
        if run is not None:
            return run.timeline
        return None if self._elsewhere is None else self._elsewhere.timeline(run_id)

    def events(self, run_id: str, *, after: int = 0) -> AsyncIterator[tuple[int, RunEvent]] | None:
        """A run's events as they come, numbered, from after this number on; None where it is not known."""
        timeline = self.timeline(run_id)
        return None if timeline is None else timeline.follow(after)

    def questions(self) -> Sequence[OpenQuestion]:
        """Everything that waits for its owner, here and in other processes."""
        here = [
            OpenQuestion(connection=run.connection, run_id=run.run_id, asked=asked)
            for run in self._known.values()
            for asked, _ in run.waiting.values()
            if run.run_id is not None
        ]
        return here if self._elsewhere is None else [*here, *self._elsewhere.questions()]

    async def answer(self, run_id: str, request_id: str, status: str, data: Any = None) -> None:
        """Hand an answer on, once. RefusedError `unknown_interaction` where that is not asked (any more)."""
        run = self._known.get(run_id)
        _, answered = (run.waiting.get(request_id) if run is not None else None) or (None, None)
        if answered is not None and not answered.done():
            answered.set_result((status, data))
            return
        if self._elsewhere is not None and await self._elsewhere.answer(run_id, request_id, status, data):
            return
        raise RefusedError(
            "nobody asks that any more",
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
            return await _wait_for_owner(run, asked, self.asked)

        try:
            run.result = await job(Voice(watch=watch, answer=answer, cancelled=run.cancelled, pause=run.pause))
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
            asyncio.get_running_loop().call_later(BEGIN_SECONDS, run.started)
            _log.info("run started", extra={"run_id": event.run_id, "trigger": run.trigger})
        run.timeline.add(event)
        if isinstance(event, events.BrowserStarted | events.OwnerAsked | events.RunFinished):
            run.started()
        self._heard(run, event)

    def _remember(self, run_id: str, run: LiveRun) -> None:
        self._known[run_id] = run
        over = [known for known, one in self._known.items() if one.timeline.over]
        for known in over[: max(0, len(over) - MOST_REMEMBERED)]:
            del self._known[known]

    def _over(self, run: LiveRun) -> None:
        self._going.discard(run)
        status = run.error.code if run.error is not None else (run.result or {}).get("status")
        _log.info("run ended", extra={"run_id": run.run_id, "status": status})
        if not self._going:
            self._idle.set()
        run.timeline.close()
        if run.begun.done():
            return
        if run.error is not None:
            run.begun.set_exception(run.error)
        elif run.run_id is not None:
            run.started()
        else:
            run.begun.set_exception(
                RunFailedError("the run never began", "Try it again.", code=ErrorCode.INTERNAL_ERROR)
            )
        run.begun.exception()  # whoever asked may be gone; then nobody retrieves it


async def _wait_for_owner(run: LiveRun, asked: OwnerAsked, there_is_one: Callable[[], None]) -> tuple[str, Any]:
    """Until it is answered; whoever asked gives up by cancelling. Called out once it can be seen and answered."""
    answered: asyncio.Future[tuple[str, Any]] = asyncio.get_running_loop().create_future()
    run.waiting[asked.request_id] = (asked, answered)
    there_is_one()
    try:
        return await answered
    finally:
        del run.waiting[asked.request_id]
