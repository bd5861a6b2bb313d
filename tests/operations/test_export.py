"""Exports as an owner makes them: every format, narrowed, followed up, cut off, and what they claim."""

import asyncio
import csv
import hashlib
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from operations.shelf import Shelf, message
from polyhost.engine.export import export as exporting
from polyhost.errors import PolyhostError, RefusedError, RunFailedError, StoppedError
from polyhost.exports.formats import FORMATS
from polyhost.ledger.state import PartitionState, Range
from polyhost.operations.context import Context
from polyhost.operations.export import ExportRequest, export
from polyhost.operations.fields import describe
from polyhost.store.base import SavePartitions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out"


async def write(shelf: Shelf, folder: Path, form: str = "jsonl", **choice: Any) -> dict[str, Any]:
    return (await export(shelf.context, ExportRequest(name="slack", format=form, to=str(folder), **choice))).value


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_bytes())


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def texts(path: Path) -> list[str]:
    return [line["data"]["text"] for line in lines(path)]


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def folders(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.is_dir()]


def pages(folder: Path, ending: str) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in folder.rglob(f"*.{ending}")]


def put_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


async def filled(shelf: Shelf) -> None:
    await shelf.label(C1="général", C2="random")
    gone = message(4, "gone")
    rows = [
        message(2, "head", thread=2),
        message(1, "frist"),
        message(3, "elsewhere", channel="C2"),
        gone,
        message(60, "late reply", thread=2),
    ]
    people = [{"id": "U1", "display_name": "", "real_name": "Ann Other", "is_bot": False}]
    await shelf.put({"messages": rows, "users": people})
    await shelf.put({"messages": [message(1, "first")]})
    await shelf.delete("messages", gone)


async def test_json_lines_hold_every_record_exactly_in_reading_order(shelf: Shelf, folder: Path):
    odd = message(5, "=1+1 é \u2028 \U0001d11e \0 </script>", channel="C2", reactions=[{"name": "+1", "count": 1}])
    await filled(shelf)
    await shelf.put({"messages": [odd]})
    value = await write(shelf, folder)
    found = lines(folder / "messages.jsonl")
    assert [line["data"]["text"] for line in found[:-1]] == ["first", "head", "late reply", "elsewhere"]
    assert found[-1]["data"] == odd
    assert {name: found[0][name] for name in ("stream", "label", "time", "version", "current", "deleted")} == {
        "stream": "messages",
        "label": "général",
        "time": "2026-09-21T14:13:21.000Z",
        "version": 2,
        "current": True,
        "deleted": False,
    }
    assert value["streams"]["messages"] == {"records": 5, "deleted": 0, "versions": 0}
    assert files(folder) == ["manifest.json", "messages.jsonl", "users.jsonl"]


