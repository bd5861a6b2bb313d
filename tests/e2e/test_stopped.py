"""Exports and indices whose process is interrupted or killed: what was there stays, and the next one is whole.

Provenance: docs/exporting.md (whole, or plainly not), docs/store.md (kill -9 at any instant); ours. Real processes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from e2e.command import CommandLine
from operations.shelf import Shelf, message
from polyhost.operations.search import SearchRequest, search

CHANNELS = 6
"""Each is exported by itself, so that there is something left to do wherever an export is stopped."""
MESSAGES = 20_000
"""Ten steps of an index: some are left when the first has been seen."""
DYING = str(Path(__file__).parent / "dying.py")
MOVED = "polyhost.exports.folder:ExportFolder"


def messages(count: int) -> list[dict[str, object]]:
    return [message(number, f"crate{number:05d} harbour", channel=f"C{number % CHANNELS}") for number in range(count)]


@pytest.fixture
async def shelf(home: Path) -> Shelf:
    shelf = Shelf(home)
    await shelf.connect()
    return shelf


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check_whole(folder: Path, *, besides: set[str]) -> None:
    """Exactly the files that the manifest names, as it names them, and those of somebody else."""
    found = content(folder)
    manifest = json.loads(found.pop("manifest.json"))
    named = {file["path"]: file["sha256"] for part in manifest["parts"] for file in part["files"]}
    assert {path: hashlib.sha256(data).hexdigest() for path, data in found.items() if path not in besides} == named
    assert besides <= found.keys()


@pytest.mark.parametrize("again", [False, True], ids=["a first one", "one that renews"])
async def test_ctrl_c_ends_an_export_with_130_and_leaves_what_was_there(
    again: bool, shelf: Shelf, command: CommandLine, tmp_path: Path
) -> None:
    await shelf.put({"messages": messages(60)})
    folder = tmp_path / "out"
    words = ("export", "slack", "--format", "jsonl", "--to", str(folder))
    if again:
        assert (await command(*words)).exit_code == 0
    before = content(folder)
    interrupted = replace(command, program=(DYING, "polyhost.exports.files:LineWriter.add", "2:SIGINT"))
    ended = await interrupted(*words)
    assert ended.exit_code == 130
    assert "the export was stopped" in ended.stderr
    assert "is kept" not in ended.stderr
    assert "Traceback" not in ended.stderr
    assert content(folder) == before
    assert folder.exists() == again


@pytest.mark.parametrize("place", [f"{MOVED}.publish", f"{MOVED}._clear", f"{MOVED}._write_manifest"])
async def test_after_kill_9_an_export_does_not_look_whole_unless_it_is_and_the_next_one_is(
    place: str, shelf: Shelf, command: CommandLine, tmp_path: Path
) -> None:
    await shelf.put({"messages": messages(60)})
    folder = tmp_path / "out"
    words = ("export", "slack", "--to", str(folder), "--format")
    assert (await command(*words, "html")).exit_code == 0
    (folder / "notes.txt").write_text("mine")
    before = content(folder)
    assert (await replace(command, program=(DYING, place, "1"))(*words, "jsonl")).exit_code == -9
    left = content(folder)
    assert "manifest.json" not in left or before.items() <= left.items()
    ended = await command(*words, "jsonl")
    assert ended.exit_code == 0, ended.stderr
    check_whole(folder, besides={"notes.txt"})
    assert "messages.jsonl" in content(folder)


def indexed_through(home: Path) -> int:
    """The last change that the index holds, as it was committed."""
    with closing(sqlite3.connect(home / "store.db")) as db:
        row = db.execute("SELECT indexed_through FROM search_indexes").fetchone()
    return row[0] if row else 0


async def test_after_kill_9_while_indexing_a_search_finds_everything_exactly_once(
    shelf: Shelf, command: CommandLine
) -> None:
    await shelf.put({"messages": messages(MESSAGES)})
    reached = [0]
    for _ in range(2):
        async with command.running("search", "zeppelin", "--wait", "600", "--json") as running:
            while indexed_through(shelf.home) == reached[-1] and running.process.returncode is None:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
            running.kill()
            assert (await running.finished()).exit_code == -9
        reached.append(indexed_through(shelf.home))
    assert 0 < reached[1] < reached[2] < MESSAGES
    found: list[str] = []
    after = None
    while True:
        page = (await search(shelf.context, SearchRequest(text="harbour", limit=1_000, wait=600.0, after=after))).value
        found += [hit["key"] for hit in page["hits"]]
        if (after := page["next"]) is None:
            break
    assert page["complete"]
    assert (len(found), len(set(found))) == (MESSAGES, MESSAGES)
    with closing(sqlite3.connect(shelf.home / "store.db")) as db:
        assert list(db.execute("PRAGMA integrity_check")) == [("ok",)]
