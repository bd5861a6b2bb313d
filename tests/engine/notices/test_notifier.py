"""Each cause is told once: across looks, restarts and failures to get there; and again once it came back."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from engine.rig import StillClock
from polyhost.engine.notices.causes import Question
from polyhost.engine.notices.channels import Channel, Notice
from polyhost.engine.notices.notifier import Notifier
from polyhost.engine.sessions.saved import delete_session, save_session
from polyhost.engine.settings.config import ScheduleConfig
from polyhost.errors import RunFailedError
from polyhost.store.base import BatchRow, RunRow, Store
from polyhost.store.opening import open_store

SESSION = {"cookies": [{"name": "d"}], "origins": []}
AFTER_THE_SESSION = 4_000_000_000.0


class Letters(Channel):
    """Keeps what is sent; `lost`: how many do not arrive."""

    name = "letters"

    def __init__(self) -> None:
        self.sent: list[Notice] = []
        self.lost = 0

    async def send(self, notice: Notice) -> None:
        if self.lost:
            self.lost -= 1
            raise RunFailedError("it got lost", code="lost")
        self.sent.append(notice)

    def taken(self) -> list[str]:
        texts = [notice.text for notice in self.sent]
        self.sent.clear()
        return texts


class Bell:
    def __init__(self, store: Store, home: Path) -> None:
        self.store, self.home = store, home
        self.clock = StillClock()
        self.clock.seconds = AFTER_THE_SESSION
        self.letters = Letters()
        self.questions: Sequence[Question] = ()

    async def look(self) -> list[str]:
        """One look of a server that was started this moment. What was told."""
        notifier = Notifier(
            store=self.store,
            home=self.home,
            ways=[self.letters],
            schedule=ScheduleConfig(),
            clock=self.clock,
            questions=lambda: self.questions,
            dashboard=lambda connection: f"http://127.0.0.1:8787/c/{connection}",
        )
        await notifier.look()
        return self.letters.taken()

    async def ran(self, status: str, code: str | None = None) -> None:
        self.clock.seconds += 3600
        row = await self.store.connections.get("work")
        assert row is not None
        at = self.clock.iso()
        batch = BatchRow(id=at, connection_id=row.id, method="browser_polyfill", trigger="owner", started_at=at)
        run = RunRow(id=at, connection_id=row.id, batch_id=at, mode="incremental", status="running", started_at=at)
        await self.store.runs.open(run, batch)
        if status != "running":
            await self.ended(status, code)

    async def ended(self, status: str, code: str | None = None) -> None:
        """The run that began last."""
        row = await self.store.connections.get("work")
        assert row is not None
        [run] = await self.store.runs.newest(row.id, limit=1)
        batch = await self.store.runs.batch(run.batch_id)
        assert batch is not None
        at = run.started_at
        facts = {
            "batch_id": at, "connection": "work", "source": "slack", "method": "browser_polyfill", "trigger": "owner",
            "started_at": at, "finished_at": at, "status": status, "streams": {}, "event_time": None, "gaps": [],
            "completeness": {"claim": "partial", "evidence": []}, "artifact": None, "recorded": False,
        }  # fmt: skip
        closed = replace(run, status=status, finished_at=at, result={"error": {"code": code}} if code else {})
        await self.store.runs.close(closed, replace(batch, finished_at=at, facts=facts))


@pytest.fixture
async def bell(home: Path) -> AsyncIterator[Bell]:
    store = await open_store(home)
    for name, nature in (("work", "live"), ("show", "demo")):
        await store.connections.create(
            name=name, source="slack", nature=nature, options={}, account={}, at="2026-11-01T00:00:00Z"
        )
    save_session(home, "work", SESSION)
    yield Bell(store, home)
    await store.close()


async def test_a_cause_is_told_once_however_often_it_is_found_again(bell: Bell):
    assert await bell.look() == []
    await bell.ran("needs_owner", "signed_out")
    assert await bell.look() == ["You are signed out."]
    await bell.ran("needs_owner", "signed_out")
    assert [await bell.look() for _ in range(3)] == [[], [], []]


async def test_it_is_told_again_once_it_was_over_and_came_back(bell: Bell):
    await bell.ran("needs_owner", "signed_out")
    await bell.look()
    await bell.ran("complete")
    assert await bell.look() == []
    await bell.ran("needs_owner", "signed_out")
    assert await bell.look() == ["You are signed out."]


async def test_it_is_told_again_when_it_came_back_while_nobody_looked(bell: Bell):
    await bell.ran("needs_owner", "signed_out")
    await bell.look()
    await bell.ran("complete")
    await bell.ran("needs_owner", "signed_out")
    assert await bell.look() == ["You are signed out."]


async def test_a_session_that_is_missing_is_told_and_forgotten_when_it_is_there(bell: Bell, home: Path):
    delete_session(home, "work")
    assert await bell.look() == ["There is no saved session."]
    save_session(home, "work", SESSION)
    assert await bell.look() == []
    delete_session(home, "work")
    assert await bell.look() == ["There is no saved session."]


async def test_what_did_not_get_there_is_tried_again_ever_later(bell: Bell, home: Path):
    delete_session(home, "work")
    bell.letters.lost = 2
    assert await bell.look() == []
    bell.clock.seconds += 299
    assert await bell.look() == []
    bell.clock.seconds += 2
    assert (await bell.look(), bell.letters.lost) == ([], 0)
    bell.clock.seconds += 400
    assert await bell.look() == []
    bell.clock.seconds += 400
    assert await bell.look() == ["There is no saved session."]
    bell.clock.seconds += 10**6
    assert await bell.look() == []


async def test_a_failure_that_the_next_run_may_mend_rings_no_bell_while_runs_start_by_themselves(bell: Bell):
    await bell.ran("failed", "site_down")
    assert await bell.look() == []


async def test_a_question_is_told_once_until_it_is_answered(bell: Bell):
    bell.questions = [Question(connection="work", run_id="run_1", request_id="r1")]
    assert await bell.look() == ["A run waits for your answer."]
    assert await bell.look() == []
    bell.questions = [Question(connection="work", run_id="run_2", request_id="r1")]
    assert await bell.look() == ["A run waits for your answer."]


async def test_a_question_that_went_unanswered_is_not_told_a_second_time_as_how_its_run_ended(bell: Bell):
    await bell.ran("running")
    bell.questions = [Question(connection="work", run_id=bell.clock.iso(), request_id="r1")]
    assert await bell.look() == ["A run waits for your answer."]
    bell.questions = []
    await bell.ended("needs_owner", "signed_out")
    assert [await bell.look(), await bell.look()] == [[], []]
    await bell.ran("complete")
    await bell.ran("needs_owner", "signed_out")
    assert await bell.look() == ["You are signed out."]


async def test_a_notice_leads_to_the_page_of_its_connection(bell: Bell):
    bell.questions = [Question(connection="work", run_id="run_1", request_id="r1")]
    bell.letters.taken = list  # type: ignore[method-assign]
    await bell.look()
    [notice] = bell.letters.sent
    assert (notice.title, notice.click) == ("polyhost: work needs you", "http://127.0.0.1:8787/c/work")


async def test_a_process_killed_while_telling_does_not_tell_twice(bell: Bell, home: Path):
    """At most once: the cause is claimed first."""
    delete_session(home, "work")

    async def killed(notice: Notice) -> None:
        bell.letters.sent.append(notice)
        raise KeyboardInterrupt

    send = bell.letters.send
    bell.letters.send = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        await bell.look()
    assert bell.letters.taken() == ["There is no saved session."]
    bell.letters.send = send  # type: ignore[method-assign]
    assert await bell.look() == []
