"""What goes on beside answering: it takes up the settings while it runs, and ends with the server."""

import asyncio
from pathlib import Path

import pytest

from api.serving import connect_process, served
from engine.notices.listening import listening
from polyhost.engine.clock import Clock
from polyhost.engine.settings import reload as following
from polyhost.engine.settings.config import Config, config_path
from polyhost.server.companions import companions, make_notifier
from polyhost.server.resources import open_resources

POLL_SECONDS = 0.05


@pytest.mark.requirement("PR-4.4")
async def test_a_server_that_is_set_to_tell_its_owner_only_now_does_so(home: Path, monkeypatch: pytest.MonkeyPatch):
    """config.toml is written while it runs, and a run waits for an answer."""
    monkeypatch.setattr(following, "LOOK_SECONDS", POLL_SECONDS)
    await connect_process(home, "ask")
    async with served(home) as client, listening() as hook:
        assert (await client("POST", "/v1/connections/work/runs", body={})).status == 202
        while not (await client.get("/v1/questions"))["questions"]:  # noqa: ASYNC110  a process asks
            await asyncio.sleep(POLL_SECONDS)
        config_path(home).write_text(f'[notify]\nwebhook = "{hook.url}"\n', encoding="utf-8")
        [told] = await hook.has(1)
    assert "work" in told.headers["Title"]


async def test_nothing_goes_on_once_the_block_is_left(home: Path):
    async with open_resources(home, Clock(), lambda trigger, event: None) as resources:
        before = asyncio.all_tasks()
        notifier = make_notifier(resources, Config(), lambda name: f"http://127.0.0.1/connections/{name}")
        async with companions(resources, Config(), notifier):
            await asyncio.sleep(0)
            assert len(asyncio.all_tasks() - before) >= 5
        assert asyncio.all_tasks() == before
