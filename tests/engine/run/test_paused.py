"""A run that its owner pauses: nothing more is taken in, nothing is lost, and it ends in every way it could before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

from background import background
from engine.rig import Rig, hang
from playbooks import ask, done, manifest, record, state, stream
from polyhost.connectors.scripted import FLUSH, Said, ScriptHost
from polyhost.engine.events import OwnerAsked, RequestsCounted, RunEvent, RunPaused, RunResumed
from polyhost.engine.run import _pipeline as pipeline
from polyhost.engine.run import lease
from polyhost.engine.run import paused as pausing
from polyhost.engine.run.pause import Pause
from polyhost.engine.run.paused import paused_run

NOTES = manifest(stream("notes"))


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pausing, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(pipeline, "TICK_SECONDS", 0.01)


class Heard(list[RunEvent]):
    """What a run says, and what is done when it says so."""

    def __init__(self, **deeds: Callable[[], Any]) -> None:
        super().__init__()
        self.deeds = deeds
        self.said = {"RunPaused": asyncio.Event(), "RunResumed": asyncio.Event()}
        self._grew = asyncio.Event()

    def append(self, event: RunEvent) -> None:
        super().append(event)
        name = type(event).__name__
        if name in self.said:
            self.said[name].set()
        if name in self.deeds:
            self.deeds[name]()
        self._grew.set()
        self._grew = asyncio.Event()

    async def resumed(self, times: int) -> None:
        while self.pauses.count("RunResumed") < times:
            await self._grew.wait()

    async def a_while(self) -> None:
        """A few ticks of the run: whatever can go on has gone on by then."""
        until = self.ticks + 3
        while self.ticks < until:
            await self._grew.wait()

    @property
    def ticks(self) -> int:
        return sum(isinstance(event, RequestsCounted) for event in self)

    @property
    def pauses(self) -> list[str]:
        return [type(event).__name__ for event in self if isinstance(event, RunPaused | RunResumed)]


def eager(rig: Rig, *, batches: int, before: int, after: Callable[[], Any] = lambda: None, times: int = 1) -> Any:
    """Hands over batches of one record, as many as it has credit for, and has the run paused once so many are durable.
    `after`: called when it can hand over no more. It is done once the run has been resumed so many times."""

    heard = rig.events
    assert isinstance(heard, Heard)

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        for number in range(batches):
            if number == before:
                await rig.log.has("acknowledged", before)
                rig.pause.begin()
            if number == before + 8:  # the eight before it are all the credit there is
                after()
            yield record("notes", f"n{number:02}")
            yield FLUSH
        await heard.resumed(times)
        yield state("notes", 7)
        yield done(batches)

    return script


async def test_a_paused_run_takes_nothing_in_and_goes_on_exactly_where_it_was(rig: Rig):
    await rig.connected(NOTES)
    stored: list[list[str]] = []

    async def look_and_resume() -> None:
        await heard.said["RunPaused"].wait()
        await heard.a_while()
        stored.append(await rig.keys("notes"))
        assert await paused_run(rig.store, rig.connection.id) == rig.events[0].run_id  # type: ignore[union-attr,arg-type]
        rig.pause.end()

    rig.events = heard = Heard()
    async with asyncio.TaskGroup() as tasks:
        script = eager(rig, batches=20, before=2, after=lambda: tasks.create_task(look_and_resume()))
        result = await rig.run(script)
    assert stored == [["n00", "n01"]]
    assert (result["status"], await rig.cursors()) == ("complete", {"notes": 7})
    assert await rig.keys("notes") == [f"n{number:02}" for number in range(20)]
    assert heard.pauses == ["RunPaused", "RunResumed"]
    assert await paused_run(rig.store, rig.connection.id) is None


async def test_a_cancel_while_paused_ends_the_run_at_once_and_keeps_what_was_durable(rig: Rig):
    await rig.connected(NOTES)
    rig.events = heard = Heard(RunPaused=rig.cancelled.set)
    result = await rig.run(eager(rig, batches=20, before=2))
    assert (result["status"], await rig.keys("notes")) == ("cancelled", ["n00", "n01"])
    assert "error" not in result
    assert heard.pauses == ["RunPaused"], "it was not resumed"


async def test_the_lease_is_kept_while_a_run_is_paused(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.03)
    await rig.connected(NOTES)
    renewed = 0
    renew = rig.store.runs.renew_lease

    async def counted(*given: Any, **more: Any) -> bool:
        nonlocal renewed
        renewed += rig.pause.is_on
        if renewed == 3:
            rig.pause.end()
        return await renew(*given, **more)

    rig.store.runs.renew_lease = counted  # type: ignore[method-assign]
    rig.events = Heard()
    result = await rig.run(eager(rig, batches=5, before=2))
    assert (result["status"], renewed) == ("complete", 3)


async def test_a_run_that_stands_paused_for_too_long_is_ended_as_cancelled_and_says_why(rig: Rig):
    await rig.connected(NOTES)

    def an_hour_later() -> None:
        rig.clock.seconds += pausing.MAX_PAUSE_SECONDS

    rig.events = Heard(RunPaused=an_hour_later)
    result = await rig.run(eager(rig, batches=20, before=2))
    assert (result["status"], result["error"]["code"]) == ("cancelled", "paused_too_long")
    assert "paused for 60 minutes" in result["error"]["reason"]
    assert await rig.keys("notes") == ["n00", "n01"]
    assert result["diagnostics"] == [], "there is no code for it, and nothing is missing"


async def test_time_before_and_between_pauses_does_not_count(rig: Rig):
    await rig.connected(NOTES)
    pauses = 0

    def nearly_an_hour_later() -> None:
        nonlocal pauses
        pauses += 1
        rig.clock.seconds += pausing.MAX_PAUSE_SECONDS - 1
        rig.pause.end()

    def again() -> None:
        if pauses == 1:
            rig.pause.begin()

    rig.events = heard = Heard(RunPaused=nearly_an_hour_later, RunResumed=again)
    assert (await rig.run(eager(rig, batches=5, before=2, times=2)))["status"] == "complete"
    assert heard.pauses == ["RunPaused", "RunResumed"] * 2


async def test_a_question_keeps_its_deadline_while_the_run_is_paused(rig: Rig):
    """Whoever asked waits no longer than it said: a code does not keep."""
    await rig.connected(NOTES)
    answers: list[str] = []

    async def asking(host: ScriptHost) -> AsyncGenerator[Said]:
        yield ask(timeout_seconds=60)
        yield FLUSH
        answers.append((await host.answer())["status"])
        rig.pause.end()
        yield done(0, "failed", code="no_code")

    async def silent(asked: OwnerAsked) -> tuple[str, Any]:
        rig.pause.begin()
        rig.clock.seconds += 61
        await hang()
        raise AssertionError(asked)

    assert (await rig.run(asking, answer=silent))["status"] == "needs_owner"
    assert answers == ["timeout"]


async def test_a_connector_that_dies_ends_a_paused_run(rig: Rig):
    await rig.connected(NOTES)

    async def dying(host: ScriptHost) -> AsyncGenerator[Said]:
        yield record("notes", "n1")
        yield FLUSH
        await rig.log.has("acknowledged", 1)
        rig.pause.begin()

    assert (await rig.run(dying))["error"]["code"] == "connector_crashed"
    assert await rig.keys("notes") == ["n1"]


async def test_a_run_may_be_paused_before_its_connector_says_anything(rig: Rig):
    await rig.connected(NOTES)

    def begin() -> None:
        rig.pause.begin()

    def end() -> None:
        rig.pause.end()

    rig.events = heard = Heard(BrowserStarted=begin, RunPaused=end)
    assert (await rig.run(eager(rig, batches=2, before=9)))["status"] == "complete"
    assert heard.pauses == ["RunPaused", "RunResumed"]


async def test_whoever_is_woken_and_finds_it_paused_again_waits_on():
    pause, passed = Pause(), False

    async def pass_by() -> None:
        nonlocal passed
        await pause.wait()
        passed = True

    pause.begin()
    async with background(pass_by()) as waiting:
        await asyncio.sleep(0)
        pause.end()
        pause.begin()
        for _ in range(3):
            await asyncio.sleep(0)
        assert not passed
        pause.lift()
        await waiting
    pause.begin()
    pause.end()
    assert pause.is_on, "once its run ends, nothing is changed any more"