async def test_the_manifest_names_every_file_with_its_size_and_digest(shelf: Shelf, folder: Path):
    await filled(shelf)
    await write(shelf, folder)
    (part,) = manifest(folder)["parts"]
    for file in part["files"]:
        content = (folder / file["path"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert [file["path"] for file in part["files"]] == ["messages.jsonl", "users.jsonl"]


async def test_a_record_that_was_deleted_before_it_was_ever_read_is_a_tombstone_too(shelf: Shelf, folder: Path):
    await filled(shelf)
    await shelf.delete("messages", message(5, "never seen"))
    value = await write(shelf, folder, deleted=True)
    assert value["streams"]["messages"] == {"records": 4, "deleted": 2, "versions": 0}
    assert [(line["partition"], line["data"]) for line in lines(folder / "messages.jsonl")][-1] == (None, None)


async def test_deleted_records_and_earlier_versions_come_where_they_are_asked_for(shelf: Shelf, folder: Path):
    await filled(shelf)
    await write(shelf, folder, deleted=True, versions=True)
    told = [(line["data"]["text"], line["current"], line["deleted"]) for line in lines(folder / "messages.jsonl")]
    assert told == [
        ("frist", False, False),
        ("first", True, False),
        ("head", True, False),
        ("late reply", True, False),
        ("gone", False, False),
        ("gone", True, True),
        ("elsewhere", True, False),
    ]
    counts = manifest(folder)["parts"][0]["streams"]["messages"]
    assert counts == {"records": 4, "deleted": 1, "versions": 2}


async def test_an_export_may_be_narrowed_and_leaves_streams_without_time_whole(shelf: Shelf, folder: Path):
    await filled(shelf)
    await write(shelf, folder, since="2026-09-21T14:13:22Z", until="2026-09-21T14:13:23Z")
    assert texts(folder / "messages.jsonl") == ["head", "late reply"]
    assert len(lines(folder / "users.jsonl")) == 1
    await write(shelf, folder, stream=("messages",), partition="C2")
    assert texts(folder / "messages.jsonl") == ["elsewhere"]
    assert files(folder) == ["manifest.json", "messages.jsonl"]
    assert manifest(folder)["coverage"]["messages"]["claim"] == "part_as_asked_for"


async def test_changes_are_added_as_a_further_part_with_the_deletions(shelf: Shelf, folder: Path):
    await filled(shelf)
    await write(shelf, folder)
    await shelf.put({"messages": [message(9, "new"), message(1, "first, edited")]})
    await shelf.delete("messages", message(3, "elsewhere", channel="C2"))
    value = await write(shelf, folder, changes=True)
    told = [(line["data"]["text"], line["deleted"]) for line in lines(folder / "messages.0002.jsonl")]
    assert told == [("new", False), ("first, edited", False), ("elsewhere", True)]
    first, second = manifest(folder)["parts"]
    assert (second["after_sequence"], second["through_sequence"]) == (
        first["through_sequence"],
        value["through_sequence"],
    )
    assert texts(folder / "messages.jsonl") == ["first", "head", "late reply", "elsewhere"]
    value = await write(shelf, folder, changes=True)
    assert (value["part"], value["files"]) == (3, 0)


async def test_changes_since_a_number_need_no_earlier_export(shelf: Shelf, folder: Path):
    await filled(shelf)
    await write(shelf, folder, changes_since=6)
    assert [line["sequence"] for line in lines(folder / "messages.jsonl")] == [7, 8]


async def test_what_is_written_while_an_export_goes_on_is_not_in_it(shelf: Shelf, folder: Path, monkeypatch: Any):
    await filled(shelf)
    monkeypatch.setattr(exporting, "PAGE", 1)
    write_page = exporting._write

    async def meanwhile(*given: Any) -> None:
        await shelf.put({"messages": [message(1, "too late"), message(7, "too late")]})
        await write_page(*given)

    monkeypatch.setattr(exporting, "_write", meanwhile)
    value = await write(shelf, folder)
    assert texts(folder / "messages.jsonl") == ["first", "head", "late reply", "elsewhere"]
    monkeypatch.setattr(exporting, "_write", write_page)
    await write(shelf, folder, changes=True)
    assert texts(folder / "messages.0002.jsonl") == ["too late", "too late"]
    assert value["through_sequence"] == 8


@pytest.mark.parametrize("form", FORMATS)
async def test_an_export_that_is_stopped_changes_nothing(shelf: Shelf, folder: Path, form: str):
    await filled(shelf)
    await write(shelf, folder, form)
    before = {path: (folder / path).read_bytes() for path in files(folder)}
    stopped = asyncio.Event()
    stopped.set()
    context = Context(home=shelf.home, cancelled=stopped)
    with pytest.raises(StoppedError) as failed:
        await export(context, ExportRequest(name="slack", format=form, to=str(folder)))
    assert failed.value.code == "cancelled"
    assert {path: (folder / path).read_bytes() for path in files(folder)} == before


async def test_one_that_was_killed_leaves_nothing_that_looks_whole_and_nothing_in_the_way(shelf: Shelf, folder: Path):
    await filled(shelf)
    put_file(folder / ".polyhost-partial-1" / "messages.jsonl", "half a li")
    await write(shelf, folder)
    assert files(folder) == ["manifest.json", "messages.jsonl", "users.jsonl"]


async def test_a_full_disk_is_one_sentence(shelf: Shelf, folder: Path, monkeypatch: Any):
    await filled(shelf)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("polyhost.exports.files.LineWriter.add", full)
    with pytest.raises(RunFailedError) as failed:
        await write(shelf, folder)
    assert (failed.value.code, "No space left on device" in failed.value.reason) == ("export_failed", True)
    assert files(folder) == []


async def test_a_renewed_export_replaces_its_own_files_and_leaves_others_alone(shelf: Shelf, folder: Path):
    await filled(shelf)
    await write(shelf, folder, "html")
    (folder / "notes.txt").write_text("mine")
    await write(shelf, folder, "jsonl", stream=("users",))
    assert files(folder) == ["manifest.json", "notes.txt", "users.jsonl"]
    assert folders(folder) == []


async def test_a_directory_of_somebody_else_is_refused(shelf: Shelf, folder: Path):
    await filled(shelf)
    put_file(folder / "manifest.json", '{"theirs": true}')
    with pytest.raises(RefusedError) as refused:
        await write(shelf, folder)
    assert refused.value.code == "export_directory"
    assert files(folder) == ["manifest.json"]


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({"form": "docx"}, "unknown_format"),
        ({"form": ""}, "unknown_format"),
        ({"stream": ("mesages",)}, "unknown_stream"),
        ({"stream": ("users",), "partition": "C1"}, "no_partitions"),
        ({"since": "yesterday"}, "bad_since"),
        ({"until": "soon"}, "bad_until"),
        ({"changes": True}, "no_earlier_export"),
        ({"changes_since": -1}, "bad_changes_since"),
        ({"changes_since": 0, "since": "2026-01-01"}, "changes_not_narrowed"),
        ({"form": "html", "changes_since": 0}, "format_not_incremental"),
    ],
)
async def test_what_cannot_be_exported_is_refused_before_anything_is_written(
    shelf: Shelf, folder: Path, choice: dict[str, Any], code: str
):
    with pytest.raises(PolyhostError) as refused:
        await write(shelf, folder, **choice)
    assert refused.value.code == code
    assert files(folder) == []


