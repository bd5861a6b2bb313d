"""Starting runs when they are due, and imports when files arrive, while a server runs.

Owns: the loop, what goes on at once, and the note of each start before it is tried. Must not know: how what is due is
decided (due), how a run or an import is carried out (`Work`), surfaces.

Thin on purpose: it holds nothing that is not in the store. Killed anywhere and started again, it finds the runs that
were, decides anew, and starts what is due once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from polyhost.engine.clock import Clock, new_id
from polyhost.engine.health.connection_history import ConnectionHistory
from polyhost.engine.hosting.server_lock import on_duty
from polyhost.engine.imports.watched_folder import WaitingFile, dealt_with, waiting_files, watched_folder
from polyhost.engine.run.lease import hold_lease
from polyhost.engine.schedule.due import Waiting
from polyhost.engine.schedule.schedules import Outlook, Started, load_started, outlook, save_started
from polyhost.engine.settings.config import ScheduleConfig
from polyhost.errors import ErrorCode, NeedsOwnerError, PolyhostError
from polyhost.instants import iso_from_seconds
from polyhost.store.base import ConnectionRow, Store

__all__ = ["Scheduler", "Work"]

_log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
"""Seconds between two looks at most: what another process changed, a session, a schedule, a clock, shows after that."""
_AT_ONCE = 1.0
"""Seconds between two looks at least: what is due and cannot start yet must not keep the processor busy."""
SETTLE_SECONDS = 2.0
"""Seconds a file must not have changed in before it is taken for whole."""
_Doing = Coroutine[None, None, bool]
"""Something that was begun; False where it came to nothing because somebody else is at it."""
_BUSY = frozenset({ErrorCode.RUN_IN_PROGRESS, ErrorCode.TOO_MANY_RUNS, ErrorCode.SHUTTING_DOWN})
"""Refusals that say nothing of the connection: somebody else is at it, or nothing is started any more."""


class Work(Protocol):
    """Carries out what is due. What came of a run is in the store when it returns, however it went."""

    async def collect(self, connection: str) -> None:
        """One run to its end, trigger `schedule`. PolyhostError where it did not come to a run."""
        ...

    async def import_watched(self, connection: str) -> None:
        """Import what is new in the watched folder. PolyhostError where nothing could be."""
        ...


@dataclass(slots=True, kw_only=True)
class Scheduler:
    """The one scheduler of a home. `run` goes on until it is cancelled; with another in the home, it waits for its
    turn."""

    work: Work
    store: Store
    home: Path
    settings: ScheduleConfig
    clock: Clock = field(default_factory=Clock)
    after_run: Callable[[], None] = lambda: None
    """Called whenever something that was started has ended."""
    _busy: set[int] = field(default_factory=set[int])
    _seen: dict[int, Sequence[WaitingFile]] = field(default_factory=dict[int, Sequence[WaitingFile]])
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Look, start what is due, wait; until cancelled."""
        while True:
            with on_duty(self.home) as ours:
                if ours:
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._go_on(tasks))
            await self._wait(LOOK_SECONDS)

    def wake(self) -> None:
        """Look again now: something has changed that a look would show."""
        self._woken.set()

    def take_up(self, settings: ScheduleConfig) -> None:
        """Go on with these settings, from a look at once. What goes on already goes on."""
        self.settings = settings
        self.wake()

    async def _go_on(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            try:
                wait = await self.look(tasks)
            except PolyhostError as error:  # the disk is full, the store is held: that passes
                _log.warning("could not look at what is due: %s", error.code)
                wait = LOOK_SECONDS
            await self._wait(wait)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass
        self._woken.clear()

    async def look(self, tasks: asyncio.TaskGroup) -> float:
        """Start in `tasks` what is due now, as far as there is room. Returns in how many seconds to look again."""
        rows = [row for row in await self.store.connections.all() if row.id not in self._busy]
        settling = [await self._look_into_folder(row, tasks) for row in rows]
        free = [row for row in rows if row.id not in self._busy]
        found = [(await self._outlook(row), row) for row in free]
        due = [(each, row) for each, row in found if each.decision.waiting is Waiting.DUE]
        due.sort(key=lambda pair: pair[0].decision.since or 0.0)
        room = max(self.settings.runs_at_once - len(self._busy), 0)
        for each, row in due[:room]:
            self._begin(row, tasks, self._collect(row, each))
        return self._next_look([each for each, _ in found], settling=any(settling))

    def _next_look(self, found: Sequence[Outlook], *, settling: bool) -> float:
        now = self.clock.now()
        waits = [each.decision.at - now for each in found if each.decision.at is not None and each.decision.at > now]
        if settling:
            waits.append(SETTLE_SECONDS)
        return max(_AT_ONCE, min([*waits, LOOK_SECONDS]))

    def _begin(self, row: ConnectionRow, tasks: asyncio.TaskGroup, doing: _Doing) -> None:
        self._busy.add(row.id)
        tasks.create_task(self._do(row, doing))

    async def _do(self, row: ConnectionRow, doing: _Doing) -> None:
        began = False
        try:
            began = await doing
        except PolyhostError as error:
            _log.warning("could not start %s: %s", row.name, error.code)
        finally:
            self._busy.discard(row.id)
            if began:  # there is room again
                self._woken.set()
                self.after_run()

    # runs

    async def _outlook(self, row: ConnectionRow) -> Outlook:
        await self._close_what_died(row)
        history = ConnectionHistory(self.store, row, self.home)
        return await outlook(history, self.settings, now=self.clock.moment(), served=True)

    async def _close_what_died(self, row: ConnectionRow) -> None:
        """A run that is `running` while nobody holds the lease was killed. The next one would find that out; but it
        could not come, for as long as this one seems to go on."""
        newest = await self.store.runs.newest(row.id, limit=1)
        if not newest or newest[0].finished_at is not None:
            return
        try:
            async with hold_lease(self.store, row, new_id("own", self.clock.now()), self.clock):
                await self.store.runs.abandon(row.id, at=self.clock.iso())
        except PolyhostError:
            return  # it does go on

    async def _collect(self, row: ConnectionRow, seen: Outlook) -> bool:
        before = await load_started(self.store, row)
        now, number = self.clock.moment(), await self.store.runs.next_number()
        started = Started(
            at=iso_from_seconds(now.wall), boot=now.boot, up=now.up, number=number, in_a_row=seen.refusals + 1
        )
        await save_started(self.store, row, started)
        try:
            await self.work.collect(row.name)
        except PolyhostError as error:
            if error.code in _BUSY:  # no failure, and no start either
                await save_started(self.store, row, before)
                return False
            needs_owner = isinstance(error, NeedsOwnerError)
            started = replace(started, refused=error.code, needs_owner=needs_owner)
        await save_started(self.store, row, replace(started, over=True))
        return True

    # watched folders

    async def _look_into_folder(self, row: ConnectionRow, tasks: asyncio.TaskGroup) -> bool:
        """Import what waits in the connection's folder once none of it has changed since the look before. True while it
        has."""
        folder = watched_folder(row)
        if folder is None:
            return False
        try:
            seen = await dealt_with(self.store, row)
            waiting = await asyncio.to_thread(waiting_files, folder, seen)  # a share may take its time
        except PolyhostError:
            return False  # the folder is not there today: a stick, a share
        settled = bool(waiting) and self._seen.get(row.id) == waiting
        self._seen[row.id] = waiting
        if settled:
            self._seen.pop(row.id)
            self._begin(row, tasks, self._import(row))
        return bool(waiting) and not settled

    async def _import(self, row: ConnectionRow) -> bool:
        try:
            await self.work.import_watched(row.name)
        except PolyhostError:
            return False  # another process is at it: what waits is there at the next look
        return True
