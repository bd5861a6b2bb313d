"""An owner asks for the files of what was said, too: `run --files` on the fake workspace (SL-2)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from e2e.command import CommandLine
from e2e.owner import NAME, Owner
from fakes.slack.export import write_export
from importing import Importing
from polyhost.operations.context import Context
from polyhost.operations.status import StatusRequest, status
from polyhost.store.base import FileRow

pytestmark = pytest.mark.requirement("SL-2")


async def files_of(owner: Owner) -> dict[str, FileRow]:
    """By the source's id."""
    async with Context(home=owner.home).store(create=False) as store:
        row = await store.connections.get(NAME)
        assert row is not None
        return {one.facts.identity.removeprefix("id:"): one for one in (await store.files.find(row.id)).files}


def kept(home: Path) -> dict[str, bytes]:
    """What lies in the home, by the name it lies under."""
    return {path.name: path.read_bytes() for path in (home / "files").glob("[0-9a-f][0-9a-f]/*")}


def at_the_source(owner: Owner) -> dict[str, bytes]:
    return {file.id: file.content for file in owner.slack.world.files.values() if not file.deleted}


async def test_every_file_is_here_once_as_it_is_at_the_source(newcomer: Owner):
    before = await newcomer.run()
    assert (before.status, before.value["receipt"]["files"]) == ("complete", None)
    assert not (newcomer.home / "files").exists(), "nobody asked"
    ran = await newcomer.run(files=True)
    assert (ran.status, ran.codes) == ("complete", set())
    source, found = at_the_source(newcomer), await files_of(newcomer)
    assert {of: row.facts.content.digest for of, row in found.items() if row.facts.content is not None} == {
        of: hashlib.sha256(content).hexdigest() for of, content in source.items()
    }
    assert kept(newcomer.home) == {hashlib.sha256(content).hexdigest(): content for content in source.values()}
    taken = ran.value["receipt"]["files"]
    assert (taken["taken"], taken["bytes"]) == (len(source), sum(map(len, source.values())))
    assert (taken["known"]["here"], taken["known"]["to_come"]) == (len(source), 0)


async def test_what_is_here_is_not_fetched_again(newcomer: Owner):
    first = await newcomer.run(files=True)
    again = await newcomer.run(files=True)
    assert first.value["traffic"]["by_endpoint"]["(files)"] == first.value["receipt"]["files"]["taken"]
    assert "(files)" not in again.value["traffic"]["by_endpoint"]
    assert again.value["receipt"]["files"]["taken"] == 0


async def test_files_are_asked_for_as_the_page_would_ask(newcomer: Owner):
    await newcomer.run(files=True)
    asked = newcomer.slack.log.files
    assert len(asked) == len(at_the_source(newcomer))
    assert all("d=" in one["Cookie"] for one in asked)
    assert {one["User-Agent"][:7] for one in asked} == {"Mozilla"}
    assert {one["Referer"] for one in asked} == {"https://app.slack.com/"}


async def test_a_file_that_was_deleted_is_gone_and_its_bytes_are_kept_where_they_were_fetched(newcomer: Owner):
    await newcomer.run(files=True)
    world = newcomer.slack.world
    known = await files_of(newcomer)
    of = next(iter(known))
    world.delete_file(of)
    ran = await newcomer.run(files=True, full=True)
    assert ran.status == "complete"
    assert (await files_of(newcomer))[of].facts.state == "here"


async def test_one_that_was_never_had_is_gone_and_no_gap(newcomer: Owner):
    of = next(iter(at_the_source(newcomer)))
    newcomer.slack.world.delete_file(of)
    ran = await newcomer.run(files=True)
    assert (ran.status, ran.value["receipt"]["files"]["known"]["gone"]) == ("complete", 1)
    assert (await files_of(newcomer))[of].facts.state == "gone"


async def test_a_sign_in_page_is_no_file_and_is_fetched_once_the_site_lets_it(newcomer: Owner):
    newcomer.slack.behaviour.files_ask_to_sign_in = True
    ran = await newcomer.run(files=True)
    assert (ran.status, ran.codes) == ("complete_with_gaps", {"media_missing"})
    assert "sign in page" in ran.diagnostic("media_missing")["message"]
    assert {row.facts.reason for row in (await files_of(newcomer)).values()} == {"sign_in_page"}
    assert kept(newcomer.home) == {}
    newcomer.slack.behaviour.files_ask_to_sign_in = False
    again = await newcomer.run(files=True)
    assert (again.status, again.codes) == ("complete", set())
    assert again.value["receipt"]["files"]["known"]["refused"] == 0