async def test_a_place_and_the_same_format_are_needed(shelf: Shelf, folder: Path):
    with pytest.raises(RefusedError) as refused:
        await export(shelf.context, ExportRequest(name="slack", format="jsonl"))
    assert refused.value.code == "no_directory"
    await filled(shelf)
    await write(shelf, folder)
    with pytest.raises(RefusedError) as refused:
        await write(shelf, folder, "csv", changes=True)
    assert refused.value.code == "other_export"


async def test_a_table_for_spreadsheets_runs_no_formula_and_keeps_numbers(shelf: Shelf, folder: Path):
    await filled(shelf)
    evil = message(5, '=HYPERLINK("http://x")', channel="C2", reply_count=-3, username="@sum")
    await shelf.put({"messages": [evil, message(6, 'two\nlines, "quoted"', channel="C2")]})
    await write(shelf, folder, "csv")
    content = (folder / "messages.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf_key,")
    rows = list(csv.DictReader(content.decode("utf-8-sig").splitlines(keepends=True)))
    assert [row["text"] for row in rows[-2:]] == ['\'=HYPERLINK("http://x")', 'two\nlines, "quoted"']
    assert (rows[-2]["reply_count"], rows[-2]["username"], rows[-2]["_author"]) == ("-3", "'@sum", "Ann Other")
    assert (rows[0]["_label"], rows[0]["_time"], rows[0]["_deleted"]) == ("général", "2026-09-21T14:13:21.000Z", "0")


async def test_a_database_has_a_table_for_each_stream(shelf: Shelf, folder: Path):
    await filled(shelf)
    await write(shelf, folder, "sqlite", deleted=True, versions=True)
    with closing(sqlite3.connect(folder / "slack.sqlite")) as db:
        query = "SELECT text, _author, _version FROM messages WHERE _label = 'général' AND _current AND NOT _deleted"
        assert db.execute(f"{query} ORDER BY _time").fetchall() == [
            ("first", "Ann Other", 2),
            ("head", "Ann Other", 1),
            ("late reply", "Ann Other", 1),
        ]
        assert db.execute("SELECT real_name, is_bot, typeof(is_bot) FROM users").fetchall() == [
            ("Ann Other", 0, "integer")
        ]
        assert db.execute("SELECT text FROM messages WHERE NOT _current").fetchall() == [("frist",), ("gone",)]


