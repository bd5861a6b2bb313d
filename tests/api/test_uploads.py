"""A file is uploaded, looked at, and imported once; and goes away again."""

import asyncio
from pathlib import Path

import pytest

from api.serving import Client
from media_artifacts import digest, kept, write_chat

CHAT = b"""21/02/2024, 09:15 - Ada: One
22/02/2024, 10:00 - Bo: Two words
"""


async def upload(client: Client, content: bytes = CHAT, name: str = "WhatsApp%20Chat%20with%20Ada.txt"):
    return await client(
        "POST",
        f"/v1/connections/chat/artifacts?filename={name}",
        headers={"Authorization": f"Bearer {client.token}", "Content-Type": "application/octet-stream"},
        data=content,
    )


@pytest.mark.requirement("CH-2.1", "CH-2.2")
async def test_a_file_is_previewed_then_imported_as_a_run(own: Client, home: Path):
    previewed = await upload(own)
    assert previewed.status == 201, previewed.text
    receipt = previewed.value["preview"]["receipt"]
    assert receipt["counts"]["accepted"] == 2
    assert [one["name"] for one in (await own.get("/v1/connections"))["connections"]] == ["work"]
    commit = await own("POST", f"/v1/artifacts/{previewed.value['artifact_id']}/commit", body={})
    assert commit.status == 202, commit.text
    events = [event async for event in own.events(f"/v1/runs/{commit.value['run_id']}/events")]
    made = events[-1][2]["result"]["receipt"]
    assert (made["counts"], made["trigger"], made["method"]) == (receipt["counts"], "upload", "owner_artifact")
    for _ in range(600):  # the file goes once the import is wholly over, which is after its last word
        if not list((home / "uploads").iterdir()):
            break
        await asyncio.sleep(0.05)
    assert list((home / "uploads").iterdir()) == []


async def test_an_upload_is_imported_once(own: Client):
    artifact = (await upload(own)).value["artifact_id"]
    first = await own("POST", f"/v1/artifacts/{artifact}/commit", body={})
    assert first.status == 202
    second = await own("POST", f"/v1/artifacts/{artifact}/commit", body={})
    assert (second.status, second.value["code"]) == (404, "unknown_artifact")


@pytest.mark.requirement("SL-2")
async def test_an_upload_hands_its_files_over_where_they_are_asked_for(own: Client, home: Path, tmp_path: Path):
    chat = write_chat(tmp_path / "chat.zip", {"a.bin": b"\0a", "b.bin": b"\0" * 2048}).read_bytes()
    artifact = (await upload(own, chat, "WhatsApp%20Chat%20with%20Ada.zip")).value["artifact_id"]
    asked = {"files": True, "files_max_size": "1KB"}
    commit = await own("POST", f"/v1/artifacts/{artifact}/commit", body=asked)
    assert commit.status == 202, commit.text
    events = [event async for event in own.events(f"/v1/runs/{commit.value['run_id']}/events")]
    files = events[-1][2]["result"]["receipt"]["files"]
    assert (files["taken"], files["known"]["over_limit"]) == (1, 1)
    assert kept(home) == {digest(b"\0a"): b"\0a"}


async def test_an_upload_is_for_its_owners_eyes_only(own: Client, home: Path):
    await upload(own)
    [folder] = (home / "uploads").iterdir()
    [file] = folder.iterdir()
    assert [path.stat().st_mode & 0o777 for path in (home / "uploads", folder, file)] == [0o700, 0o700, 0o600]


async def test_a_file_that_is_no_export_is_refused_and_gone(own: Client, home: Path):
    answer = await upload(own, b"nothing of the kind", "notes.txt")
    assert (answer.status, answer.value["code"]) == (400, "not_recognised")
    assert str(home) not in answer.text
    assert list((home / "uploads").iterdir()) == []
