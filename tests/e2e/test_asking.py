"""A run that is signed out before it has read anything is seen, paused and ended from its acceptance on.

Real processes, and a server on duty as far as they can tell.

Provenance: RS-2.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from e2e.command import LONGEST, CommandLine, Running
from e2e.owner import Owner
from e2e.processes import browser_of, gone
from fakes.slack.faults import Gate
from polyhost.engine.hosting.server_lock import on_duty

DYING = str(Path(__file__).parent / "dying.py")
pytestmark = pytest.mark.requirement("RS-2")

POLL_SECONDS = 0.1
BOUND_SECONDS = 25.0
"""cli/leaving.py's bound, and some for a machine that is busy."""


@pytest.fixture
def unseen(command: CommandLine) -> CommandLine:
    """Where no window can open."""
    command.environment = {"DISPLAY": "", "WAYLAND_DISPLAY": ""}
    return command


@asynccontextmanager
async def asking(owner: Owner, command: CommandLine) -> AsyncIterator[tuple[Running, str]]:
    """A run without a terminal that asks, as a server is on duty; with its id."""
    owner.slack.sign_out()
    with on_duty(owner.home):
        async with command.running("run", "fake", *command.mapped(owner.slack), "--json") as running:
            await running.said("waiting for you until ")
            (run,) = await owner.runs()
            yield running, run["run_id"]


async def cancelled(running: Running, command: CommandLine, run_id: str) -> None:
    told = await command("cancel", "fake", "--json")
    assert (told.exit_code, told.value) == (0, {"run_id": run_id, "cancelling": True})


async def interrupted(running: Running, command: CommandLine, run_id: str) -> None:
    running.interrupt()


async def terminated(running: Running, command: CommandLine, run_id: str) -> None:
    os.kill(running.process.pid, signal.SIGTERM)


@pytest.mark.parametrize("end", [cancelled, interrupted, terminated])
async def test_a_run_that_asks_is_seen_and_ended_by_one_word(
    end: Callable[[Running, CommandLine, str], Awaitable[None]], newcomer: Owner, unseen: CommandLine
):
    async with asking(newcomer, unseen) as (running, run_id):
        (listed,) = await newcomer.runs()
        assert (listed["run_id"], listed["status"]) == (run_id, "running")
        await end(running, unseen, run_id)
        ended = await running.finished()
    assert (ended.exit_code, ended.value["status"]) == (130, "cancelled"), ended.stderr
    (kept,) = await newcomer.runs()
    assert kept["status"] == "cancelled"


async def test_where_nobody_can_be_asked_it_ends_at_once_as_needing_its_owner(newcomer: Owner, unseen: CommandLine):
    newcomer.slack.sign_out()
    ended = await unseen("run", "fake", *unseen.mapped(newcomer.slack), "--json")
    assert (ended.exit_code, ended.value["status"]) == (4, "needs_owner")
    assert "Nobody can be asked" in ended.stderr


async def test_a_run_that_asks_is_paused_and_goes_on(newcomer: Owner, unseen: CommandLine):
    async with asking(newcomer, unseen) as (running, run_id):
        assert (await unseen("pause", run_id)).exit_code == 0
        await running.said("paused by its owner")
        assert (await unseen("resume", run_id)).exit_code == 0
        await running.said("resumed by its owner")
        running.interrupt()
        assert (await running.finished()).exit_code == 130


# SIGTERM


Moment = Callable[[Owner, Running, CommandLine, Gate], Awaitable[None]]


async def before_the_browser(owner: Owner, running: Running, command: CommandLine, gate: Gate) -> None:
    await running.said("collecting")


async def while_reading(owner: Owner, running: Running, command: CommandLine, gate: Gate) -> None:
    await gate.reached.wait()


async def while_paused(owner: Owner, running: Running, command: CommandLine, gate: Gate) -> None:
    await gate.reached.wait()
    (run,) = await owner.runs()
    assert (await command("pause", run["run_id"])).exit_code == 0
    await running.said("paused by its owner")


async def once_the_browser_is_there(owner: Owner, running: Running, command: CommandLine, gate: Gate) -> None:
    async with asyncio.timeout(LONGEST):
        while await browser_of(running.process.pid) is None:  # noqa: ASYNC110  another process
            await asyncio.sleep(POLL_SECONDS)


async def test_sigterm_while_it_settles_keeps_what_it_came_to(newcomer: Owner, unseen: CommandLine):
    place = (DYING, "polyhost.engine.run.collect:_Run._close", "1:SIGTERM")
    async with asyncio.timeout(LONGEST):
        ended = await replace(unseen, program=place)("run", "fake", *unseen.mapped(newcomer.slack), "--json")
    assert (ended.exit_code, ended.value["status"]) == (0, "complete"), ended.stderr
    (kept,) = await newcomer.runs()
    assert kept["status"] == "complete"


MOMENTS = [before_the_browser, once_the_browser_is_there, while_reading, while_paused]


@pytest.mark.parametrize("moment", MOMENTS)
async def test_sigterm_ends_a_run_and_its_browser_at_any_moment(moment: Moment, newcomer: Owner, unseen: CommandLine):
    gate = newcomer.slack.faults.hold("conversations.history", after=1)
    try:
        async with unseen.running("run", "fake", *unseen.mapped(newcomer.slack), "--json") as running:
            await moment(newcomer, running, unseen, gate)
            browser = await browser_of(running.process.pid)
            os.kill(running.process.pid, signal.SIGTERM)
            async with asyncio.timeout(BOUND_SECONDS):
                ended = await running.finished()
    finally:
        gate.release()
    assert ended.exit_code == 130, ended.stderr
    assert browser is None or await gone(browser, BOUND_SECONDS)
    assert "running" not in {run["status"] for run in await newcomer.runs()}
