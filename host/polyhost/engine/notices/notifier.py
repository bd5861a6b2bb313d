"""Telling the owner what they are needed for, once for each cause, while a server runs.

Owns: the memory of what was told (a memo of each connection), and when to try again what did not get there. Must not
know: how health is judged, surfaces.

A cause is claimed in the store before it is told, so that a process killed in between, or a second one, tells it at
most once. One that is over is forgotten, so that it is told again when it comes back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from polyhost.coverage.health import project
from polyhost.engine.clock import Clock
from polyhost.engine.health.connection_history import ConnectionHistory
from polyhost.engine.health.evidence import gather
from polyhost.engine.notices.causes import Cause, Question, causes, waiting_for_answer
from polyhost.engine.notices.channels import Channel, Notice
from polyhost.engine.schedule.due import back_off
from polyhost.engine.schedule.schedules import outlook
from polyhost.engine.settings.config import ScheduleConfig
from polyhost.errors import PolyhostError
from polyhost.store import memos
from polyhost.store.base import ConnectionRow, Store
from polyhost.store.memos import ToldCause

__all__ = ["Notifier"]

_log = logging.getLogger(__name__)

LOOK_SECONDS = 60.0
"""Seconds between two looks at most: files, sessions and other processes may change what is needed."""
_SILENT = frozenset({"demo", "replay"})
"""Natures of connections that are nobody's data: nothing about them is urgent."""

Memory = dict[str, ToldCause]


@dataclass(slots=True, kw_only=True)
class Notifier:
    """`questions`: those of runs that go on and wait. `dashboard`: where a connection's page is, if there is one."""

    store: Store
    home: Path
    ways: Sequence[Channel]
    schedule: ScheduleConfig
    clock: Clock = field(default_factory=Clock)
    questions: Callable[[], Sequence[Question]] = tuple
    dashboard: Callable[[str], str | None] = lambda connection: None
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Look, tell, wait; until cancelled. Where there is no way to tell, only wait."""
        while True:
            if self.ways:
                await self._look_if_possible()
            try:
                async with asyncio.timeout(LOOK_SECONDS if self.ways else None):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()

    async def _look_if_possible(self) -> None:
        try:
            await self.look()
        except PolyhostError as error:  # the store is held, the disk is full: that passes
            _log.warning("could not look for what needs the owner: %s", error.code)

    def take_up(self, ways: Sequence[Channel], schedule: ScheduleConfig) -> None:
        """Go on with these settings, from a look at once."""
        self.ways, self.schedule = ways, schedule
        self.wake()

    def wake(self) -> None:
        """Look again now: a run has ended, a question was asked."""
        self._woken.set()

    async def look(self) -> None:
        """Tell what is new."""
        asked = waiting_for_answer(self.questions())
        for row in await self.store.connections.all():
            if row.nature in _SILENT:
                continue
            found = [*await self._causes(row), *(cause for cause in asked if cause.connection == row.name)]
            await self._tell_new(row, found)

    async def _causes(self, row: ConnectionRow) -> list[Cause]:
        now = self.clock.moment()
        history = ConnectionHistory(self.store, row, self.home)
        plan = await outlook(history, self.schedule, now=now, served=True)
        evidence = await gather(history, plan.as_evidence())
        ended = replace(evidence, attempts=evidence.ended)  # a run that goes on is not a cause: its questions are
        return causes(project(ended, self.clock.iso()))

    async def _tell_new(self, row: ConnectionRow, found: Sequence[Cause]) -> None:
        before: Memory = dict(await self.store.connections.memo(row.id, memos.NOTICES))
        there = {cause.key for cause in found}
        memory = {key: kept for key, kept in before.items() if key in there}
        new = [cause for cause in found if self._is_to_be_told(memory.get(cause.key))]
        for cause in new:
            memory[cause.key] = self._claimed(memory.get(cause.key))
        new = [cause for cause in new if not _was_told_as_question(cause, before)]
        if memory != before:
            await self.store.connections.save_memo(row.id, memos.NOTICES, memory)
        for cause in new:
            if not await self._tell(cause):
                memory[cause.key] = {**memory[cause.key], "told_at": None}
                await self.store.connections.save_memo(row.id, memos.NOTICES, memory)

    def _is_to_be_told(self, kept: ToldCause | None) -> bool:
        if kept is None or kept["told_at"] is not None:
            return kept is None
        left = kept["again_at"] - self.clock.now()
        return not 0 < left <= back_off(kept["tries"])  # further ahead was told by a clock that was wrong

    def _claimed(self, kept: ToldCause | None) -> ToldCause:
        tries = (kept["tries"] if kept is not None else 0) + 1
        now = self.clock.now()
        return {"told_at": now, "tries": tries, "again_at": now + back_off(tries)}

    async def _tell(self, cause: Cause) -> bool:
        """Every way at once; it is told where one of them got there."""
        notice = Notice(
            title=f"polyhost: {cause.connection} needs you",
            text=cause.sentence,
            urgent=cause.urgent,
            click=self.dashboard(cause.connection),
        )
        return any([await self._sent(way, notice) for way in self.ways])

    async def _sent(self, way: Channel, notice: Notice) -> bool:
        try:
            await way.send(notice)
        except PolyhostError as error:
            _log.warning("%s: %s", way.name, error.code)
            return False
        return True


def _was_told_as_question(cause: Cause, before: Memory) -> bool:
    """An owner who was asked in vain need not be told that the run ended for want of an answer."""
    return any(kept["told_at"] is not None and cause.was_asked_as(key) for key, kept in before.items())