async def test_larger_ones_and_other_types_are_left_alone_until_they_are_asked_for(newcomer: Owner):
    world = newcomer.slack.world
    long = world.upload("mina", "long.bin", b"\0" * 200_000, mimetype="application/octet-stream")
    world.post("lamp-room", "mina", "a long one", files=[long])
    ran = await newcomer.run(files=True, files_max_size="100KB")
    assert (ran.status, ran.value["receipt"]["files"]["known"]["over_limit"]) == ("complete", 1)
    only = await newcomer.run(files=True, files_type=("application",))
    assert only.value["receipt"]["files"]["known"]["over_limit"] == 0
    assert (await files_of(newcomer))[long.id].facts.state == "here"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--files-max-size", "much", "--files"], "'much' is not a valid size of files"),
        (["--files-type", "im age", "--files"], "'im age' is not a valid type of files"),
        (["--files-max-size", "1MB"], "none are asked for"),
        (["--files", "--replay", "somewhere"], "no recording holds"),
    ],
)
async def test_what_cannot_be_meant_is_refused(owner: Owner, command: CommandLine, given: list[str], told: str):
    result = await command("run", NAME, *given)
    assert (result.exit_code, told in result.stderr) == (2, True), result.stderr


async def test_it_may_be_set_for_every_run(newcomer: Owner, command: CommandLine):
    (newcomer.home / "config.toml").write_text("[files]\nwith_runs = true\nmax_size = '1MB'\n")
    ran = await newcomer.run()
    known: Any = ran.value["receipt"]["files"]
    assert known["taken"] == len(at_the_source(newcomer))


async def test_what_an_import_brought_no_run_fetches_again(newcomer: Owner, tmp_path: Path):
    export = write_export(newcomer.slack.world, tmp_path / "export.zip", with_files=True)
    imported = await Importing(newcomer.home, NAME).run(export, files=True)
    assert imported["receipt"]["files"]["taken"] == len(at_the_source(newcomer))
    ran = await newcomer.run(files=True)
    assert (ran.status, ran.codes, newcomer.slack.log.files) == ("complete", set(), [])
    assert {row.facts.state for row in (await files_of(newcomer)).values()} == {"here"}


async def test_what_an_import_lacks_a_run_brings_and_the_gap_is_closed(newcomer: Owner, tmp_path: Path):
    export = write_export(newcomer.slack.world, tmp_path / "export.zip")
    imported = await Importing(newcomer.home, NAME).run(export, files=True)
    assert "media_missing" in {one["code"] for one in imported["diagnostics"]}
    assert "media_missing" in await reasons(newcomer)
    ran = await newcomer.run(files=True)
    assert (ran.status, ran.value["receipt"]["files"]["taken"]) == ("complete", len(at_the_source(newcomer)))
    assert "media_missing" not in await reasons(newcomer)


async def test_what_no_run_could_fetch_an_import_brings_and_the_gap_is_closed(newcomer: Owner, tmp_path: Path):
    newcomer.slack.behaviour.files_ask_to_sign_in = True
    await newcomer.run(files=True)
    assert "media_missing" in await reasons(newcomer)
    export = write_export(newcomer.slack.world, tmp_path / "export.zip", with_files=True)
    imported = await Importing(newcomer.home, NAME).run(export, files=True)
    assert imported["receipt"]["files"]["taken"] == len(at_the_source(newcomer))
    assert "media_missing" not in await reasons(newcomer)


async def reasons(owner: Owner) -> set[str]:
    """What health says of media, whichever way they were to come."""
    (found,) = (await status(Context(home=owner.home), StatusRequest())).value["connections"]
    return {one["reason"].removesuffix("_in_file") for one in found["conditions"]}


async def test_a_run_that_asks_for_no_files_closes_no_gap_of_them(newcomer: Owner):
    newcomer.slack.behaviour.files_ask_to_sign_in = True
    await newcomer.run(files=True)
    assert (await newcomer.run()).status == "complete"
    assert "media_missing" in await reasons(newcomer)
    newcomer.slack.behaviour.files_ask_to_sign_in = False
    await newcomer.run(files=True)
    assert "media_missing" not in await reasons(newcomer)


async def test_a_narrowed_run_fetches_files_of_what_it_was_asked_for_alone(newcomer: Owner):
    await newcomer.run()
    holds = {
        room: {file for said in await newcomer.records("messages", partition=room) for file in _ids(said)}
        for room in (await newcomer.partitions())
    }
    room = next(room for room, files in holds.items() if files)
    empty = next(room for room, files in holds.items() if not files)
    nothing = await newcomer.run(files=True, resource=(f"messages={empty}",))
    assert (nothing.value["receipt"]["files"]["taken"], newcomer.slack.log.files) == (0, [])
    await newcomer.run(files=True, resource=(f"messages={room}",))
    here = {of for of, row in (await files_of(newcomer)).items() if row.facts.state == "here"}
    assert here == holds[room] & set(at_the_source(newcomer))
    assert (await newcomer.run(files=True, since="2100-01-01")).value["receipt"]["files"]["taken"] == 0
    await newcomer.run(files=True)
    assert {row.facts.state for row in (await files_of(newcomer)).values()} == {"here"}


def _ids(said: dict[str, Any]) -> list[str]:
    return [file["id"] for file in said["data"].get("files") or ()]
