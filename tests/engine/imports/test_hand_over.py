"""Files of an artifact, handed over to the home: whose they are, that they are whole, what is said of the rest.

Provenance: the requirement named below; every artifact is written here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkout import ROOT
from fakes.slack import scenarios
from fakes.slack.export import held_files, write_export
from importing import Importing
from media_artifacts import (
    PNG,
    chat_lines,
    digest,
    import_command,
    kept,
    kept_digests,
    leftovers,
    write_chat,
    write_many,
)
from polyfills.telegram.writer import chat, message, write
from polyhost.engine.events import FilesTaken
from polyhost.errors import RefusedError
from polyhost.files.partial import Partial
from polyhost.files.settling import MOST_TOGETHER
from polyhost.ledger.files import Content, FileFacts, FileState
from polyhost.operations.importing import ImportRequest, import_file
from polyhost.store.base import FileResult, Store

pytestmark = pytest.mark.requirement("SL-2")

CHAT = "WhatsApp Chat with Ada.zip"
JPG = b"\xff\xd8\xff\xe0"


@pytest.fixture
def owner(tmp_path: Path) -> Importing:
    return Importing(tmp_path / "home", "work")


async def with_store(owner: Importing, ask: Any) -> Any:
    async with owner.context().store(create=False) as store:
        row = await store.connections.get(owner.name)
        assert row is not None
        return await ask(store, row.id)


async def files(owner: Importing) -> dict[str, FileFacts]:
    """By name."""

    async def ask(store: Store, number: int) -> dict[str, FileFacts]:
        return {row.facts.name or "": row.facts for row in (await store.files.find(number)).files}

    return await with_store(owner, ask)


async def states(owner: Importing) -> dict[str, tuple[str, str | None]]:
    return {name: (facts.state, facts.reason) for name, facts in (await files(owner)).items()}


def gaps(result: dict[str, Any]) -> dict[str, int]:
    return {gap["code"]: gap["count"] for gap in result["receipt"]["gaps"]}


def hints(result: dict[str, Any]) -> list[int]:
    return [one["count"] for one in result["diagnostics"] if one["code"] == "files_not_taken"]


def taken(result: dict[str, Any]) -> tuple[int, int]:
    return result["receipt"]["files"]["taken"], result["receipt"]["files"]["bytes"]


# ------------------------------------------------------------------ each source's artifacts


async def test_an_export_of_slack_hands_over_its_files(owner: Importing, tmp_path: Path):
    world = scenarios.small()
    result = await owner.run(write_export(world, tmp_path / "export.zip", with_files=True), files=True)
    wanted = {file.id: file.content for file in held_files(world)}
    here = {facts.identity.removeprefix("id:"): facts for facts in (await files(owner)).values()}
    got = {key: facts.content.digest for key, facts in here.items() if facts.content is not None}
    assert got == {key: digest(content) for key, content in wanted.items()} != {}
    assert set(kept(owner.home)) == {digest(content) for content in wanted.values()}
    assert taken(result) == (len(wanted), sum(map(len, wanted.values())))
    assert (gaps(result), hints(result), leftovers(owner.home)) == ({}, [], [])


async def test_files_beside_their_conversation_are_told_by_their_ids(owner: Importing, tmp_path: Path):
    world = scenarios.small()
    path = write_export(world, tmp_path / "export.zip")
    with zipfile.ZipFile(path, "a") as archive:
        for file in held_files(world):
            archive.writestr(f"general/attachments/{file.id}-{file.name}", file.content)
    result = await owner.run(path, files=True)
    assert taken(result)[0] == len(held_files(world)) > 0
    assert gaps(result) == {}


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
async def test_a_chat_of_whatsapp_hands_over_its_media(owner: Importing, tmp_path: Path, packing: int):
    media = {"IMG-1.jpg": JPG + b"one" * 500_000, "doc.pdf": b"%PDF-1.4 " + b"\0" * 9, "empty.bin": b""}
    path = write_chat(tmp_path / CHAT, media, named=[*media, "IMG-2.jpg"], packing=packing)
    result = await owner.run(path, files=True)
    assert kept(owner.home) == {digest(content): content for content in media.values()}
    assert await states(owner) == {**dict.fromkeys(media, ("here", None)), "IMG-2.jpg": ("to_come", "not_in_file")}
    assert gaps(result) == {"media_missing": 1}


@pytest.mark.parametrize("is_packed", [True, False])
async def test_an_export_of_telegram_hands_over_what_its_paths_lead_to(
    owner: Importing, tmp_path: Path, is_packed: bool
):
    folder = tmp_path / "ChatExport"
    (folder / "photos").mkdir(parents=True)
    (folder / "photos" / "photo_1.jpg").write_bytes(JPG)
    outside = {"photo": "../secret.jpg"}
    (tmp_path / "secret.jpg").write_bytes(JPG + b"secret")
    said = [message(1, "", photo="photos/photo_1.jpg", photo_file_size=4), message(2, "", **outside)]
    write(chat(said), folder / "result.json")
    given = folder
    if is_packed:
        given = tmp_path / "export.zip"
        with zipfile.ZipFile(given, "w") as archive:
            for file in [*folder.rglob("*"), tmp_path / "secret.jpg"]:
                archive.write(file, file.relative_to(tmp_path))
    result = await owner.run(given, files=True)
    assert kept(owner.home) == {digest(JPG): JPG}
    assert gaps(result) == {"media_missing": 1}


async def test_a_folder_s_links_are_not_followed(owner: Importing, tmp_path: Path):
    folder = tmp_path / "WhatsApp Chat with Ada"
    folder.mkdir()
    (tmp_path / "secret.jpg").write_bytes(JPG)
    (folder / "_chat.txt").write_text(chat_lines(["a.jpg", "b.jpg"]), encoding="utf-8")
    (folder / "a.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "b.jpg").write_bytes(JPG + b"b")
    result = await owner.run(folder, files=True)
    assert set(kept(owner.home)) == {digest(JPG + b"b")}
    assert gaps(result) == {"media_missing": 1}, "no message is in doubt because of it"
    (folder / "old_chat.txt").symlink_to(tmp_path / "secret.jpg")
    (folder / "b.jpg").write_bytes(JPG + b"b2")
    assert gaps(await owner.run(folder, files=True)) == {"media_missing": 1, "range_unproven": 1}


async def test_a_name_that_stands_in_two_chats_is_two_files(owner: Importing, tmp_path: Path):
    for day, who in ((13, "Ada"), (20, "Bob")):
        path = tmp_path / f"WhatsApp Chat with {who}.zip"
        await owner.run(write_chat(path, {"IMG-0001.jpg": JPG + who.encode()}, day=day), files=True)

    async def ask(store: Store, number: int) -> set[tuple[str | None, str | None]]:
        rows = (await store.files.find(number)).files
        held = await store.files.records(number, [row.id for row in rows])
        return {(held[row.id][0].partition, row.facts.content and row.facts.content.digest) for row in rows}

    found = await with_store(owner, ask)
    assert {one for _, one in found} == {digest(JPG + b"Ada"), digest(JPG + b"Bob")}
    assert len({partition for partition, _ in found}) == 2


@pytest.mark.parametrize("source", ["whatsapp", "telegram"])
async def test_a_path_that_stands_twice_in_an_archive_is_nobody_s(owner: Importing, tmp_path: Path, source: str):
    path = tmp_path / CHAT
    if source == "whatsapp":
        write_chat(path, {"a.jpg": JPG})
    else:
        write(chat([message(1, "", photo="a.jpg")]), tmp_path / "result.json")
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(tmp_path / "result.json", "result.json")
            archive.writestr("a.jpg", JPG)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("a.jpg", JPG + b"another")
    result = await owner.run(path, files=True)
    assert (kept(owner.home), gaps(result)) == ({}, {"media_missing": 1})
    assert set((await states(owner)).values()) == {("to_come", "not_in_file")}


async def test_media_that_no_message_names_and_nobody_can_take_is_told(owner: Importing, tmp_path: Path):
    path = write_chat(tmp_path / CHAT, {"a.jpg": JPG})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../b.jpg", JPG)
    result = await owner.run(path, files=True)
    assert (set(kept(owner.home)), gaps(result)) == ({digest(JPG)}, {"media_missing": 1})


async def test_an_archive_of_known_records_that_brings_files_says_which_of_the_two_is_new(
    owner: Importing, tmp_path: Path
):
    path = write_chat(tmp_path / CHAT, {"a.jpg": JPG})
    await owner.run(path)
    result = await owner.run(path, files=True)
    assert result["receipt"]["summary"].startswith("No new records: this very file was imported before")
    assert "1 file taken" in result["receipt"]["summary"]


async def test_a_name_that_stands_twice_in_an_artifact_is_neither(owner: Importing, tmp_path: Path):
    path = write_chat(
        tmp_path / CHAT, {"x/a.jpg": JPG, "y/a.jpg": JPG + b"2", "z/b.jpg": JPG}, named=["a.jpg", "b.jpg"]
    )
    result = await owner.run(path, files=True)
    assert (await states(owner))["a.jpg"] == ("to_come", "not_in_file")
    assert (set(kept(owner.home)), gaps(result)) == ({digest(JPG)}, {"media_missing": 1})


# ------------------------------------------------------------------ the same file again, previews, what is asked for


async def test_without_being_asked_an_import_says_what_it_could_take(owner: Importing, tmp_path: Path):
    path = write_chat(tmp_path / CHAT, {"a.jpg": JPG, "b.jpg": JPG + b"b"}, named=["a.jpg", "b.jpg", "c.jpg"])
    first = await owner.run(path)
    assert (first["receipt"]["files"], gaps(first), hints(first)) == (None, {"media_missing": 1}, [2])
    assert not (owner.home / "files").exists()
    preview = await owner.run(path, files=True, preview=True)
    assert (taken(preview), gaps(preview), hints(preview)) == ((2, 9), {"media_missing": 1}, [])
    assert (preview["receipt"]["files"]["preview"], "2 files would be taken" in preview["receipt"]["summary"]) == (
        True,
        True,
    )
    assert not (owner.home / "files").exists()
    second = await owner.run(path, files=True)
    assert second["receipt"]["artifact"]["same_as"] == first["receipt"]["batch_id"]
    assert (taken(second), gaps(second), hints(second)) == ((2, 9), {"media_missing": 1}, [])
    third = await owner.run(path, files=True)
    assert (taken(third), third["receipt"]["files"]["known"]["here"]) == ((0, 0), 2)
    assert hints(await owner.run(path)) == []


async def test_a_preview_of_a_home_that_is_not_there_counts_and_makes_none(owner: Importing, tmp_path: Path):
    path = write_chat(tmp_path / CHAT, {"a.jpg": JPG, "b.mp4": b"\0" * 99})
    preview = await owner.run(path, files=True, preview=True, files_max_size="50B")
    assert taken(preview) == (1, 4)
    assert not owner.home.exists()


async def test_some_files_are_asked_for(owner: Importing, tmp_path: Path):
    path = write_chat(tmp_path / CHAT, {"a.jpg": JPG, "b.jpg": JPG + b"\0" * 2048, "c.pdf": b"%PDF-1.4"})
    result = await owner.run(path, files=True, files_max_size="1KB", files_type=("image",))
    assert await states(owner) == {
        "a.jpg": ("here", None),
        "b.jpg": ("over_limit", "too_large"),
        "c.pdf": ("to_come", None),
    }
    assert gaps(result) == {}
    await owner.run(path, files=True)
    assert {state for state, _ in (await states(owner)).values()} == {"here"}


@pytest.mark.parametrize("wrong", [{"files_max_size": "1MB"}, {"files_type": ("image",)}])
async def test_limits_go_with_files(owner: Importing, tmp_path: Path, wrong: dict[str, Any]):
    with pytest.raises(RefusedError, match="files-max-size"):
        await owner.run(write_chat(tmp_path / CHAT, {}), **wrong)


async def test_progress_tells_of_files(owner: Importing, tmp_path: Path):
    seen: list[FilesTaken] = []
    context = owner.context()
    context.watch = lambda event: seen.append(event) if isinstance(event, FilesTaken) else None
    path = write_chat(tmp_path / CHAT, {"a.jpg": JPG, "b.jpg": JPG + b"b"})
    await import_file(context, ImportRequest(name="work", file=str(path), files=True))
    assert seen == [FilesTaken(1, 4, 1), FilesTaken(2, 9, 0)]


# ------------------------------------------------------------------ gaps that are filled from elsewhere


async def test_what_a_run_has_brought_an_import_does_not_miss(owner: Importing, tmp_path: Path):
    world = scenarios.small()
    bare = write_export(world, tmp_path / "bare.zip")
    missed = gaps(await owner.run(bare))["media_missing"]
    file = next(one for one in held_files(world) if one.mimetype == "image/png")
    content = Content(digest(file.content), len(file.content), "image/png")
    where = owner.home / "files" / content.digest[:2] / content.digest
    where.parent.mkdir(parents=True)
    where.write_bytes(file.content)

    async def bring(store: Store, number: int) -> None:
        row = (await store.files.by_identity(number, [f"id:{file.id}"]))[f"id:{file.id}"]
        at = owner.clock.iso()
        await store.files.save(number, [FileResult(row.id, FileState.HERE, None, at, content)])

    await with_store(owner, bring)
    named = sum(m.files.count(file.id) for room in world.conversations.values() for m in room.messages.values())
    assert gaps(await owner.run(bare, files=True))["media_missing"] == missed - named
    full = await owner.run(write_export(world, tmp_path / "full.zip", with_files=True), files=True)
    assert (taken(full)[0], gaps(full)) == (len(held_files(world)) - 1, {})
    assert gaps(await owner.run(bare, files=True)) == {}


async def test_what_somebody_took_out_of_the_home_is_brought_again(owner: Importing, tmp_path: Path):
    path = write_chat(tmp_path / CHAT, {"a.jpg": JPG})
    await owner.run(path, files=True)
    (owner.home / "files" / digest(JPG)[:2] / digest(JPG)).unlink()
    assert taken(await owner.run(path, files=True)) == (1, 4)
    assert kept(owner.home) == {digest(JPG): JPG}


# ------------------------------------------------------------------ what is not what it should be


@pytest.mark.requirement("AR-1")
async def test_broken_entries_are_named_and_the_others_taken(owner: Importing, tmp_path: Path):
    media = {"a.jpg": JPG + b"a" * 99, "page.jpg": b"<!doctype html><title>Sign in</title>", "b.jpg": JPG + b"b" * 99}
    path = write_chat(tmp_path / CHAT, media, named=[*media, "c.jpg"])
    path.write_bytes(path.read_bytes().replace(b"a" * 99, b"a" * 98 + b"x"))
    result = await owner.run(path, files=True)
    assert await states(owner) == {
        "a.jpg": ("refused", "broken_encoding"),
        "page.jpg": ("refused", "wrong_type"),
        "b.jpg": ("here", None),
        "c.jpg": ("to_come", "not_in_file"),
    }
    assert (gaps(result), leftovers(owner.home)) == ({"media_missing": 3}, [])
    path.unlink()
    whole = {**media, "page.jpg": JPG, "c.jpg": JPG + b"c"}
    assert gaps(await owner.run(write_chat(path, whole), files=True)) == {}
    assert {state for state, _ in (await states(owner)).values()} == {"here"}


async def test_a_file_of_another_size_than_its_record_says_is_not_taken_for_it(owner: Importing, tmp_path: Path):
    folder = tmp_path / "ChatExport"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(JPG)
    write(chat([message(1, "", file="a.jpg", file_name="a.jpg", file_size=5)]), folder / "result.json")
    result = await owner.run(folder, files=True)
    assert (await states(owner), kept(owner.home)) == ({"a.jpg": ("refused", "wrong_size")}, {})
    assert gaps(result) == {"media_missing": 1}


async def test_an_endless_file_is_not_read(owner: Importing, tmp_path: Path):
    folder = tmp_path / "WhatsApp Chat with Ada"
    folder.mkdir()
    (folder / "_chat.txt").write_text(chat_lines(["a.mp4"]), encoding="utf-8")
    with (folder / "a.mp4").open("wb") as file:
        file.truncate(64 << 20)  # the size is known before a byte of it is read
    result = await owner.run(folder, files=True, files_max_size="1MB")
    assert await states(owner) == {"a.mp4": ("over_limit", "too_large")}
    assert taken(result) == (0, 0)


async def test_many_messages_with_one_entry_read_it_once(owner: Importing, tmp_path: Path):
    """An archive may be unpacked a few times in all."""
    path = write_chat(
        tmp_path / CHAT, {"a.bin": b"\0" * (70 << 20)}, named=["a.bin"] * 12, packing=zipfile.ZIP_DEFLATED
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("filler", os.urandom(300_000))
    assert taken(await owner.run(path, files=True)) == (12, 12 * (70 << 20))
    assert [len(content) for content in kept(owner.home).values()] == [70 << 20]


async def test_a_cut_archive_hands_over_what_is_whole(owner: Importing, tmp_path: Path):
    media = {"a.jpg": JPG + b"a", "b.jpg": JPG + os.urandom(5000)}
    path = write_chat(tmp_path / CHAT, media)
    path.write_bytes(path.read_bytes()[:4000])
    await owner.run(path, files=True)
    assert kept(owner.home) == {digest(media["a.jpg"]): media["a.jpg"]}
    await owner.run(write_chat(tmp_path / CHAT, media), files=True)
    assert set(kept(owner.home)) == {digest(one) for one in media.values()}


async def test_a_full_disk_ends_the_import_in_one_sentence_and_the_next_goes_on(owner: Importing, tmp_path: Path):
    media = {"a.bin": b"\0small", "b.bin": os.urandom(24 << 20)}
    path = write_chat(tmp_path / CHAT, media)
    ended = within_disk(owner, path)
    assert ended.returncode == 1, ended.stderr
    assert "The home does not take the files: File too large" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert (set(kept(owner.home)), leftovers(owner.home)) == ({digest(media["a.bin"])}, [])
    assert len(await owner.records()) == 3
    assert taken(await owner.run(path, files=True)) == (1, 24 << 20)


async def test_a_cancelled_hand_over_keeps_what_came_and_is_gone_on_with(owner: Importing, tmp_path: Path):
    context = owner.context()
    context.watch = lambda event: context.cancelled.set() if isinstance(event, FilesTaken) else None
    media = {f"{number:03}.jpg": JPG + b"%03d" % number for number in range(MOST_TOGETHER + 3)}
    path = write_chat(tmp_path / CHAT, media)
    ended = (await import_file(context, ImportRequest(name="work", file=str(path), files=True))).value
    assert (ended["status"], taken(ended)) == ("cancelled", (MOST_TOGETHER, 7 * MOST_TOGETHER))
    assert (len(kept(owner.home)), leftovers(owner.home)) == (MOST_TOGETHER, [])
    assert taken(await owner.run(path, files=True)) == (3, 7 * 3)


async def test_cancelled_while_an_entry_is_read_it_keeps_those_that_came_before(owner: Importing, tmp_path: Path):
    context = owner.context()
    media = {"a.bin": b"\0a", "b.bin": os.urandom(3 << 20)}
    path = write_chat(tmp_path / CHAT, media)
    write = Partial.write

    def cancelling(partial: Partial, data: bytes) -> None:
        write(partial, data)
        if partial.size > 1 << 20:
            context.cancelled.set()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Partial, "write", cancelling)
        ended = (await import_file(context, ImportRequest(name="work", file=str(path), files=True))).value
    assert (ended["status"], taken(ended)) == ("cancelled", (1, 2))
    assert (set(kept(owner.home)), leftovers(owner.home)) == ({digest(media["a.bin"])}, [])
    assert taken(await owner.run(path, files=True)) == (1, 3 << 20)


async def test_files_that_are_one_entry_are_kept_with_it(owner: Importing, tmp_path: Path):
    """Messages that name the same medium, in whichever batch they come."""
    names = ["a.jpg", "b.jpg", "a.jpg", "a.jpg"]
    path = write_chat(tmp_path / CHAT, {"a.jpg": JPG, "b.jpg": JPG}, named=names)
    result = await owner.run(path, files=True)
    assert (taken(result), kept(owner.home)) == ((4, 4 * len(JPG)), {digest(JPG): JPG})


def within_disk(owner: Importing, path: Path) -> subprocess.CompletedProcess[str]:
    """The real command, where no file may be larger than 16 MiB."""
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 20, 16 << 20));"
        "from polyhost.cli.main import main; main()"
    )
    words = ["--home", str(owner.home), "import", "work", str(path), "--files"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "host")}
    return subprocess.run(
        [sys.executable, "-c", script, *words], env=environment, capture_output=True, text=True, check=False
    )


# ------------------------------------------------------------------ memory, and anything at all


async def test_memory_does_not_grow_with_the_files(tmp_path: Path):
    small, large = tmp_path / "WhatsApp Chat with Bob.zip", tmp_path / "WhatsApp Chat with Ada.zip"
    write_many(small, [1])
    digests = write_many(large, [*range(1, 200), 96 << 20])
    _, least = import_command(tmp_path / "small", small)
    status, most = import_command(tmp_path / "home", large)
    assert status == 0
    assert most - least < 48, "MiB, of a file of 96"
    assert kept_digests(tmp_path / "home") == set(digests)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    contents=st.dictionaries(st.from_regex(r"[a-z]{1,6}\.bin", fullmatch=True), st.binary(max_size=3000), max_size=6),
    packing=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
async def test_every_digest_is_the_artifact_s(contents: dict[str, bytes], packing: int, make_home: Any):
    owner = Importing(make_home(), "work")
    media = {name: PNG + content for name, content in contents.items()}
    await owner.run(write_chat(owner.home / CHAT, media, packing=packing), files=True)
    facts = await files(owner)
    assert {name: one.content.digest for name, one in facts.items() if one.content is not None} == {
        name: digest(content) for name, content in media.items()
    }
    assert kept(owner.home) == {digest(content): content for content in media.values()}
