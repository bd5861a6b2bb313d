"""Two thousand files of a byte to 200 MB while their site is in trouble and the process that fetches them is killed
(SL-2).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2e import command as commands
from e2e.command import CommandLine
from e2e.conftest import _browser, command, newcomer
from e2e.owner import Owner
from e2e.under_fire import MIB, Fire, Plan, fiery
from fakes.slack import FakeSlack, usual_port
from fakes.slack.file_trouble import FileTrouble

__all__ = ["_browser", "command", "newcomer"]

HOUR = 3_600
MOST_GROWTH = 80 * MIB
"""What a run with files may take beyond one without."""

PLAN = Plan(
    seed=2_000,
    files=2_000,
    longest=200_000_000,
    large=5,
    usual=3 * MIB,
    kills=10,
    bytes_before=40 * MIB,
    asked_before=80,
    trouble=FileTrouble(seed=2_000, passing=0.15, lasting=0.03),
)

pytestmark = [pytest.mark.requirement("SL-2"), pytest.mark.timeout(HOUR)]


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(fiery(PLAN), port=usual_port()) as running:
        running.files.trouble = PLAN.trouble
        yield running
        assert running.violations == []


async def test_what_trouble_and_kills_leave_is_told_and_one_run_after_them_closes_all(
    newcomer: Owner, command: CommandLine, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(commands, "LONGEST", float(HOUR))
    fire = Fire(newcomer, command, PLAN)
    without, most_without = await fire.run()
    assert without.value["receipt"]["files"] is None
    killed = await fire.be_killed()
    troubled, most_troubled = await fire.run("--files")
    await fire.check_what_is_missing(troubled)
    PLAN.trouble.heal()
    ended, most_with = await fire.run("--files", "--full")  # what came wrong five times is asked for again only then
    await fire.check_that_all_is_here(ended)
    sizes = sum(len(file.content) for file in newcomer.slack.world.files.values())
    print(f"\n{sizes:,} bytes in {len(fire.truth):,} files, {len(set(fire.truth.values())):,} contents; {killed} kills")
    print(f"struck: {dict(PLAN.trouble.struck)}")
    print(f"memory: {most_without >> 20} MiB without files, {most_troubled >> 20} and {most_with >> 20} MiB with")
    assert killed >= PLAN.kills - 2
    assert max(most_troubled, most_with) - most_without < MOST_GROWTH
