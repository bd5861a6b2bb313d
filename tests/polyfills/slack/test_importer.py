"""Slack exports in every shape they come in, held against the workspace they were made of.

Provenance: the requirements' clauses named below; the irregularities are those that people report of real exports.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from fakes.slack import scenarios, truth
from fakes.slack.export import SECRET, export_files, write_export
from fakes.slack.world import Workspace
from importers import importer_module
from importing import Importing, facts_of
from polyhost.errors import RefusedError


@pytest.fixture
def world() -> Workspace:
    return scenarios.small()


@pytest.fixture
def owner(tmp_path: Path) -> Importing:
    return Importing(tmp_path / "home")


def write(path: Path, files: dict[str, Any]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, str | bytes) else json.dumps(content))
    return path


def spoken(world: Workspace) -> set[str]:
    """Keys of everything said that is not deleted."""
    return {
        json.dumps([channel, ts], separators=(",", ":"))
        for channel, ts in truth.visible_messages(world, tombstones=False)
    }


@pytest.mark.requirement("CH-2.3", "CH-2.7")
async def test_an_export_comes_in_whole(world: Workspace, owner: Importing, tmp_path: Path):
    result = await owner.run(write_export(world, tmp_path / "export.zip"))
    assert set(await owner.contents()) == spoken(world)
    assert len(await owner.contents("users")) == len(world.users)
    receipt = result["receipt"]
    assert (receipt["source"], receipt["method"], receipt["trigger"]) == ("slack", "owner_artifact", "upload")
    assert receipt["event_time"]["first"] < receipt["event_time"]["last"]
    assert receipt["counts"]["accepted"] == sum(counts["new"] for counts in result["streams"].values())


@pytest.mark.requirement("CH-2.5")
async def test_no_token_of_a_link_is_stored_anywhere(world: Workspace, owner: Importing, tmp_path: Path):
    await owner.run(write_export(world, tmp_path / "export.zip"))
    links = [file["url_private"] for data in (await owner.contents()).values() for file in data["files"]]
    assert links
    assert all("?" not in link for link in links)
    assert SECRET.encode() not in b"".join(path.read_bytes() for path in owner.home.iterdir() if path.is_file())


@pytest.mark.parametrize(
    "options",
    [{"top": "Lantern Bay export/"}, {"with_replies": False}, {"with_counts": False, "with_replies": False}],
    ids=["wrapped in a folder", "without replies", "without reply counts"],
)
async def test_every_way_to_export_comes_to_the_same_records(
    world: Workspace, owner: Importing, tmp_path: Path, options: dict[str, Any]
):
    await owner.run(write_export(world, tmp_path / "plain.zip"))
    plain = await owner.contents()
    other = Importing(owner.home, "other")
    await other.run(write_export(world, tmp_path / "other.zip", **options))
    assert await other.contents() == plain


async def test_a_folder_is_an_export_too(world: Workspace, owner: Importing, tmp_path: Path):
    for name, content in export_files(world).items():
        path = tmp_path / "export" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    await owner.run(tmp_path / "export")
    assert set(await owner.contents()) == spoken(world)


@pytest.mark.requirement("CH-1.4", "CH-2.8")
async def test_the_same_file_again_adds_nothing_under_any_name(world: Workspace, owner: Importing, tmp_path: Path):
    await owner.run(write_export(world, tmp_path / "export.zip"))
    before = await owner.records()
    again = await owner.run((tmp_path / "export.zip").rename(tmp_path / "renamed (1).zip"))
    assert again["status"] != "failed"
    assert "this very file was imported before" in again["receipt"]["summary"]
    assert again["receipt"]["counts"]["accepted"] == 0
    assert again["receipt"]["counts"]["duplicate"] > 0
    assert await owner.records() == before


@pytest.mark.requirement("CH-1.4")
async def test_known_records_in_another_file_are_said_to_be_known(world: Workspace, owner: Importing, tmp_path: Path):
    await owner.run(write_export(world, tmp_path / "export.zip"))
    again = await owner.run(write_export(world, tmp_path / "other.zip", top="wrapped/"))
    assert again["receipt"]["summary"].startswith("Nothing new: all")
    assert again["receipt"]["counts"]["accepted"] == 0


@pytest.mark.requirement("CH-2.8")
async def test_an_older_export_after_a_newer_one_changes_nothing(world: Workspace, owner: Importing, tmp_path: Path):
    days = sorted(name[-15:-5] for name in export_files(world) if name[-15:-13] == "20")
    await owner.run(write_export(world, tmp_path / "newer.zip"))
    before, covered = await owner.contents(), await owner.partitions()
    result = await owner.run(write_export(world, tmp_path / "older.zip", until=days[len(days) // 2]))
    assert await owner.contents() == before
    assert {key: one["imported"] for key, one in (await owner.partitions()).items()} == {
        key: one["imported"] for key, one in covered.items()
    }
    assert "was covered before" in result["receipt"]["summary"]


@pytest.mark.requirement("CH-1.2")
async def test_a_manual_source_says_how_far_it_reaches_and_what_takes_it_further(
    world: Workspace, owner: Importing, tmp_path: Path
):
    result = await owner.run(write_export(world, tmp_path / "export.zip"))
    advice = result["receipt"]["advice"]
    assert advice["code"] == "add_newer_artifact"
    assert advice["action"]
    assert advice["covered_through"] == result["coverage"]["messages"]["covered_through"]
    assert result["status"] in {"complete", "complete_with_gaps"}


@pytest.mark.requirement("CH-1.3")
async def test_missing_files_are_counted_with_what_would_bring_them(world: Workspace, owner: Importing, tmp_path: Path):
    result = await owner.run(write_export(world, tmp_path / "export.zip"))
    [gap] = [gap for gap in result["receipt"]["gaps"] if gap["code"] == "media_missing"]
    shared = sum(len(message.files) for room in world.conversations.values() for message in room.messages.values())
    assert 0 < gap["count"] <= shared
    assert gap["action"]
    assert not gap["blocking"]
    assert result["status"] == "complete_with_gaps"


async def test_an_export_that_holds_its_files_misses_none(world: Workspace, owner: Importing, tmp_path: Path):
    files: dict[str, Any] = dict(export_files(world))
    files |= {f"__uploads/{one.id}/{one.name}": b"content" for one in world.files.values()}
    result = await owner.run(write(tmp_path / "export.zip", files))
    assert result["receipt"]["gaps"] == []
    assert result["receipt"]["artifact"]["format"] == "slack-export/community"


async def test_an_index_that_is_missing_costs_only_conversations_without_an_id(
    world: Workspace, owner: Importing, tmp_path: Path
):
    files = {name: content for name, content in export_files(world).items() if name != "groups.json"}
    result = await owner.run(write(tmp_path / "export.zip", files))
    codes = {(gap["code"], gap["stream"]) for gap in result["receipt"]["gaps"]}
    assert ("range_unproven", "messages") in codes
    assert set(await owner.contents()) < spoken(world)


async def test_a_conversation_known_by_its_name_is_found_without_an_index(
    world: Workspace, owner: Importing, tmp_path: Path
):
    await owner.run(write_export(world, tmp_path / "whole.zip"))
    files = {name: content for name, content in export_files(world).items() if name != "groups.json"}
    result = await owner.run(write(tmp_path / "part.zip", files))
    assert all(gap["code"] == "media_missing" for gap in result["receipt"]["gaps"])


@pytest.mark.requirement("CH-2.8")
async def test_an_archive_that_was_cut_keeps_what_is_there_and_claims_nothing(
    world: Workspace, owner: Importing, tmp_path: Path
):
    path = write_export(world, tmp_path / "export.zip")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    result = await owner.run(path)
    found = set(await owner.contents())
    assert found < spoken(world)
    assert found
    assert result["receipt"]["completeness"]["claim"] == "unproven"
    assert "the file ends early" in result["receipt"]["summary"]
    assert all(not one["imported"] for one in (await owner.partitions()).values())
    await owner.run(write_export(world, tmp_path / "again.zip"))
    assert set(await owner.contents()) == spoken(world)


@pytest.mark.requirement("CH-2.1", "CH-2.2")
@pytest.mark.parametrize("before", [False, True], ids=["into nothing", "over an older export"])
async def test_a_preview_writes_nothing_and_says_what_the_import_says(
    world: Workspace, owner: Importing, tmp_path: Path, before: bool
):
    days = sorted(name[-15:-5] for name in export_files(world) if name[-15:-13] == "20")
    if before:
        await owner.run(write_export(world, tmp_path / "older.zip", until=days[len(days) // 2]))
    home = {path.name: path.read_bytes() for path in owner.home.iterdir()} if before else None
    path = write_export(world, tmp_path / "export.zip")
    preview = await owner.run(path, preview=True)
    assert preview["preview"] is True
    assert ({one.name: one.read_bytes() for one in owner.home.iterdir()} if before else None) == home
    assert before or not owner.home.exists()
    assert facts_of(preview) == facts_of(await owner.run(path))


@pytest.mark.requirement("CH-2.9")
async def test_a_record_names_the_batch_that_brought_it(world: Workspace, owner: Importing, tmp_path: Path):
    days = sorted(name[-15:-5] for name in export_files(world) if name[-15:-13] == "20")
    older = await owner.run(write_export(world, tmp_path / "older.zip", until=days[len(days) // 2]))
    newer = await owner.run(write_export(world, tmp_path / "newer.zip"))
    by_batch = {one["batch_id"] for one in await owner.records()}
    assert by_batch == {older["receipt"]["batch_id"], newer["receipt"]["batch_id"]}
    assert {one["batch_id"] for one in await owner.receipts()} == by_batch


@pytest.mark.requirement("CH-2.4")
async def test_no_export_claims_the_whole_source(world: Workspace, owner: Importing, tmp_path: Path):
    result = await owner.run(write_export(world, tmp_path / "export.zip"))
    assert result["receipt"]["completeness"]["claim"] == "partial"
    assert "source_not_asked" in result["receipt"]["completeness"]["evidence"]


async def test_another_workspace_does_not_get_mixed_in(world: Workspace, owner: Importing, tmp_path: Path):
    await owner.run(write_export(world, tmp_path / "export.zip"))
    before = await owner.records()
    world.team_id = "T0OTHER01"
    with pytest.raises(RefusedError) as refused:
        await owner.run(write_export(world, tmp_path / "other.zip"))
    assert refused.value.code == "other_account"
    assert await owner.records() == before


@pytest.mark.requirement("CH-1.5")
async def test_a_gap_is_a_failure_only_where_the_manifest_says_so(
    world: Workspace, owner: Importing, tmp_path: Path, root: Path
):
    folder = tmp_path / "strict"
    folder.mkdir()
    for file in (root / "polyfills" / "slack").iterdir():
        (folder / file.name).write_bytes(file.read_bytes()) if file.is_file() else None
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps(manifest | {"blocking_gaps": ["media_missing"]}), encoding="utf-8")
    path = write_export(world, tmp_path / "export.zip")
    result = await owner.run(path, source=str(folder))
    assert result["status"] == "failed"
    assert [gap["blocking"] for gap in result["receipt"]["gaps"]] == [True]
    assert (await Importing(owner.home, "lenient").run(path, source="slack"))["status"] == "complete_with_gaps"


async def test_odd_entries_are_counted_where_they_are_and_cost_nothing_else(
    world: Workspace, owner: Importing, tmp_path: Path
):
    files: dict[str, Any] = dict(export_files(world))
    name = next(name for name in files if "/" in name and len(json.loads(files[name])) > 2)
    messages = json.loads(files[name])
    odd = [None, 7, {}, {"ts": 5}, {"ts": "soon"}, {**messages[0], "edited": "no"}, {**messages[0], "files": [3]}]
    files[name] = json.dumps([*odd, *messages])
    result = await owner.run(write(tmp_path / "export.zip", files))
    assert set(await owner.contents()) == spoken(world)
    assert result["receipt"]["counts"]["failed"] >= len(odd) - 1
    [told] = [one for one in result["diagnostics"] if one["code"] == "invalid_record"]
    assert "entry" in told["message"]
    assert "soon" not in json.dumps(result)


@pytest.mark.parametrize(
    "times",
    [
        {"ts": "\u0661\u0667\u0669\u0660\u0668\u0661\u0662\u0668\u0660\u0662.\u0660\u0660\u0660\u0661\u0660\u0660"},
        {"ts": "9999999999.999999"},
        {"edited": {"ts": "zzz"}},
        {"edited": {"ts": "9999999999.999999"}},
        {"thread_ts": "\u0661"},
        {"reply_count": 1, "latest_reply": "zzz"},
    ],
    ids=["other digits", "in the future", "edited at no time", "edited in the future", "in no thread", "no last reply"],
)
async def test_a_time_that_is_none_costs_its_message_and_falsifies_nothing(
    world: Workspace, owner: Importing, tmp_path: Path, times: dict[str, Any]
):
    whole = await Importing(owner.home, "whole").run(write_export(world, tmp_path / "whole.zip"))
    files: dict[str, Any] = dict(export_files(world))
    name = next(name for name in files if "/" in name)
    odd = {"type": "message", "user": "U1", "text": "odd", "ts": f"{json.loads(files[name])[0]['ts'][:10]}.777777"}
    files[name] = json.dumps([odd | times, *json.loads(files[name])])
    result = await owner.run(write(tmp_path / "export.zip", files))
    assert result["status"] == "complete_with_gaps"
    assert set(await owner.contents()) == spoken(world)
    assert "invalid_record" in {one["code"] for one in result["diagnostics"]}
    assert result["coverage"]["messages"]["covered_through"] == whole["coverage"]["messages"]["covered_through"]


@pytest.mark.parametrize("at_once", [1, 7, 50_000])
async def test_replies_are_counted_for_any_number_of_threads_wherever_they_stand(
    world: Workspace, owner: Importing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
):
    monkeypatch.setattr(importer_module("slack"), "_ROOTS_AT_ONCE", at_once)
    files: dict[str, Any] = dict(export_files(world))
    name = next(name for name in files if "/" in name)
    messages: list[dict[str, Any]] = json.loads(files[name])
    threads = {f"{1_600_000_000 + number}.000100": number % 4 for number in range(0, 100, 5)}
    for root, count in threads.items():
        replies = [{"ts": f"{root[:10]}.0002{nth:02}", "text": "reply", "thread_ts": root} for nth in range(count)]
        messages += [*replies[:1], {"ts": root, "text": "root", "thread_ts": root}, *replies[1:]]
    files[name] = json.dumps(messages)
    await owner.run(write(tmp_path / "export.zip", files))
    found = {data["ts"]: data for data in (await owner.contents()).values() if data["ts"] in threads}
    assert {root: data["reply_count"] for root, data in found.items()} == threads
    assert {root: data["latest_reply"] for root, data in found.items()} == {
        root: f"{root[:10]}.0002{count - 1:02}" if count else None for root, count in threads.items()
    }
