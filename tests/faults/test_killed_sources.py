"""RS-4.1, 4.2, 4.4, 4.5: what tests/e2e/test_killed_sources.py does at chosen moments, with everything left to chance.

Histories of a source, the requests at which runs are killed and what happens meanwhile follow from the seed.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from e2e.command import CommandLine
from e2e.conftest import command
from e2e.kills import kill_a_first_reading, let_a_source_change
from e2e.naive_site import NaiveSite, a_naive_site
from faults.seeds import seeds

__all__ = ["command"]

pytestmark = [pytest.mark.requirement("RS-4.1", "RS-4.2", "RS-4.4", "RS-4.5"), pytest.mark.timeout(900)]

KILLS = 6
LAST_REQUEST = 30
"""Until a run has shown how many it makes."""
HAPPENINGS = ("post", "post", "post", "come_late", "come_late", "edit", "delete", "expire", "person", "person", "room")


def happen(site: NaiveSite, die: random.Random, arrival: str) -> None:
    for _ in range(die.randint(0, 5)):
        kind, room, number = die.choice(HAPPENINGS), die.choice(site.rooms), die.randint(0, 40)
        if kind == "expire":
            site.there.expire()
        elif kind == "room":
            change_rooms(site, room, die.randint(0, 3))
        elif kind == "person":
            if site.people.pop(f"p{number % 12}", None) is None:
                site.people[f"p{number % 12}"] = f"Person {number}"
        elif kind == "post" or (kind == "come_late" and arrival == "in_order"):
            site.there.post(room)
        else:
            getattr(site.there, kind)(room, number)


def change_rooms(site: NaiveSite, room: str, number: int) -> None:
    """A new one, or one is deleted or renamed; there is always another one."""
    new = f"R{len(site.rooms) + len(site.over)}"
    if number == 0 or len(site.rooms) == 1:
        site.rooms.append(new)
    elif number == 1:
        site.delete_room(room)
    else:
        site.rename_room(room, new)


@pytest.mark.parametrize("arrival", ["in_order", "any_order"])
@pytest.mark.parametrize("seed", seeds(3))
async def test_no_moment_of_kill_9_and_no_history_makes_it_lose_or_claim_what_was_not_read(
    seed: int, arrival: str, command: CommandLine, tmp_path: Path
) -> None:
    die = random.Random(f"{seed} {arrival}")
    async with a_naive_site(command, tmp_path, arrival=arrival, looks_again=arrival == "in_order") as site:
        site.size = die.randint(1, 5)
        for _ in range(20):
            happen(site, die, arrival)
        killed, last = 0, LAST_REQUEST
        for _ in range(KILLS):
            for at in die.sample(range(1, LAST_REQUEST), 3):
                site.meanwhile[at] = lambda: happen(site, die, arrival)
            if await site.be_killed(die.randint(1, last)):
                killed += 1
            else:
                last = site.asked
            await site.check_claims()
            happen(site, die, arrival)
        site.meanwhile.clear()
        assert killed > 0
        ended = await site.run()
        assert (ended.exit_code, ended.value["status"]) == (0, "complete"), ended.stderr
        await site.check_claims()
        if arrival == "in_order":  # edits and deletions far down are found by reading it all again
            assert (await site.run("--full")).exit_code == 0
        await site.check_that_all_is_here()


async def test_a_source_that_changes_in_order_under_runs_that_are_killed(command: CommandLine, tmp_path: Path) -> None:
    await let_a_source_change("in_order", command, tmp_path)


async def test_a_first_reading_in_any_order_that_is_killed(command: CommandLine, tmp_path: Path) -> None:
    await kill_a_first_reading("any_order", command, tmp_path)
