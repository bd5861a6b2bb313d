"""Runs that are killed, interrupted, or find another one at work: real processes, held at a request by the server.

Provenance: PR-2.6, PR-4.2; README (exit statuses); docs/store.md (one run per connection, kill -9 at any instant).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from e2e.command import CommandLine, Running
from e2e.owner import Owner
from e2e.truth import difference, stored
from fakes.slack.faults import Gate

HELD = "conversations.history"


@asynccontextmanager
async def held_run(owner: Owner, command: CommandLine, *, after: int) -> AsyncIterator[tuple[Running, Gate]]:
    """A run of the real command that waits for its answer to one history call, with some of them answered before."""
    owner.slack.behaviour.page_cap = 15
    gate = owner.slack.faults.hold(HELD, after=after)
    async with command.running("run", "fake", *command.mapped(owner.slack), "--json") as running:
        await gate.reached.wait()
        yield running, gate
        gate.release()


@pytest.mark.requirement("PR-2.6", "PR-4.2")
@pytest.mark.parametrize("after", [5])
async def test_after_kill_9_the_next_run_completes_with_nothing_lost_and_nothing_twice(
    after: int, newcomer: Owner, command: CommandLine
) -> None:
    async with held_run(newcomer, command, after=after) as (running, _):
        running.kill()
        assert (await running.finished()).exit_code == -9
    (killed,) = await newcomer.runs()
    assert killed["status"] == "failed"  # and not "running", until the next run comes and finds out
    refused = await command("cancel", killed["run_id"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    kept = {key for key in await stored(newcomer) if key[0] == "messages"}
    assert await newcomer.partitions() or not kept

    rest = await newcomer.run()
    assert (rest.status, rest.value["diagnostics"]) == ("complete", [])
    assert await difference(newcomer) == {}
    assert rest.counts("messages")[0] == len(await newcomer.records("messages")) - len(kept)
    assert [run["status"] for run in await newcomer.runs()] == ["complete", "failed"]
    assert (await newcomer.run()).counts("messages") == (0, 0, 0)


@pytest.mark.requirement("PR-2.6", "PR-4.2")
async def test_a_run_that_is_killed_while_it_is_paused_leaves_the_next_one_unpaused(
    newcomer: Owner, command: CommandLine
) -> None:
    async with held_run(newcomer, command, after=5) as (running, gate):
        (run,) = await newcomer.runs()
        assert (await command("pause", run["run_id"])).exit_code == 0
        await running.said("paused by its owner")
        gate.release()
        running.kill()
        assert (await running.finished()).exit_code == -9
    rest = await newcomer.run()
    assert (rest.status, rest.value["diagnostics"]) == ("complete", [])
    assert await difference(newcomer) == {}
    assert [run["status"] for run in await newcomer.runs()] == ["complete", "failed"]


@pytest.mark.requirement("PR-2.6", "PR-4.2")
async def test_the_first_ctrl_c_ends_the_run_as_cancelled_and_the_next_one_goes_on(
    newcomer: Owner, command: CommandLine
) -> None:
    async with held_run(newcomer, command, after=5) as (running, _):
        running.interrupt()
        ended = await running.finished()
    assert ended.exit_code == 130
    assert ended.value["status"] == "cancelled"
    assert "Traceback" not in ended.stderr
    assert "what is read so far is kept" in ended.stderr
    kept = ended.value["streams"]["messages"]["new"]
    assert 0 < kept == len(await newcomer.records("messages"))

    rest = await newcomer.run()
    assert rest.status == "complete"
    assert rest.counts("messages")[0] == len(await newcomer.records("messages")) - kept
    assert await difference(newcomer) == {}


async def test_a_second_run_of_the_same_connection_is_refused_and_names_the_first(
    newcomer: Owner, command: CommandLine
) -> None:
    async with held_run(newcomer, command, after=2) as (running, gate):
        second = await command("run", "fake", *command.mapped(newcomer.slack))
        assert second.exit_code == 2
        assert second.stdout == ""
        assert f"process {running.process.pid}" in second.complaint
        (going_on,) = await newcomer.runs()
        assert going_on["status"] == "running"
        assert going_on["run_id"] in second.complaint
        gate.release()
        assert (await running.finished()).exit_code == 0
    assert await difference(newcomer) == {}
    assert [run["status"] for run in await newcomer.runs()] == ["complete"]
