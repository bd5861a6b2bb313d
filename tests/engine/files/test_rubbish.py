"""What nobody holds is taken out, what is not as it was comes again; and neither is an error."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from operations.filing import attached, bring, keep, png, post, stored
from operations.shelf import Shelf, message
from polyhost.engine.clock import Clock
from polyhost.engine.doctor._files import check_files
from polyhost.engine.doctor.finding import Grade
from polyhost.engine.files.checking import check_contents
from polyhost.engine.files.rubbish import take_out_rubbish
from polyhost.files.contents import Contents
from polyhost.ledger.files import FileReason
from polyhost.operations.connections import DisconnectRequest, disconnect
from polyhost.operations.doctor import DoctorRequest, doctor
from polyhost.operations.files import FilesRequest, files

pytestmark = pytest.mark.requirement("SL-2")
LATER = "2026-11-23T00:00:00.000Z"


@pytest.fixture
async def shelf(home: Path) -> Shelf:
    made = Shelf(home)
    await made.connect()
    return made


def held(home: Path) -> set[str]:
    return set(Contents(home).digests())


def spoil(home: Path, digest: str) -> None:
    """The same length, other bytes."""
    path = Contents(home).path(digest)
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def age(home: Path, digest: str) -> None:
    os.utime(Contents(home).path(digest), (0, 0))


async def known(shelf: Shelf) -> dict[str, tuple[str, str | None]]:
    value = (await files(shelf.context, FilesRequest(name="slack"))).value
    return {one["name"] or "": (one["state"], one["reason"]) for one in value["files"]}


async def test_contents_go_with_the_last_record_that_holds_them(shelf: Shelf):
    await post(shelf, 1, "one", attached("F1", "a.png"))
    await post(shelf, 2, "two", attached("F1", "a.png"), attached("F2", "b.png"))
    kept = await bring(shelf, {"F1": png(1), "F2": png(2)})
    await shelf.delete("messages", message(2, "two"))
    await files(shelf.context, FilesRequest(name="slack"))
    async with shelf.context.store() as store:
        assert await take_out_rubbish(store, shelf.home) == 1
        assert held(shelf.home) == {kept["F1"].digest}
        assert await take_out_rubbish(store, shelf.home) == 0


async def test_a_connection_that_is_deleted_takes_its_contents_along_and_leaves_those_of_others(shelf: Shelf):
    await shelf.connect("other")
    await post(shelf, 1, "one", attached("F1", "a.png"), attached("F2", "b.png"))
    kept = await bring(shelf, {"F1": png(1), "F2": png(2)})
    await shelf.put({"messages": [message(1, "x", files=[attached("F9", "same.png")])]}, name="other")
    await files(shelf.context, FilesRequest(name="other"))
    await bring(shelf, {"F9": png(1)}, name="other")
    done = (await disconnect(shelf.context, DisconnectRequest(name="slack", delete_data=True))).value
    assert (done["data"], done["files"], done["file_bytes"]) == ("deleted", 2, kept["F1"].size + kept["F2"].size)
    assert held(shelf.home) == {kept["F1"].digest}


async def test_keeping_the_data_keeps_the_files(shelf: Shelf):
    await post(shelf, 1, "one", attached("F1", "a.png"))
    kept = await bring(shelf, {"F1": png(1)})
    asked: list[str] = []

    async def keep_it(question: str, _choices: object) -> str:
        asked.append(question)
        return "keep"

    await disconnect(replace(shelf.context, choose=keep_it), DisconnectRequest(name="slack"))
    assert asked == [f"slack holds 1 record and 1 file ({kept['F1'].size} B). What is to become of them?"]
    assert held(shelf.home) == {kept["F1"].digest}


async def test_a_link_among_the_files_is_named_and_what_it_hides_comes_again(shelf: Shelf, tmp_path: Path):
    await post(shelf, 1, "one", attached("F1", "a.png"))
    kept = await bring(shelf, {"F1": png(1)})
    folder = Contents(shelf.home).path(kept["F1"].digest).parent
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    async with shelf.context.store() as store:
        linked, damaged = await check_files(store, shelf.home, Clock(), read_all=True)
    assert (linked.grade, linked.about) == (Grade.WARNING, f"files/{folder.name}")
    assert linked.found == f"{folder} is a link: nothing is read, written or taken out through it"
    assert f"rm {folder}" in linked.instruction
    assert "1 damaged" in damaged.found
    assert (await known(shelf))["a.png"] == ("to_come", "damaged")
    assert len([*(tmp_path / "elsewhere").iterdir()]) == 1


async def test_what_a_killed_process_left_is_taken_out_once_it_is_old(shelf: Shelf):
    await post(shelf, 1, "one", attached("F1", "a.png"))
    kept = await bring(shelf, {"F1": png(1)})
    fresh, old = keep(shelf.home, b"fresh"), keep(shelf.home, b"old")
    age(shelf.home, old.digest)
    async with shelf.context.store() as store:
        assert await take_out_rubbish(store, shelf.home, strays=True) == 1
    assert held(shelf.home) == {kept["F1"].digest, fresh.digest}


async def test_a_home_without_files_is_not_given_a_folder_for_them(shelf: Shelf):
    async with shelf.context.store() as store:
        assert await take_out_rubbish(store, shelf.home, strays=True) == 0
    assert "files" not in {entry.name for entry in os.scandir(shelf.home)}


async def test_damaged_and_lost_files_are_named_and_come_again(shelf: Shelf):
    await post(shelf, 1, "x", attached("F1", "whole.png"), attached("F2", "damaged.png"), attached("F3", "lost.png"))
    kept = await bring(shelf, {"F1": png(1), "F2": png(2), "F3": png(3)})
    spoil(shelf.home, kept["F2"].digest)
    Contents(shelf.home).remove([kept["F3"].digest])
    async with shelf.context.store() as store:
        (found,) = await check_files(store, shelf.home, Clock(), read_all=True)
    assert (found.grade, found.about) == (Grade.WARNING, "slack")
    assert "2 files of slack are not what was kept (" in found.found
    assert "'damaged.png'" in found.found
    assert "'lost.png'" in found.found
    assert "polyhost run slack --files" in found.instruction
    assert await known(shelf) == {
        "whole.png": ("here", None),
        "damaged.png": ("to_come", "damaged"),
        "lost.png": ("to_come", "lost"),
    }
    async with shelf.context.store() as store:
        (again,) = await check_files(store, shelf.home, Clock(), read_all=True)
    assert (again.grade, again.found.partition(",")[0]) == (Grade.OK, "1 content")
    await bring(shelf, {"F2": png(2), "F3": png(3)})
    assert {state for state, _ in (await known(shelf)).values()} == {"here"}
    async with shelf.context.store() as store:
        assert not (await check_contents(store, shelf.home, at=LATER, read_all=True)).wrong


async def test_a_look_that_reads_some_notices_what_is_missing_among_all(shelf: Shelf, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("polyhost.engine.files.checking.SAMPLE_BYTES", 0)
    await post(shelf, 1, "x", attached("F1", "damaged.png"), attached("F2", "lost.png"))
    kept = await bring(shelf, {"F1": png(1), "F2": png(2)})
    spoil(shelf.home, kept["F1"].digest)
    Contents(shelf.home).remove([kept["F2"].digest])
    async with shelf.context.store() as store:
        row = await shelf.context.connection(store, "slack")
        some = await check_contents(store, shelf.home, at=LATER, read_all=False)
        assert some.wrong == {row.id: [("lost.png", FileReason.LOST)]}
        whole = await check_contents(store, shelf.home, at=LATER, read_all=True)
        assert whole.wrong == {row.id: [("damaged.png", FileReason.DAMAGED)]}


async def test_doctor_looks_at_files(shelf: Shelf):
    await post(shelf, 1, "x", attached("F1", "lost.png"))
    kept = await bring(shelf, {"F1": png(1)})
    Contents(shelf.home).remove([kept["F1"].digest])
    value = (await doctor(shelf.context, DoctorRequest(files=True))).value
    (found,) = [one for one in value["findings"] if one["check"] == "files"]
    assert found["grade"] == Grade.WARNING
    assert (await stored(shelf)).keys() == {"F1"}
    assert await known(shelf) == {"lost.png": ("to_come", "lost")}


async def test_what_a_killed_run_was_handed_is_taken_out(shelf: Shelf):
    left = shelf.home / "files" / "spool" / "of-a-killed-run"
    left.mkdir(parents=True)
    (left / "a.json").write_bytes(b"{}")
    async with shelf.context.store() as store:
        await take_out_rubbish(store, shelf.home, strays=True)
    assert not left.exists()
