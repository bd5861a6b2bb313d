"""kill -9 of host, browser and both, at chosen moments; `scripts/crash-test` chooses them at random, and for longer.

Provenance: PR-2.6, PR-4.2; what a killed run leaves is whole (SQLite says so), claims nothing that is not stored, and
the next run finishes it with nothing lost and nothing twice.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from e2e.command import CommandLine, Finished
from e2e.owner import NAME, Owner
from e2e.processes import browser_of, gone, kill
from e2e.truth import difference, stored
from fakes.slack import scenarios, truth
from fakes.slack.script import play

REPLIES = "conversations.replies"
DYING = str(Path(__file__).parent / "dying.py")
WRITE = "polyhost.store.sqlite.store:SqliteStore.write"
PLACES = {
    "before anything is stored": (WRITE, 1),
    "between two pages": (WRITE, 6),
    "between the last page and the cursors": ("polyhost.engine.run._pipeline:Pipeline._commit", 1),
    "before the run is closed": ("polyhost.store.sqlite.runs:SqliteRuns.close", 1),
}
ANY_PLACE = "between two pages"


async def check_what_is_left(owner: Owner) -> None:
    """The file is whole, and every message in a range that is called covered is there."""
    with closing(sqlite3.connect(owner.home / "store.db")) as db:
        assert list(db.execute("PRAGMA integrity_check")) == [("ok",)]
        assert list(db.execute("PRAGMA foreign_key_check")) == []
    there = {key[1:] for key in await stored(owner) if key[0] == "messages"}
    partitions = await owner.partitions()
    for moment, said in truth.visible_messages(owner.slack.world, tombstones=False).items():
        position = said.thread_ts or said.ts  # ten digits before the dot: text order holds
        covered = partitions[moment[0]]["covered"] if moment[0] in partitions else []
        claimed = any((since or "") <= position <= until for since, until in covered)
        assert moment in there or not claimed, moment


async def check_the_next_run(owner: Owner, *, first: bool = True) -> None:
    """It completes, the store equals the truth, nothing was written anew, and there is nothing left to do."""
    rest = await owner.run()
    assert (rest.status, rest.codes - {"partition_missing"}) in (("complete", set()), ("complete_with_gaps", set()))
    assert await difference(owner) == {}
    if first:
        assert {one["version"] for one in await owner.records("messages")} == {1}
    assert (await owner.run()).counts("messages") == (0, 0, 0)
    assert [run["status"] for run in await owner.runs()].count("running") == 0


async def killed_at_a_thread(owner: Owner, command: CommandLine, *, host: bool, browser: bool) -> Finished:
    """A run that has read a page with a thread on it, and not the thread. The head may be stored, its page is not."""
    gate = owner.slack.faults.hold(REPLIES, after=1)
    async with command.running("run", NAME, *command.mapped(owner.slack), "--json") as running:
        await gate.reached.wait()
        pid = await browser_of(running.process.pid)
        assert pid is not None
        if host:
            running.kill()
        if browser:
            kill(pid)
        gate.release()
        ended = await running.finished()
    assert await gone(pid, within=30)  # whoever was killed, no browser stays behind
    return ended


async def be_killed_at(place: str, newcomer: Owner, command: CommandLine) -> None:
    newcomer.slack.behaviour.page_cap = 15
    where, number = PLACES[place]
    dying = replace(command, program=(DYING, where, str(number)))
    ended = await dying("run", NAME, *command.mapped(newcomer.slack), "--json")
    assert ended.exit_code == -9
    await check_what_is_left(newcomer)
    await check_the_next_run(newcomer)


@pytest.mark.requirement("PR-2.6", "PR-4.2")
async def test_a_host_that_is_killed_leaves_a_store_that_tells_the_truth(newcomer: Owner, command: CommandLine) -> None:
    """In the middle of its work; tests/faults/test_crash.py tries the other places."""
    await be_killed_at(ANY_PLACE, newcomer, command)


@pytest.mark.requirement("PR-2.6")
@pytest.mark.parametrize("browser", [False, True])
async def test_a_host_that_is_killed_between_a_head_and_its_members_leaves_a_hole(
    browser: bool, newcomer: Owner, command: CommandLine
) -> None:
    ended = await killed_at_a_thread(newcomer, command, host=True, browser=browser)
    assert ended.exit_code == -9
    await check_what_is_left(newcomer)
    await check_the_next_run(newcomer)


@pytest.mark.requirement("PR-2.6")
async def test_a_run_whose_browser_is_killed_goes_on_in_another_one(newcomer: Owner, command: CommandLine) -> None:
    ended = await killed_at_a_thread(newcomer, command, host=False, browser=True)
    assert (ended.exit_code, ended.value["status"]) == (0, "complete")
    await check_what_is_left(newcomer)
    await check_the_next_run(newcomer)


@pytest.mark.requirement("PR-2.6")
async def test_a_second_run_that_is_killed_among_edits_deletions_and_late_replies_loses_none_of_them(
    owner: Owner, command: CommandLine
) -> None:
    play(owner.slack.world, scenarios.second())
    ended = await killed_at_a_thread(owner, command, host=True, browser=False)
    assert ended.exit_code == -9
    await check_the_next_run(owner, first=False)
