"""A watched folder of which a file cannot be imported: told when it happens, and for as long as the file is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from media_artifacts import digest, kept, write_chat
from polyhost.engine.clock import Clock
from polyhost.operations.connect import ConnectRequest, connect
from polyhost.operations.context import Context
from polyhost.operations.importing import ImportRequest, import_file
from polyhost.operations.operation import Result
from polyhost.operations.status import StatusRequest, status

CHAT = "[13/09/2020, 12:26:40] Ada: hello\n[13/09/2020, 12:26:41] Bob: hello\n"


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "arriving"
    folder.mkdir()
    await connect(context(folder), ConnectRequest(source="whatsapp", name="chats", watch=str(folder)))
    return folder


def context(folder: Path) -> Context:
    return Context(home=folder.parent / "home", clock=Clock())


async def take_in(folder: Path) -> Result:
    return await import_file(context(folder), ImportRequest(name="chats", watched=True))


async def told(folder: Path) -> list[str]:
    """What `status` says of refused files."""
    one = (await status(context(folder), StatusRequest(name="chats"))).value
    return [found["message"] for found in one["conditions"] if found["reason"] == "files_refused"]


async def test_a_refused_file_makes_the_exit_status_and_stays_visible_until_it_is_gone(folder: Path):
    (folder / "WhatsApp Chat with Ada.txt").write_text(CHAT, encoding="utf-8")
    (folder / "export.zip").write_bytes(b"PK\x03\x04")
    first = await take_in(folder)
    assert first.exit_code == 2
    assert (len(first.value["imports"]), len(first.value["refused"])) == (1, 1)
    assert first.value["refused_before"] == []
    again = await take_in(folder)
    assert (again.exit_code, again.value["imports"], again.value["refused"]) == (0, [], [])
    assert again.value["refused_before"] == first.value["refused"]
    assert await told(folder) == ["Files in the watched folder that could not be imported (1)."]
    (folder / "export.zip").unlink()
    assert (await take_in(folder)).value["refused_before"] == []
    assert await told(folder) == []


async def test_a_refused_file_that_was_mended_is_imported_and_no_longer_told_of(folder: Path):
    file = folder / "WhatsApp Chat with Ada.txt"
    file.write_text("nothing", encoding="utf-8")
    assert (await take_in(folder)).exit_code == 2
    file.write_text(CHAT, encoding="utf-8")
    done = await take_in(folder)
    assert (len(done.value["imports"]), done.value["refused"], done.value["refused_before"]) == (1, [], [])
    assert await told(folder) == []


@pytest.mark.requirement("SL-2")
@pytest.mark.parametrize("is_set", [True, False])
async def test_files_of_a_watched_folder_are_taken_where_that_is_set(folder: Path, is_set: bool):
    home = folder.parent / "home"
    (home / "config.toml").write_text(f"[files]\nwith_runs = {str(is_set).lower()}\n", encoding="utf-8")
    write_chat(folder / "WhatsApp Chat with Ada.zip", {"a.bin": b"\0a"})
    [done] = (await take_in(folder)).value["imports"]
    assert set(kept(home)) == ({digest(b"\0a")} if is_set else set())
    assert (done["receipt"]["files"] is not None) is is_set
