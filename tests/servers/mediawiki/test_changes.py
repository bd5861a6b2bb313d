"""After each kind of change at a real wiki: one run, and the store is what an independent client reads (RS-6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from servers.mediawiki.history import Revision, dump
from servers.mediawiki.world import World

pytestmark = [pytest.mark.requirement("RS-6"), pytest.mark.timeout(400)]

Change = Callable[[World], Awaitable[Any]]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c63f8cfc0f01f0005000100ff89993d1d0000000049454e44ae426082"
)


async def new_edit(world: World) -> None:
    await world.people.write("Adelaide", "Tides", "The tide is out.", "out")


async def edit_again(world: World) -> None:
    for state in ("in", "out", "in again"):
        await world.people.write("Adelaide", "User:Adelaide", f"The tide is {state}.", state)


async def minor_edit(world: World) -> None:
    await world.people.write("Adelaide", "User:Adelaide/Lamps", "Three lamps.", "count", minor="1")


async def reverted(world: World) -> None:
    number = await world.people.write("Bob", "Tides", "Nonsense.", "nonsense")
    await world.people.do("Adelaide", "edit", title="Tides", undo=str(number))


async def emptied(world: World) -> None:
    await world.people.write("Adelaide", "User:Adelaide", "", "all of it")


async def burst(world: World) -> None:
    for number in range(12):
        who = ("Adelaide", "Bob", "Cleo")[number % 3]
        await world.people.write(who, "User talk:Adelaide", f"State {number} of the talk.", f"talk {number}")


async def late(world: World) -> None:
    world.wiki.take_dump(dump([Revision("User:Adelaide", "Adelaide", "2025-02-03T04:05:06Z", "Late.", "late")]))


async def backdated_by_another(world: World) -> None:
    world.wiki.take_dump(dump([Revision("User talk:Adelaide", "Cleo", "2005-01-01T00:00:00Z", "First of all.", "old")]))


async def backdated_by_a_stranger(world: World) -> None:
    world.wiki.take_dump(dump([Revision("Tides", "Nobody", "2004-01-01T00:00:00Z", "From elsewhere.", "older")]))


async def imported_page(world: World) -> None:
    times = [f"2003-01-0{day}T00:00:00Z" for day in range(1, 6)]
    world.wiki.take_dump(dump([Revision("Moorings", "Adelaide", time, f"As of {time}", "import") for time in times]))


async def in_one_second(world: World) -> None:
    same = [
        Revision("User:Adelaide/Lamps", "Adelaide", "2016-06-06T06:06:06Z", f"Lamp {number}", str(number))
        for number in (1, 2, 3)
    ]
    world.wiki.take_dump(dump(same))


async def deleted_page_of_another(world: World) -> None:
    await world.people.do("Root", "delete", title="Knots")


async def undeleted_page_of_another(world: World) -> None:
    await world.people.do("Root", "undelete", title="Knots")


async def deleted_own_page(world: World) -> None:
    await world.people.do("Root", "delete", title="User:Adelaide/Lamps")


async def undeleted_own_page(world: World) -> None:
    world.wiki.maintain("undelete.php", "User:Adelaide/Lamps")


async def restored_in_part(world: World) -> None:
    times = "|".join(f"2003-01-0{day}T00:00:00Z" for day in (1, 3, 5))
    await world.people.do("Root", "delete", title="Moorings")
    await world.people.do("Root", "undelete", title="Moorings", timestamps=times)


async def moved(world: World) -> None:
    await world.people.do("Adelaide", "move", **{"from": "User:Adelaide/Lamps", "to": "Lanterns", "movetalk": "1"})


async def moved_over_a_redirect(world: World) -> None:
    await world.people.do("Adelaide", "move", **{"from": "Lanterns", "to": "User:Adelaide/Lamps"})


async def moved_without_a_redirect(world: World) -> None:
    await world.people.do("Root", "move", **{"from": "Moorings", "to": "Harbour/Moorings", "noredirect": "1"})


async def begun_anew_under_an_old_name(world: World) -> None:
    await world.people.write("Adelaide", "Moorings", "Another page by that name.", "anew")


async def merged(world: World) -> None:
    await world.people.do("Root", "mergehistory", **{"from": "Harbour/Moorings", "to": "Moorings"})


async def hide(
    world: World, what: str, nth: int, *, by: str = "Adelaide", show: bool = False, suppress: str = "nochange"
) -> None:
    true = await world.people.truth("Adelaide")
    mine = [one for one in true["contributions"] if one["title"] == "User:Adelaide" and "top" not in one]
    if by != "Adelaide":
        page = next(one["pageid"] for one in true["pages"] if one["title"] == "User talk:Adelaide")
        mine = [one for one in true["revisions"].values() if one["page_id"] == page and one.get("user") == by]
    how = {"show" if show else "hide": what}
    await world.people.do(
        "Root", "revisiondelete", type="revision", ids=str(mine[nth]["revid"]), suppress=suppress, **how
    )


async def hidden_text(world: World) -> None:
    await hide(world, "content", 1)


async def hidden_comment(world: World) -> None:
    await hide(world, "comment", 2)


async def revealed(world: World) -> None:
    await hide(world, "content", 1, show=True)


async def hidden_author(world: World) -> None:
    await hide(world, "user", 3)


async def hidden_author_of_another(world: World) -> None:
    await hide(world, "user|content", 2, by="Bob")


async def suppressed(world: World) -> None:
    await hide(world, "content|comment", 2, suppress="yes")


async def suppressed_all(world: World) -> None:
    await hide(world, "content|comment|user", 3, by="Bob", suppress="yes")


async def watched(world: World) -> None:
    await world.people.do("Adelaide", "watch", token="watch", titles="Knots|Help:Contents")


async def unwatched(world: World) -> None:
    await world.people.do("Adelaide", "watch", token="watch", titles="Help:Contents", unwatch="1")


async def uploaded(world: World) -> None:
    await world.people.upload("Adelaide", "Dot.png", PNG, "a dot")
    await world.people.upload("Adelaide", "Notes.txt", b"Low water at six.", "notes")


async def uploaded_again(world: World) -> None:
    await world.people.upload("Adelaide", "Notes.txt", b"Low water at seven.", "an hour later")


async def replaced_by_another(world: World) -> None:
    await world.people.upload("Bob", "Dot.png", PNG + b"\0", "by Bob")


async def file_moved(world: World) -> None:
    await world.people.do("Root", "move", **{"from": "File:Notes.txt", "to": "File:Tide notes.txt"})


async def file_deleted(world: World) -> None:
    await world.people.do("Root", "delete", title="File:Tide notes.txt")


async def talked_to(world: World) -> None:
    await world.people.write(
        "Bob", "User talk:Adelaide", "A question.", "question", section="new", sectiontitle="Lamps"
    )
    await world.people.write("Cleo", "User talk:Adelaide/Archive", "Below it.", "below")
    await world.people.write("Bob", "Talk:Moorings", "About it.", "about")


async def protected(world: World) -> None:
    await world.people.do("Root", "protect", title="User:Adelaide", protections="edit=sysop|move=sysop", expiry="never")


async def blocked(world: World) -> None:
    await world.people.do("Root", "block", user="Adelaide", expiry="1 day", reason="a day off")


async def unblocked(world: World) -> None:
    await world.people.do("Root", "unblock", user="Adelaide")


async def of_a_namesake(world: World) -> None:
    await world.people.write("Bob", "User:Adelaides", "Somebody else.", "namesake")


CHANGES: tuple[Change, ...] = (
    *(new_edit, edit_again, minor_edit, reverted, emptied, burst),
    *(late, backdated_by_another, backdated_by_a_stranger, imported_page, in_one_second),
    *(deleted_page_of_another, undeleted_page_of_another, deleted_own_page, undeleted_own_page, restored_in_part),
    *(moved, moved_over_a_redirect, moved_without_a_redirect, begun_anew_under_an_old_name, merged),
    *(hidden_text, hidden_comment, revealed, hidden_author, hidden_author_of_another, suppressed, suppressed_all),
    *(watched, unwatched, uploaded, uploaded_again, replaced_by_another, file_moved, file_deleted),
    *(talked_to, protected, blocked, unblocked, of_a_namesake),
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
async def test_one_run_later_the_store_is_what_an_independent_client_reads(world: World, change: Change) -> None:
    await change(world)
    ended = await world.run()
    assert ended.exit_code == 0, ended.stdout
    await world.check()