async def test_pages_hold_threads_under_their_heads_and_lead_to_each_other(shelf: Shelf, folder: Path):
    await filled(shelf)
    october = 15 * 86_400
    await shelf.put({"messages": [message(october, "next month"), message(october + 9, "late", thread=2)]})
    await write(shelf, folder, "html")
    page = (folder / "messages/0001-general/2026-09.html").read_text()
    order = [page.index(f">{text}<") for text in ("first", "head", "late reply", "late")]
    assert order == sorted(order)
    assert page.count('class="record member"') == 2
    assert page.count('aria-label="Replies"') == 1
    days = ["Monday, 21 September 2026"]
    assert re.findall(r'class="day"><time datetime="[^"]+">([^<]+)<', page) == days
    assert '<a rel="next" href="2026-10.html">' in page
    assert '<a href="../../index.html">' in page
    assert "Ann Other" in page
    index = (folder / "index.html").read_text()
    assert 'href="messages/0001-general/2026-10.html"' in index
    assert "Messages: what is stored; nothing proves" not in index
    assert "People" in index


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) # \"' &amp;"


async def test_nothing_anyone_wrote_is_markup_in_a_page(shelf: Shelf, folder: Path):
    await shelf.label(C1=HOSTILE)
    await shelf.put({"messages": [message(1, HOSTILE, files=[{"id": "F1", "name": HOSTILE}], user_id=HOSTILE)]})
    await shelf.put({"users": [{"id": "U2", "name": HOSTILE}]})
    await write(shelf, folder, "html")
    for page in pages(folder, "html"):
        assert "<script" not in page
        assert "<img" not in page
        assert "default-src 'none'" in page
    await write(shelf, folder, "markdown")
    assert len(pages(folder, "md")) == 3
    assert not any(re.search(r"(?<!\\)<script|(?<!\\)\]\(javascript", page) for page in pages(folder, "md"))


async def test_notes_are_readable_as_they_are(shelf: Shelf, folder: Path):
    await filled(shelf)
    await write(shelf, folder, "markdown", versions=True)
    page = (folder / "messages/0001-general/2026-09.md").read_text()
    assert page == (
        "# général · 2026-09\n\n"
        "**Ann Other** 2026-09-21 14:13 *(before it was edited)*\n\nfrist\n\n"
        "**Ann Other** 2026-09-21 14:13\n\nfirst\n\n"
        "**Ann Other** 2026-09-21 14:13\n\nhead\n\n"
        "> **Ann Other** 2026-09-21 14:14\n>\n> late reply\n"
    )
    assert "- random (1): [2026-09](messages/0002-random/2026-09.md)" in (folder / "index.md").read_text()


async def test_an_export_claims_no_more_than_the_ledger_proves(shelf: Shelf, folder: Path):
    await filled(shelf)
    value = await write(shelf, folder)
    assert {name: told["claim"] for name, told in value["coverage"].items()} == {
        "workspace": "unproven",
        "users": "unproven",
        "channels": "unproven",
        "messages": "partial",
    }
    async with shelf.context.store() as store:
        row = await shelf.context.connection(store, "slack")
        whole = [
            PartitionState(
                stream="messages", key=key, covered=(Range(None, "1790000100.000000"),), last_seen="2026-11-22"
            )
            for key in ("C1", "C2")
        ]
        await store.write(row.id, None, [SavePartitions(whole)])
    assert (await write(shelf, folder))["coverage"]["messages"]["claim"] == "proven"
    assert (await write(shelf, folder, partition="C1"))["coverage"]["messages"]["claim"] == "part_as_asked_for"


def test_help_names_every_format_there_is():
    (declared,) = [field for field in describe(ExportRequest) if field.name == "format"]
    assert re.findall(r"[a-z]+", declared.help.replace(" or ", " ")) == [*FORMATS]
