"""Runs that start by themselves: real processes, a real browser, a server that holds a request while something dies."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from e2e.command import LONGEST, CommandLine
from e2e.owner import Owner
from e2e.truth import difference
from engine.notices.listening import listening
from fork_server import Forked, fork
from polyhost.instants import utc

HELD = "conversations.history"
POLL_SECONDS = 0.1
"""Between two looks at what another process has come to."""


@dataclass(slots=True)
class Serving:
    """A process with a scheduler, and what it said so far."""

    process: Forked
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def says(self, what: str, times: int = 1) -> dict[str, Any]:
        """The so many-th thing of this kind, counted from its start."""
        async with asyncio.timeout(LONGEST):
            while len(said := [one for one in self.heard if one["said"] == what]) < times:
                line = await self.process.stdout.readline()
                assert line, f"it ended without having {what}; it said {self.heard}"
                self.heard.append(json.loads(line))
        return said[times - 1]

    @property
    def started(self) -> int:
        return sum(one["said"] == "started" for one in self.heard)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@asynccontextmanager
async def serving(home: Path, *, hours_later: float = 0) -> AsyncIterator[Serving]:
    program = ["-m", "e2e.scheduling", str(home), str(hours_later)]
    process = await fork(program, folder=home.parent, environment=os.environ)
    try:
        yield Serving(process)
    finally:
        await process.end()


async def every_five_minutes(command: CommandLine) -> None:
    assert (await command("schedule", "set", "fake", "--every", "5m")).exit_code == 0


async def test_a_connection_is_collected_by_itself_while_the_server_runs(newcomer: Owner, command: CommandLine) -> None:
    """The real command, from its start to Ctrl-C: one run, which says that a schedule has set it off."""
    await every_five_minutes(command)
    async with command.running("serve", "--port", str(free_port())) as server:
        while not await newcomer.runs() or (await newcomer.runs())[0]["status"] == "running":  # noqa: ASYNC110  another process
            await asyncio.sleep(POLL_SECONDS)
        shown = (await command("schedule", "show", "fake", "--json")).value
        assert (shown["status"], shown["served"]) == ("automatic", True)
        assert utc(shown["next_due"]) is not None
        server.interrupt()
        assert (await server.finished()).exit_code == 0
    assert [run["status"] for run in await newcomer.runs()] == ["complete"]
    assert await difference(newcomer) == {}
    [receipt] = (await command("batches", "fake", "--json")).value["batches"]
    assert receipt["trigger"] == "schedule"
    assert (await command("schedule", "show", "fake", "--json")).value["status"] == "off"


async def test_a_connection_of_a_test_server_is_left_alone(newcomer: Owner) -> None:
    async with serving(newcomer.home) as server:
        await server.says("looked")
        assert server.started == 0


async def test_after_kill_9_in_the_middle_of_a_run_there_is_one_run_to_catch_up(
    newcomer: Owner, command: CommandLine
) -> None:
    """Restarted at once it waits; restarted after a night it runs once, from where the killed one stopped."""
    await every_five_minutes(command)
    newcomer.slack.behaviour.page_cap = 15
    gate = newcomer.slack.faults.hold(HELD, after=3)
    async with serving(newcomer.home) as server:
        await gate.reached.wait()
        server.process.kill()
    gate.release()
    async with serving(newcomer.home) as server:
        await server.says("looked")
        assert server.started == 0
    assert [run["status"] for run in await newcomer.runs()] == ["failed"]
    async with serving(newcomer.home, hours_later=9) as server:
        assert (await server.says("finished"))["status"] == "complete"
        await server.says("looked", times=2)
        assert server.started == 1
    assert [run["status"] for run in await newcomer.runs()] == ["complete", "failed"]
    assert await difference(newcomer) == {}


async def test_a_run_the_owner_has_going_is_neither_joined_nor_counted_as_a_failure(
    newcomer: Owner, command: CommandLine
) -> None:
    await every_five_minutes(command)
    gate = newcomer.slack.faults.hold(HELD, after=1)
    async with command.running("run", "fake", *command.mapped(newcomer.slack), "--json") as running:
        await gate.reached.wait()
        async with serving(newcomer.home, hours_later=0) as server:
            await server.says("looked")
            assert server.started == 0
        gate.release()
        assert (await running.finished()).exit_code == 0
    assert [run["status"] for run in await newcomer.runs()] == ["complete"]


async def test_an_owner_who_is_signed_out_is_told_once_and_nothing_is_tried_again(
    newcomer: Owner, command: CommandLine
) -> None:
    """A real process posts to a real webhook: first that a run waits to be signed in; not again that it waited in vain,
    and not by another process days later. What arrives names no conversation and nobody."""
    newcomer.slack.sign_out()
    await every_five_minutes(command)
    async with listening() as hook:
        settings = f'[notify]\nwebhook = "{hook.url}"\n'
        (newcomer.home / "config.toml").write_text(settings, encoding="utf-8")
        async with serving(newcomer.home) as server:
            await hook.has(1)
            await decline(newcomer.home, (await server.says("serving"))["address"])
            assert (await server.says("finished"))["status"] == "needs_owner"
            asked = sum(one["said"] == "asked" for one in server.heard)
            await server.says("asked", times=asked + 1)
        async with serving(newcomer.home, hours_later=40) as server:
            await server.says("looked")
            await server.says("asked")
            assert server.started == 0
        [posted] = hook.posted
    assert (posted.headers["Title"], posted.text) == ("polyhost: fake needs you", "A run waits for your answer.")
    assert "/connections/fake" in posted.headers["Click"]
    assert (await command("schedule", "show", "fake", "--json")).value["status"] == "waiting"


async def decline(home: Path, address: str) -> None:
    """Say no to the one question there is."""
    headers = {"Authorization": f"Bearer {(home / 'token').read_text(encoding='ascii').strip()}"}
    async with aiohttp.ClientSession(base_url=f"http://{address}", headers=headers) as owner:
        async with owner.get("/v1/questions") as answer:
            [question] = (await answer.json())["questions"]
        path = f"/v1/runs/{question['run_id']}/interactions/{question['request_id']}"
        async with owner.post(path, json={"status": "cancelled"}) as answer:
            assert answer.status in {200, 202}, await answer.text()
