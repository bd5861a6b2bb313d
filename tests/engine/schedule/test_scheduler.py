"""The loop around what is due: what is started, once, and what a look finds after a process was killed."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from background import background
from engine.rig import StillClock
from polyhost.engine.hosting.server_lock import is_on_duty, on_duty
from polyhost.engine.imports.watched_folder import waiting_files
from polyhost.engine.run.lease import hold_lease
from polyhost.engine.schedule import scheduler as scheduling
from polyhost.engine.schedule.mode import Mode
from polyhost.engine.schedule.scheduler import SETTLE_SECONDS, Scheduler, Work
from polyhost.engine.schedule.schedules import Choice, load_started, save_choice
from polyhost.engine.sessions.saved import save_session
from polyhost.engine.settings.config import ScheduleConfig
from polyhost.errors import NeedsOwnerError, PolyhostError, RefusedError
from polyhost.store import memos
from polyhost.store.base import BatchRow, ConnectionRow, RunRow, Store
from polyhost.store.opening import open_store

HOUR = 3600
HOURLY = Choice(mode=Mode.AUTOMATIC, every_seconds=HOUR)


class Owners(Work):
    """Writes runs as the engine would, and keeps count of what goes on at once."""

    def __init__(self, store: Store, clock: StillClock) -> None:
        self.store = store
        self.clock = clock
        self.log: list[str] = []
        self.at_once = self.most = 0
        self.status = "complete"
        self.refuses: dict[str, PolyhostError] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()

    async def collect(self, connection: str) -> None:
        self.log.append(connection)
        if connection in self.refuses:
            raise self.refuses[connection]
        row = await self.store.connections.get(connection)
        assert row is not None
        run = await self.opened(row)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.begun.set()
        await self.gate.wait()
        self.at_once -= 1
        await self.store.runs.close(
            replace(run, status=self.status, finished_at=self.clock.iso(), finished_up=self.clock.up()), _batch(run)
        )

    async def opened(self, row: ConnectionRow) -> RunRow:
        at = self.clock.iso()
        name = f"run_{row.name}_{at}"
        now = self.clock.moment()
        run = RunRow(
            id=name,
            connection_id=row.id,
            batch_id=name,
            mode="incremental",
            status="running",
            started_at=at,
            boot=now.boot,
            started_up=now.up,
        )
        await self.store.runs.open(run, _batch(run))
        return run

    async def import_watched(self, connection: str) -> None:
        self.log.append(f"{connection}: files")
        row = await self.store.connections.get(connection)
        assert row is not None
        seen = {file.path.name: file.stamp for file in waiting_files(Path(row.options["watch"]), {})}
        await self.store.connections.save_memo(row.id, memos.WATCHED_FILES, seen)


def _batch(run: RunRow) -> BatchRow:
    return BatchRow(
        id=run.batch_id,
        connection_id=run.connection_id,
        method="browser_polyfill",
        trigger="schedule",
        started_at=run.started_at,
    )


class Desk:
    """A home with a scheduler that is told when to look."""

    def __init__(self, store: Store, home: Path) -> None:
        self.store = store
        self.home = home
        self.clock = StillClock()
        self.work = Owners(store, self.clock)
        self.scheduler = self.restarted()

    def restarted(self, **settings: int) -> Scheduler:
        """Another process on the same store."""
        self.scheduler = Scheduler(
            work=self.work, store=self.store, home=self.home, settings=ScheduleConfig(**settings), clock=self.clock
        )
        return self.scheduler

    async def connect(self, *names: str, choice: Choice | None = HOURLY, **over: object) -> None:
        for name in names:
            values = {"source": "slack", "nature": "live", "options": {}, "account": {}, "at": self.clock.iso()} | over
            row = await self.store.connections.create(name=name, **values)  # type: ignore[arg-type]
            save_session(self.home, name, {"cookies": [{"name": "d"}], "origins": []})
            if choice is not None:
                await save_choice(self.store, row, choice)

    async def row(self, name: str) -> ConnectionRow:
        row = await self.store.connections.get(name)
        assert row is not None
        return row

    async def look(self) -> list[str]:
        """One look, and everything it started to its end. What was started, in order."""
        self.work.log.clear()
        async with asyncio.TaskGroup() as tasks:
            self.next_look = await self.scheduler.look(tasks)
        return list(self.work.log)


@pytest.fixture
async def desk(home: Path) -> AsyncIterator[Desk]:
    store = await open_store(home)
    yield Desk(store, home)
    await store.close()


@pytest.mark.requirement("RS-3")
@pytest.mark.parametrize("set_by", [-6e7, -7200.0, 7200.0, 6e7])
async def test_an_interval_is_counted_from_when_the_last_run_was_wherever_the_clock_is_set(desk: Desk, set_by: float):
    """Neither a run too many, nor years of waiting; whether it was wrong then or is wrong now."""
    await desk.connect("work")
    for clock in (set_by, 0.0):
        desk.clock.set_by = clock
        desk.clock.seconds += 2 * HOUR
        assert await desk.look() == ["work"]
        desk.clock.set_by = set_by - clock
        assert await desk.look() == []


@pytest.mark.requirement("RS-3")
@pytest.mark.parametrize("set_by", [-6e7, 6e7])
async def test_failures_are_backed_off_from_by_the_clock_that_nobody_can_set(desk: Desk, set_by: float):
    await desk.connect("work")
    desk.work.status = "failed"
    assert await desk.look() == ["work"]
    desk.clock.set_by = set_by
    assert await desk.look() == []
    desk.clock.seconds += 0.3 * HOUR
    assert await desk.look() == ["work"]


async def test_what_is_due_is_started_once_per_interval(desk: Desk):
    await desk.connect("work")
    assert await desk.look() == ["work"]
    assert await desk.look() == []
    desk.clock.seconds += 2 * HOUR
    assert await desk.look() == ["work"]


async def test_a_night_of_sleep_is_caught_up_with_by_one_run_each(desk: Desk):
    await desk.connect("home", "work")
    await desk.look()
    desk.clock.seconds += 12 * HOUR
    assert sorted([*await desk.look(), *await desk.look()]) == ["home", "work"]


async def test_only_so_many_go_on_at_once_and_the_rest_comes_as_they_end(desk: Desk):
    await desk.connect("a", "b", "c", "d", "e")
    desk.restarted(runs_at_once=2)
    desk.work.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        await desk.scheduler.look(tasks)
        while desk.work.at_once < 2:
            await desk.work.begun.wait()
            desk.work.begun.clear()
        await desk.scheduler.look(tasks)
        desk.work.gate.set()
    assert len(desk.work.log) == desk.work.most == 2
    assert [len(await desk.look()) for _ in range(3)] == [2, 1, 0]


async def test_who_has_waited_longest_goes_first(desk: Desk):
    await desk.connect("early", "late")
    desk.restarted(runs_at_once=1)
    assert [*await desk.look(), *await desk.look()] == ["early", "late"]
    await desk.connect("never")
    desk.clock.seconds += 5 * HOUR
    assert await desk.look() == ["never"]


async def test_a_connection_that_is_being_collected_is_not_started_again(desk: Desk):
    """However often somebody looks while it goes on."""
    await desk.connect("work")
    desk.work.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        await desk.scheduler.look(tasks)
        await desk.work.begun.wait()
        desk.clock.seconds += 9 * HOUR
        await desk.scheduler.look(tasks)
        assert desk.work.log == ["work"]
        desk.work.gate.set()


async def test_a_run_of_another_process_is_waited_for_and_is_no_failure(desk: Desk):
    await desk.connect("work")
    row = await desk.row("work")
    async with hold_lease(desk.store, row, "run_other", desk.clock):
        await desk.work.opened(row)
        desk.clock.seconds += 30
        assert await desk.look() == []
    assert (await desk.store.runs.newest(row.id))[0].status == "running"


async def test_a_refusal_because_somebody_else_is_at_it_leaves_no_trace(desk: Desk):
    await desk.connect("work")
    desk.work.refuses["work"] = RefusedError("it is being collected", code="run_in_progress")
    assert await desk.look() == ["work"]
    assert await load_started(desk.store, await desk.row("work")) is None
    del desk.work.refuses["work"]
    assert await desk.look() == ["work"]


async def test_a_start_that_is_refused_is_tried_again_ever_later(desk: Desk):
    await desk.connect("work")
    desk.work.refuses["work"] = RefusedError("there is no browser", code="no_browser")
    tries = []
    for minute in range(24 * 60):
        desk.clock.seconds += 60
        tries += [minute] * len(await desk.look())
    gaps = [later - sooner for sooner, later in pairwise(tries)]
    assert gaps[:6] == sorted(gaps[:6])
    assert all(6 * 60 <= gap <= 6 * 60 + 11 for gap in gaps[7:])
    assert len(tries) == 10
    del desk.work.refuses["work"]
    desk.clock.seconds += 7 * HOUR
    assert await desk.look() == ["work"]
    desk.clock.seconds += 2 * HOUR
    assert await desk.look() == ["work"]


async def test_a_start_that_only_the_owner_can_help_is_not_tried_again(desk: Desk):
    await desk.connect("work")
    desk.clock.seconds = 4_000_000_000.0  # after the session was saved
    desk.work.refuses["work"] = NeedsOwnerError("the session is sealed", code="session_locked")
    assert await desk.look() == ["work"]
    del desk.work.refuses["work"]
    desk.clock.seconds += 99 * 24 * HOUR
    assert await desk.look() == []


async def test_failures_back_off(desk: Desk):
    await desk.connect("work")
    desk.work.status = "failed"
    assert await desk.look() == ["work"]
    desk.clock.seconds += 240
    assert await desk.look() == []
    desk.clock.seconds += 200
    assert await desk.look() == ["work"]
    desk.clock.seconds += 400
    assert await desk.look() == []


async def test_a_killed_process_leaves_a_run_that_is_closed_and_caught_up_with_once(desk: Desk):
    """kill -9 in the middle of a run: its row says running, and nobody holds the lease."""
    await desk.connect("work")
    await desk.work.opened(await desk.row("work"))
    desk.restarted()
    assert await desk.look() == []
    [left] = await desk.store.runs.newest((await desk.row("work")).id)
    assert left.status == "failed"
    desk.clock.seconds += HOUR
    assert await desk.look() == ["work"]
    assert await desk.look() == []


async def test_a_process_killed_before_its_run_was_there_does_not_start_again_at_once(desk: Desk):
    """The start is noted before it is tried: killed over and over right after it, there is no stampede."""
    await desk.connect("work")

    async def killed(connection: str) -> None:
        raise asyncio.CancelledError

    collect = desk.work.collect
    desk.work.collect = killed  # type: ignore[method-assign]
    await desk.look()
    desk.work.collect = collect  # type: ignore[method-assign]
    for _ in range(3):
        desk.restarted()
        assert await desk.look() == []
    desk.clock.seconds += HOUR
    assert await desk.look() == ["work"]


@pytest.mark.parametrize(("stopped", "due"), [(True, ["work"]), (False, [])])
async def test_a_run_that_ended_with_the_server_is_gone_on_with_and_one_the_owner_ended_is_not(
    desk: Desk, stopped: bool, due: list[str]
):
    """Both are `cancelled` in the store; only one of them anybody wanted to end."""
    await desk.connect("work")
    await desk.look()
    desk.clock.seconds += 2 * HOUR
    desk.work.status = "cancelled"
    if stopped:
        desk.work.gate.clear()
        desk.work.begun.clear()
        async with background(desk.look()):
            await desk.work.begun.wait()
        [run, *_] = await desk.store.runs.newest((await desk.row("work")).id)
        await desk.store.runs.close(replace(run, status="cancelled", finished_at=desk.clock.iso()), _batch(run))
        desk.work.gate.set()
    else:
        assert await desk.look() == ["work"]
    desk.work.status = "complete"
    desk.restarted()
    desk.clock.seconds += 600
    assert await desk.look() == due


async def test_connections_of_tests_demos_and_recordings_are_never_started_by_themselves(desk: Desk):
    for nature in ("test", "demo", "replay"):
        await desk.connect(nature, choice=None, nature=nature)
    assert await desk.look() == []
    await save_choice(desk.store, await desk.row("test"), HOURLY)
    assert await desk.look() == ["test"]


async def test_files_are_imported_once_they_have_stopped_growing(desk: Desk, tmp_path: Path):
    """Between two looks nothing of them has changed; what is still written is waited for."""
    folder = tmp_path / "exports"
    folder.mkdir()
    await desk.connect("family", choice=None, source="whatsapp", options={"watch": str(folder)})
    assert await desk.look() == []
    (folder / "chat.zip").write_bytes(b"a")
    assert await desk.look() == []
    assert desk.next_look == SETTLE_SECONDS
    (folder / "chat.zip").write_bytes(b"ab")
    assert await desk.look() == []
    assert await desk.look() == ["family: files"]
    assert await desk.look() == []
    (folder / "more.zip.part").write_bytes(b"a")
    assert [await desk.look(), await desk.look()] == [[], []]


async def test_a_watched_folder_that_is_not_there_stops_nothing(desk: Desk):
    await desk.connect("family", choice=None, source="whatsapp", options={"watch": "/nowhere/at/all"})
    await desk.connect("work")
    assert await desk.look() == ["work"]


async def test_a_home_has_one_scheduler_and_it_is_seen_from_outside(desk: Desk):
    assert not is_on_duty(desk.home)
    await desk.connect("work")
    async with background(desk.scheduler.run()):
        await desk.work.begun.wait()
        assert is_on_duty(desk.home)
        with on_duty(desk.home) as ours:
            assert not ours
    assert not is_on_duty(desk.home)


async def test_waking_it_makes_it_look_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """The schedule was changed in this very process: nobody has to wait for the next look."""
    monkeypatch.setattr(scheduling, "LOOK_SECONDS", 1e6)
    looked = asyncio.Event()
    looks = Scheduler.look

    async def look(self: Scheduler, tasks: asyncio.TaskGroup) -> float:
        wait = await looks(self, tasks)
        looked.set()
        return wait

    monkeypatch.setattr(Scheduler, "look", look)
    await desk.connect("work", choice=Choice(mode=Mode.MANUAL))
    async with background(desk.scheduler.run()):
        await looked.wait()
        await save_choice(desk.store, await desk.row("work"), HOURLY)
        desk.scheduler.wake()
        await desk.work.begun.wait()
    assert desk.work.log == ["work"]
