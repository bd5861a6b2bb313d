"""The first run over a real wiki: what it costs, and what becomes of it when it is killed (RS-6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from servers.mediawiki.world import NAME, World

pytestmark = [pytest.mark.requirement("RS-6"), pytest.mark.timeout(400)]


async def test_a_first_run_asks_no_more_than_an_independent_client(new_world: World) -> None:
    ended = await new_world.run()
    assert ended.exit_code == 0, ended.stdout
    true = await new_world.check()
    asked = sum(ended.value["traffic"]["by_endpoint"].values())
    assert asked <= true["requests"], (new_world.front.asked, true["requests"])


async def test_a_first_run_that_is_killed_wherever_goes_on_and_ends_whole(new_world: World) -> None:
    for number in (1, 2, 4, 6, 8):
        await new_world.be_killed(number)
        new_world.check_file()
    await new_world.check_claims()
    assert (await new_world.run()).exit_code == 0
    await new_world.check()


async def test_files_come_with_the_session_and_another_version_is_another_file(
    new_world: World, tmp_path: Path
) -> None:
    low, later = b"Low water at six.", b"Low water at seven."
    await new_world.people.upload("Adelaide", "Notes.txt", low, "notes")
    assert (await new_world.run("--files")).exit_code == 0
    assert await contents(new_world, tmp_path / "first") == [low]
    await new_world.people.upload("Adelaide", "Notes.txt", later, "an hour later")
    assert (await new_world.run("--files")).exit_code == 0
    assert await contents(new_world, tmp_path / "second") == [later]


async def contents(world: World, folder: Path) -> list[bytes]:
    """Of all files that are here."""
    ended = await world.command("files", NAME, "--to", str(folder))
    assert ended.exit_code == 0, ended.stderr
    return texts_in(folder)


def texts_in(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.rglob("*.txt")]
