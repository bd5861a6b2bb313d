"""What an owner is told of files, and gets of them: a list, why some are missing, a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from operations.filing import PDF, attached, bring, png, post, refuse, stored
from operations.shelf import Shelf, message
from polyhost.cli.render.coverage import RENDERERS as COVERAGE
from polyhost.cli.render.files import RENDERERS
from polyhost.cli.render.status import RENDERERS as STATUS
from polyhost.errors import ErrorCode, RefusedError
from polyhost.ledger.file_words import what_helps, why_not_here
from polyhost.ledger.files import FileReason, FileState
from polyhost.operations.coverage import CoverageRequest, coverage
from polyhost.operations.files import FileContentRequest, FilesRequest, content, files
from polyhost.operations.records import RecordsRequest, records
from polyhost.operations.status import StatusRequest, status

pytestmark = pytest.mark.requirement("SL-2")


async def asked(shelf: Shelf, **choice: Any) -> dict[str, Any]:
    return dict((await files(shelf.context, FilesRequest(name="slack", **choice))).value)


def bytes_at(path: str) -> bytes:
    return Path(path).read_bytes()


def take_away(path: str, *, leaving: bytes | None = None) -> None:
    Path(path).unlink()
    if leaving is not None:
        Path(path).write_bytes(leaving)


async def two_here_two_not(shelf: Shelf) -> dict[str, Any]:
    await shelf.label(C1="général")
    await post(shelf, 1, "a picture", attached("F1", "harbour.png", size=99))
    await post(shelf, 2, "a paper", attached("F2", "berth.pdf", "application/pdf"), channel="C2")
    await post(shelf, 3, "not yet", attached("F3", "later.png", size=1000))
    await post(shelf, 4, "no more", attached("F4", "secret.doc", "application/msword", size=5))
    await refuse(shelf, "F4", FileState.REFUSED, FileReason.NOT_ALLOWED)
    return await bring(shelf, {"F1": png(1), "F2": PDF})


async def test_each_file_says_what_it_is_where_it_stands_and_where_it_lies(shelf: Shelf):
    kept = await two_here_two_not(shelf)
    value = await asked(shelf)
    assert [one["name"] for one in value["files"]] == ["secret.doc", "later.png", "berth.pdf", "harbour.png"]
    *_, paper, picture = value["files"]
    assert (picture["type"], picture["size"], picture["kind"]) == ("image/png", len(png(1)), "picture")
    assert (picture["stream"], picture["partition"], picture["label"]) == ("messages", "C1", "général")
    assert picture["time"] == "2026-09-21T14:13:21.000Z"
    assert picture["digest"] == kept["F1"].digest
    assert bytes_at(picture["path"]) == png(1)
    assert (paper["label"], paper["kind"]) == (None, "pdf")


async def test_what_is_not_here_has_a_reason_a_sentence_and_no_place(shelf: Shelf):
    await two_here_two_not(shelf)
    value = await asked(shelf, missing=True)
    assert [(one["name"], one["state"], one["reason"]) for one in value["files"]] == [
        ("secret.doc", "refused", "not_allowed"),
        ("later.png", "to_come", None),
    ]
    assert {(one["digest"], one["path"], one["kind"]) for one in value["files"]} == {(None, None, "other")}
    assert value["files"][0]["why"] == "The source does not let your account have it."
    assert value["missing"] == [
        {
            "state": "refused",
            "reason": "not_allowed",
            "files": 1,
            "bytes": 5,
            "why": "The source does not let your account have it.",
            "instruction": "Open it at the source, in your browser.",
        },
        {
            "state": "to_come",
            "reason": None,
            "files": 1,
            "bytes": 1000,
            "why": "It has not been fetched yet.",
            "instruction": "polyhost run slack --files",
        },
    ]
    totals = {"here": 2, "to_come": 1, "gone": 0, "hidden": 0, "external": 0, "refused": 1, "over_limit": 0}
    assert value["totals"] == totals | {"bytes": len(png(1)) + len(PDF)}


async def test_some_are_asked_for_a_page_at_a_time(shelf: Shelf):
    await two_here_two_not(shelf)
    assert [one["name"] for one in (await asked(shelf, partition="C2"))["files"]] == ["berth.pdf"]
    assert [one["name"] for one in (await asked(shelf, type=("IMAGE",)))["files"]] == ["later.png", "harbour.png"]
    assert [one["name"] for one in (await asked(shelf, type=("application/pdf",)))["files"]] == ["berth.pdf"]
    assert [one["name"] for one in (await asked(shelf, state=("here",)))["files"]] == ["berth.pdf", "harbour.png"]
    first = await asked(shelf, limit=3)
    last = await asked(shelf, limit=3, after=first["next"])
    assert [one["name"] for one in last["files"]] == ["harbour.png"]
    with pytest.raises(RefusedError, match="not a state of files"):
        await asked(shelf, state=("lost",))


async def test_a_home_that_is_older_than_files_knows_them_when_they_are_asked_for(shelf: Shelf):
    """Records were stored, and nobody has read them for their files."""
    rows = [message(number, "x", files=[attached(f"F{number}", "a.png")]) for number in range(30)]
    await shelf.put({"messages": rows})
    assert (await asked(shelf))["totals"]["to_come"] == 30


async def test_records_bring_their_files_along(shelf: Shelf):
    kept = await two_here_two_not(shelf)
    page = (await records(shelf.context, RecordsRequest(name="slack", stream="messages"))).value["records"]
    by_text = {one["data"]["text"]: one.get("files") for one in page}
    (picture,) = by_text["a picture"] or []
    assert (picture["state"], picture["digest"], picture["name"]) == ("here", kept["F1"].digest, "harbour.png")
    assert bytes_at(picture["path"]) == png(1)
    await shelf.put({"messages": [message(9, "bare")]})
    page = (await records(shelf.context, RecordsRequest(name="slack", stream="messages"))).value["records"]
    assert "files" not in next(one for one in page if one["data"]["text"] == "bare")


async def test_coverage_and_health_count_files_of_streams_that_declare_some(shelf: Shelf):
    await two_here_two_not(shelf)
    covered = (await coverage(shelf.context, CoverageRequest(name="slack"))).value["streams"]
    health: Any = (await status(shelf.context, StatusRequest(name="slack"))).value
    totals = covered["messages"]["files"]
    assert totals is not None
    assert (totals["here"], totals["to_come"], totals["refused"]) == (2, 1, 1)
    assert health["streams"]["messages"]["files"] == totals
    assert covered["users"]["files"] is None
    assert health["streams"]["users"]["files"] is None


async def test_a_terminal_counts_them(shelf: Shelf, capsys: pytest.CaptureFixture[str]):
    await two_here_two_not(shelf)
    COVERAGE["coverage"]((await coverage(shelf.context, CoverageRequest(name="slack"))).value)
    STATUS["status"]((await status(shelf.context, StatusRequest(name="slack"))).value)
    printed = capsys.readouterr().out
    assert printed.count("2 of 4 files here") == 2
    assert "1 to come, 1 refused" in printed


async def test_a_partition_that_nobody_knows_is_refused(shelf: Shelf):
    await two_here_two_not(shelf)
    with pytest.raises(RefusedError, match="slack has no partition 'nope'"):
        await asked(shelf, partition="nope")


async def test_a_list_without_any_says_so(shelf: Shelf, capsys: pytest.CaptureFixture[str]):
    await two_here_two_not(shelf)
    RENDERERS["files"](await asked(shelf, type=("bogus",)))
    assert "No file is one of those that were asked for." in capsys.readouterr().out


# into a folder


@pytest.mark.parametrize("choice", [{"limit": 1}, {"after": "x"}])
async def test_a_folder_gets_all_and_no_page_of_them(shelf: Shelf, tmp_path: Path, choice: dict[str, Any]):
    await two_here_two_not(shelf)
    with pytest.raises(RefusedError, match="--limit and --after are about a list"):
        await asked(shelf, to=str(tmp_path / "out"), **choice)
    assert not (tmp_path / "out").exists()


async def test_files_of_one_content_are_put_once_and_that_is_said(
    shelf: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    await post(shelf, 1, "twice", attached("F1", "a.png"), attached("F2", "b.png"))
    await bring(shelf, {"F1": png(1), "F2": png(1)})
    RENDERERS["files"](await asked(shelf, to=str(tmp_path / "out")))
    printed = " ".join(capsys.readouterr().out.split())
    assert "1 there already (of files with the same content, one is put)" in printed


def laid(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def no_link(*_: object, **__: object) -> None:
    raise OSError(18, "Invalid cross-device link")


async def test_files_are_put_into_folders_of_their_partitions_as_they_are(shelf: Shelf, tmp_path: Path):
    await two_here_two_not(shelf)
    value = await asked(shelf, to=str(tmp_path / "out"))
    assert laid(tmp_path / "out") == {"général (C1)/harbour.png": png(1), "C2/berth.pdf": PDF}
    assert (value["put"]["linked"] + value["put"]["copied"], value["put"]["already"]) == (2, 0)
    assert value["files"] == []


async def test_a_second_time_brings_only_what_is_new(shelf: Shelf, tmp_path: Path):
    out = tmp_path / "out"
    await two_here_two_not(shelf)
    await asked(shelf, to=str(out))
    await post(shelf, 5, "another", attached("F5", "harbour.png"))
    await bring(shelf, {"F5": png(5)})
    value = await asked(shelf, to=str(out))
    assert (value["put"]["linked"] + value["put"]["copied"], value["put"]["already"]) == (1, 2)
    assert laid(out)["général (C1)/harbour (2).png"] == png(5)
    assert laid(out)["général (C1)/harbour.png"] == png(1)
    assert (await asked(shelf, to=str(out)))["put"]["already"] == 3


async def test_what_an_owner_has_in_the_folder_is_never_written_over(shelf: Shelf, tmp_path: Path):
    mine = tmp_path / "C1" / "harbour.png"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    await post(shelf, 1, "a picture", attached("F1", "harbour.png"))
    await bring(shelf, {"F1": png(1)})
    await asked(shelf, to=str(tmp_path))
    assert mine.read_bytes() == b"mine"
    assert (tmp_path / "C1" / "harbour (2).png").read_bytes() == png(1)


async def test_a_copy_that_is_there_by_other_ways_is_known(shelf: Shelf, tmp_path: Path):
    """As on a disk without links, or after the folder was carried about."""
    await post(shelf, 1, "a picture", attached("F1", "harbour.png"))
    await bring(shelf, {"F1": png(1)})
    (tmp_path / "C1").mkdir()
    (tmp_path / "C1" / "renamed.png").write_bytes(png(1))
    assert (await asked(shelf, to=str(tmp_path)))["put"]["already"] == 1


@pytest.mark.parametrize("may_link", [True, False], ids=["linked", "copied"])
async def test_nothing_is_written_through_a_link_in_place_of_a_folder(
    shelf: Shelf, tmp_path: Path, may_link: bool, monkeypatch: pytest.MonkeyPatch
):
    if not may_link:
        monkeypatch.setattr(os, "link", no_link)
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    out.mkdir()
    (out / "C1").symlink_to(elsewhere)
    await post(shelf, 1, "a picture", attached("F1", "harbour.png"))
    await bring(shelf, {"F1": png(1)})
    with pytest.raises(RefusedError, match="out/C1 is a link or a file, not a folder"):
        await asked(shelf, to=str(out))
    assert laid(elsewhere) == {}


async def test_nothing_is_written_or_read_through_a_link_in_place_of_a_file(shelf: Shelf, tmp_path: Path):
    mine, out = tmp_path / "mine.png", tmp_path / "out" / "C1"
    out.mkdir(parents=True)
    mine.write_bytes(png(1))
    (out / "harbour.png").symlink_to(mine)
    (out / "harbour (2).png").symlink_to(tmp_path / "nowhere")
    await post(shelf, 1, "a picture", attached("F1", "harbour.png"))
    await bring(shelf, {"F1": png(1)})
    await asked(shelf, to=str(tmp_path / "out"))
    assert (out / "harbour (3).png").read_bytes() == png(1)
    assert not (tmp_path / "nowhere").exists()


async def test_a_file_is_no_folder_to_put_files_into(shelf: Shelf, tmp_path: Path):
    await two_here_two_not(shelf)
    (tmp_path / "mine").write_bytes(b"mine")
    with pytest.raises(RefusedError, match="mine is a file, not a folder"):
        await asked(shelf, to=str(tmp_path / "mine"))


async def test_without_links_files_are_copied(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    await two_here_two_not(shelf)
    monkeypatch.setattr(os, "link", no_link)
    assert (await asked(shelf, to=str(tmp_path / "out")))["put"]["copied"] == 2
    assert laid(tmp_path / "out") == {"général (C1)/harbour.png": png(1), "C2/berth.pdf": PDF}


@pytest.mark.parametrize(
    "name",
    [
        "../../up.png",
        "/etc/passwd",
        "a/../../b",
        "con.png",
        ".bashrc",
        "x\x00y\n.png",
        "\u202egnp.exe",
        "a" * 400,
        "..",
        "",
    ],
)
async def test_no_name_leaves_the_folder(shelf: Shelf, tmp_path: Path, name: str):
    out = tmp_path / "deep" / "out"
    await post(shelf, 1, "hostile", attached("F1", name), channel="../../../x")
    await bring(shelf, {"F1": png(1)})
    await asked(shelf, to=str(out))
    assert list(laid(out).values()) == [png(1)]
    outside = {name for name in laid(tmp_path) if not name.startswith(("deep/out/", f"{shelf.home.name}/"))}
    assert not outside
    (found,) = laid(out)
    assert not {"\x00", "\n", "\u202e"} & set(found)
    assert len(Path(found).parts) == 2


async def test_polyhosts_own_folder_is_none_of_an_owners(shelf: Shelf):
    with pytest.raises(RefusedError) as error:
        await asked(shelf, to=str(shelf.home / "files" / "x"))
    assert error.value.code == ErrorCode.EXPORT_DIRECTORY


async def test_what_is_lost_is_counted_and_comes_again(shelf: Shelf, tmp_path: Path):
    kept = await two_here_two_not(shelf)
    lost = next(one for one in (await asked(shelf))["files"] if one["digest"] == kept["F1"].digest)
    take_away(lost["path"])
    assert (await asked(shelf, to=str(tmp_path / "out")))["put"]["lost"] == 1
    again = next(one for one in (await asked(shelf))["files"] if one["name"] == "harbour.png")
    assert (again["state"], again["reason"], again["path"]) == ("to_come", "lost", None)


async def test_asking_for_the_bytes_of_what_is_damaged_says_so_and_notes_it(shelf: Shelf):
    await two_here_two_not(shelf)
    number = (await stored(shelf))["F1"]
    told = (await content(shelf.context, FileContentRequest(name="slack", id=str(number)))).value
    take_away(told["path"], leaving=b"short")
    with pytest.raises(RefusedError) as error:
        await content(shelf.context, FileContentRequest(name="slack", id=str(number)))
    assert error.value.code == ErrorCode.FILE_NOT_HERE
    again = next(one for one in (await asked(shelf))["files"] if one["id"] == number)
    assert (again["state"], again["reason"]) == ("to_come", "damaged")


# in words


@pytest.mark.parametrize("state", [state for state in FileState if state is not FileState.HERE])
@pytest.mark.parametrize("reason", [None, *FileReason])
def test_every_reason_is_a_sentence(state: FileState, reason: FileReason | None):
    told = why_not_here(state, reason)
    assert told is not None
    assert told[0].isupper()
    assert told.endswith(".")
    assert "{" not in what_helps(state, reason, "slack")


async def test_a_terminal_shows_names_as_text(shelf: Shelf, capsys: pytest.CaptureFixture[str]):
    await two_here_two_not(shelf)
    await post(shelf, 8, "hostile", attached("F8", "[red]\x1b[31mx[/].png"))
    RENDERERS["files"](await asked(shelf))
    printed = capsys.readouterr().out
    assert "2 of 5 files here" in printed
    assert "\x1b" not in printed
    assert "[red]" in printed
    assert "→ polyhost run slack --files" in printed
