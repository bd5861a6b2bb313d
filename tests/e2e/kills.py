"""Runs of the guide's own polyfill that are killed with -9 at chosen moments (e2e/naive_site.py); what is there then.

The default lane tries one order of each, tests/faults the other, and moments left to chance.
"""

from __future__ import annotations

from pathlib import Path

from e2e.command import CommandLine
from e2e.naive_site import NaiveSite, a_naive_site

__all__ = ["kill_a_first_reading", "let_a_source_change"]


def settle_in(site: NaiveSite) -> None:
    for number in range(24):
        site.there.post(site.rooms[number % 2])
    site.people |= {name: name.title() for name in ("ada", "bob", "cleo", "dan", "eve")}


def change(site: NaiveSite, arrival: str, nth: int) -> None:
    """A post in each room, something late where that can be, an edit, a deletion; one of the people goes, one comes."""
    for room in site.rooms:
        site.there.post(room)
        if arrival == "any_order":
            site.there.come_late(room, nth)
            site.there.come_late(room, nth + 11)
        site.there.edit(room, nth)
        site.there.delete(room, nth + 1)
    site.people.pop(min(site.people))
    site.people[f"late {nth}"] = "Late"


async def let_a_source_change(arrival: str, command: CommandLine, tmp_path: Path) -> None:
    """It changes, expires its tokens and renames rooms under runs that are killed: all is stored, nothing is claimed
    that was not read."""
    async with a_naive_site(command, tmp_path, arrival=arrival, looks_again=arrival == "in_order") as site:
        settle_in(site)
        site.meanwhile[4] = lambda: change(site, arrival, 3)
        for number in (6, 3, 9):
            assert await site.be_killed(number)
            await site.check_claims()
            change(site, arrival, number)
            if number == 3:
                site.there.expire()  # all tokens that were handed out are refused from now on
                site.rename_room("B", "C")
        ended = await site.run()
        assert (ended.exit_code, ended.value["status"]) == (0, "complete"), ended.stderr
        await site.check_claims()
        await site.check_that_all_is_here()
        change(site, arrival, 5)
        site.delete_room("C")
        site.there.expire()
        again = await site.run()
        assert (again.exit_code, again.value["streams"]["people"]["deleted"]) == (0, 1)
        await site.check_that_all_is_here()


async def kill_a_first_reading(arrival: str, command: CommandLine, tmp_path: Path) -> None:
    """Three times: it goes on where it was, and no more than a page is read again."""
    async with a_naive_site(command, tmp_path, arrival=arrival, looks_again=False) as site:
        for _ in range(60):
            site.there.post("A")
        kills = (6, 8, 9)
        for number in kills:
            assert await site.be_killed(number)
            await site.check_claims()
        assert (await site.run()).exit_code == 0
        await site.check_that_all_is_here()
        pages = {token: times for (room, token), times in site.answered.items() if room == "A"}
        newest = pages.pop("")
        assert newest <= 1 + len(kills)  # whether there is anything new, once in each run
        assert len(pages) == 60 / site.size - 1
        assert sum(pages.values()) - len(pages) <= len(kills)
        assert site.early == []  # whenever it is killed, no more than a page is lost
