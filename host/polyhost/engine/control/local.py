"""A run of this process, as whoever has a hold of it sees and steers it.

Owns: its open questions, and that the first answer counts. Must not know: who answers, how the run goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from polyhost.engine.control.run_control import ANSWERS, OpenQuestion, RunControl
from polyhost.engine.control.timeline import Timeline
from polyhost.engine.events import OwnerAsked, RunEvent, RunFinished
from polyhost.engine.run.pause import Pause

__all__ = ["LocalRun"]

_Asked = tuple[OwnerAsked, "asyncio.Future[tuple[str, Any]]"]


@dataclass(slots=True, kw_only=True, eq=False)
class LocalRun(RunControl):
    """See `RunControl`. `run_id`: empty until it has begun."""

    connection: str
    run_id: str = ""
    timeline: Timeline = field(default_factory=Timeline)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    pausing: Pause = field(default_factory=Pause)
    settled: set[str] = field(default_factory=set[str])
    """Questions that nobody waits with any more."""
    on_settled: list[Callable[[str], None]] = field(default_factory=list[Callable[[str], None]])
    """Whoever wants to hear of that."""
    _waiting: dict[str, _Asked] = field(default_factory=dict[str, _Asked])

    @property
    def is_paused(self) -> bool:
        return self.is_alive and self.pausing.is_on

    def questions(self) -> Sequence[OpenQuestion]:
        return [
            OpenQuestion(connection=self.connection, run_id=self.run_id, asked=asked)
            for asked, _ in self._waiting.values()
        ]

    async def cancel(self) -> bool:
        if self.is_alive:
            self.cancelled.set()
        return self.is_alive

    async def pause(self) -> bool:
        if self.is_alive:
            self.pausing.begin()
        return self.is_alive

    async def resume(self) -> bool:
        if self.is_alive:
            self.pausing.end()
        return self.is_alive

    async def answer(self, request_id: str, status: str, data: Any) -> bool:
        _, answered = self._waiting.get(request_id, (None, None))
        if answered is None or answered.done() or status not in ANSWERS:
            return False
        answered.set_result((status, data))
        return True

    # what its own process does

    def tell(self, event: RunEvent) -> None:
        """The next thing it says."""
        if isinstance(event, OwnerAsked):
            self.settled.discard(event.request_id)
        self.timeline.add(event)
        if isinstance(event, RunFinished):
            self.timeline.close()

    async def ask(self, asked: OwnerAsked, *, is_open: Callable[[], None] = lambda: None) -> tuple[str, Any]:
        """Wait until it is answered; whoever asked gives up by cancelling. `is_open`: called once it can be seen."""
        answered: asyncio.Future[tuple[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[asked.request_id] = (asked, answered)
        is_open()
        try:
            return await answered
        finally:
            del self._waiting[asked.request_id]
            self.settle(asked.request_id)

    def settle(self, request_id: str) -> None:
        """Nobody waits with this question any more."""
        self.settled.add(request_id)
        for hears in self.on_settled:
            hears(request_id)
