"""Questions to the owner: answered, declined, too late; never stored, never told (PR-4.4)."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from engine.rig import Rig, unanswered
from playbooks import ask, done, looked, manifest, record, state, stream
from polyhost.connectors.scripted import FLUSH, RESTART, Said, ScriptHost
from polyhost.engine.events import OwnerAsked
from polyhost.engine.run import _pipeline as pipeline
from polyhost.instants import iso_from_seconds
from polyhost.store.sqlite.store import SqliteStore

NOTES = manifest(stream("notes"))
SECRET = "hunter2-271828"
heard: list[dict[str, Any]] = []


async def asking(host: ScriptHost) -> AsyncGenerator[Said]:
    """Asks before it reads; fails where it gets no answer."""
    yield ask(timeout_seconds=60)
    yield FLUSH
    answer = await host.answer()
    heard.append(dict(answer))
    if answer["status"] != "success":
        yield done(0, "failed", code="no_code")
        return
    yield record("notes", "n1")
    yield state("notes")
    yield done(1)


@pytest.fixture(autouse=True)
def _nothing_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    heard.clear()
    monkeypatch.setattr(pipeline, "TICK_SECONDS", 0.01)


@pytest.mark.requirement("PR-4.4")
async def test_an_answer_reaches_the_connector_and_no_other_place(rig: Rig, tmp_path: Path):
    await rig.connected(NOTES)

    async def answer(asked: OwnerAsked) -> tuple[str, Any]:
        return "success", {"code": SECRET}

    result = await rig.run(asking, answer=answer)
    assert heard == [
        {"type": "INTERACTION_RESPONSE", "request_id": "q1", "status": "success", "data": {"code": SECRET}}
    ]
    assert (result["status"], await rig.keys("notes")) == ("complete", ["n1"])
    told = repr((result, rig.events, rig.log, await rig.store.runs.get(result["run_id"])))
    assert SECRET not in told
    if isinstance(rig.store.inner, SqliteStore):
        files = list(rig.store.inner.threads.path.parent.iterdir())
        assert files
        assert not [file for file in files if SECRET.encode() in file.read_bytes()]


@pytest.mark.requirement("PR-4.4")
async def test_an_owner_who_declines_ends_the_run_as_needing_them(rig: Rig):
    await rig.connected(NOTES)

    async def decline(asked: OwnerAsked) -> tuple[str, Any]:
        return "cancelled", None

    result = await rig.run(asking, answer=decline)
    assert [answer["status"] for answer in heard] == ["cancelled"]
    assert (result["status"], result["error"]["code"]) == ("needs_owner", "interaction_unanswered")
    assert await rig.cursors() == {}


@pytest.mark.requirement("PR-4.4")
async def test_nobody_waits_longer_than_the_connector_does(rig: Rig):
    """The owner never answers. The run must end all the same, and the question with it."""
    await rig.connected(NOTES)
    given_up: list[str] = []

    async def silent(asked: OwnerAsked) -> tuple[str, Any]:
        rig.clock.seconds += 61
        try:
            return await unanswered(asked)
        except asyncio.CancelledError:
            given_up.append(asked.request_id)
            raise

    result = await rig.run(asking, answer=silent)
    assert [answer["status"] for answer in heard] == ["timeout"]
    assert result["status"] == "needs_owner"
    assert given_up == ["q1"]


@pytest.mark.requirement("PR-4.4")
async def test_a_cancel_while_the_owner_is_asked_ends_the_run_and_the_question(rig: Rig):
    await rig.connected(NOTES)

    async def cancel_instead(asked: OwnerAsked) -> tuple[str, Any]:
        rig.cancelled.set()
        return await unanswered(asked)

    assert (await rig.run(asking, answer=cancel_instead))["status"] == "cancelled"
    assert heard == []


@pytest.mark.requirement("PR-4.4", "PR-4.5")
async def test_a_connector_that_does_not_wait_for_the_answer_is_ended_with_its_question(rig: Rig):
    await rig.connected(NOTES)

    async def impatient(host: ScriptHost) -> AsyncGenerator[Said]:
        yield ask()
        yield record("notes", "n1")

    result = await rig.run(impatient)
    assert result["error"]["code"] == "protocol_violation"
    assert await rig.keys("notes") == []


@pytest.mark.requirement("PR-4.4")
async def test_a_connector_that_dies_while_the_owner_is_asked_ends_the_question(rig: Rig):
    await rig.connected(NOTES)

    async def dying(host: ScriptHost) -> AsyncGenerator[Said]:
        yield ask()

    assert (await rig.run(dying))["error"]["code"] == "connector_crashed"


@pytest.mark.requirement("PR-4.4")
async def test_a_restarted_connector_asks_anew_and_an_answer_to_the_old_question_is_not_its_answer(rig: Rig):
    await rig.connected(NOTES)

    async def answer(asked: OwnerAsked) -> tuple[str, Any]:
        """To the second question only."""
        questions = [event for event in rig.events if isinstance(event, OwnerAsked)]
        return ("success", {"code": "2"}) if len(questions) == 2 else await unanswered(asked)

    async def script(host: ScriptHost) -> AsyncGenerator[Said]:
        yield ask()
        yield FLUSH
        if "resume" not in host.start:
            yield RESTART
        heard.append(dict(await host.answer()))
        yield looked("notes")
        yield done(0)

    assert (await rig.run(script, answer=answer))["status"] == "complete"
    assert [given["data"] for given in heard] == [{"code": "2"}]


@pytest.mark.requirement("RS-2", "RS-3")
async def test_an_owner_is_told_until_when_by_the_clock_on_the_wall(rig: Rig):
    await rig.connected(NOTES)
    told: list[str | None] = []
    until = iso_from_seconds(rig.clock.now() + 60)

    async def answer(asked: OwnerAsked) -> tuple[str, Any]:
        told.append(asked.until)
        return "success", {"code": SECRET}

    await rig.run(asking, answer=answer)
    assert told == [until]
