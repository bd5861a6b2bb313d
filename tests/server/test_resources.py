"""What a process holds open is closed when it ends, and no run outlives it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from polyhost.engine.clock import Clock
from polyhost.engine.events import RunEvent, RunStarted
from polyhost.engine.hosting.run_host import Voice
from polyhost.errors import RefusedError
from polyhost.server.resources import open_resources

STARTED = RunStarted(run_id="run_1", connection="work", source="process", streams=("notes",))


def ignore(trigger: str, event: RunEvent) -> None:
    """Nobody listens."""


async def test_an_operation_is_given_the_store_that_is_open_and_the_runs_of_this_process(home: Path):
    async with open_resources(home, Clock(), ignore) as resources:
        context = resources.context()
        async with context.store() as store:
            assert store is resources.store
        assert (context.home, context.host, context.uploads) == (home, resources.runs, resources.uploads)


async def test_a_run_is_asked_to_end_and_waited_for_when_the_process_ends(home: Path):
    ended: list[str] = []

    async def job(voice: Voice) -> Mapping[str, Any]:
        voice.watch(STARTED)
        await voice.cancelled.wait()
        ended.append(STARTED.run_id)
        return {"status": "cancelled"}

    async with asyncio.TaskGroup() as tasks:
        async with open_resources(home, Clock(), ignore) as resources:
            starting = tasks.create_task(resources.runs.start(job, connection="work"))
            await asyncio.sleep(0)
        assert ended == [await starting]


async def test_every_event_is_heard_with_what_set_its_run_off(home: Path):
    heard: list[tuple[str, RunEvent]] = []

    async def job(voice: Voice) -> Mapping[str, Any]:
        voice.watch(STARTED)
        return {"status": "complete"}

    async with open_resources(home, Clock(), lambda trigger, event: heard.append((trigger, event))) as resources:
        await resources.runs.start(job, connection="work", trigger="schedule")
    assert heard == [("schedule", STARTED)]


async def test_uploads_are_gone_with_the_process(home: Path):
    async def chunks():
        yield b"an export"

    async with open_resources(home, Clock(), ignore) as resources:
        upload = await resources.uploads.take(chunks(), name="export.zip", connection="work", source=None)
        assert upload.path.read_bytes() == b"an export"
    assert not upload.path.exists()


async def test_a_home_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    with pytest.raises(RefusedError):
        async with open_resources(tmp_path / "file" / "home", Clock(), ignore):
            pass
