"""Sixty files while their site is in trouble and the process that fetches them is killed (SL-2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from e2e.command import CommandLine
from e2e.owner import Owner
from e2e.under_fire import MIB, Fire, Plan, fiery
from fakes.slack import FakeSlack, usual_port
from fakes.slack.file_trouble import FileTrouble

pytestmark = [pytest.mark.requirement("SL-2"), pytest.mark.timeout(180)]

PLAN = Plan(
    seed=14,
    files=60,
    longest=5 * MIB,
    large=4,
    usual=MIB,
    kills=3,
    bytes_before=4 * MIB,
    asked_before=20,
    trouble=FileTrouble(seed=14, passing=0.25, lasting=0.1),
)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(fiery(PLAN), port=usual_port()) as running:
        running.files.trouble = PLAN.trouble
        yield running
        assert running.violations == []


async def test_what_trouble_and_kills_leave_is_told_and_one_run_after_them_closes_all(
    newcomer: Owner, command: CommandLine, home: Path
):
    fire = Fire(newcomer, command, PLAN)
    assert await fire.be_killed() == PLAN.kills
    troubled, _ = await fire.run("--files")
    await fire.check_what_is_missing(troubled)
    assert PLAN.trouble.struck.total() > 0
    PLAN.trouble.heal()
    ended, _ = await fire.run("--files")
    await fire.check_that_all_is_here(ended)
