"""Files and live collection side by side: the real command, a real browser, the fake workspace.

Provenance: the requirements' clauses named below.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import jsonschema_rs
import pytest

from e2e.command import CommandLine
from e2e.owner import NAME, Owner
from e2e.truth import difference
from fakes.slack import FakeSlack, scenarios, truth
from fakes.slack.export import write_export
from fakes.slack.script import play
from importing import Importing
from polyhost.api.openapi import schema_of
from polyhost.engine.events import RecordsWritten, RunEvent
from polyhost.operations.importing import ImportRequest, import_file


@pytest.mark.requirement("CH-2.9", "CH-2.8")
async def test_an_export_of_what_was_collected_changes_nothing(owner: Owner, tmp_path: Path):
    """Record for record: an exported message and a collected one are the same."""
    before = {stream: await owner.records(stream) for stream in ("messages", "channels", "users")}
    result = await Importing(owner.home, NAME).run(write_export(owner.slack.world, tmp_path / "export.zip"))
    jsonschema_rs.validator_for(schema_of("Import")).validate(result)
    assert result["receipt"]["counts"]["accepted"] == 0
    assert result["receipt"]["counts"]["updated"] == 0
    assert result["receipt"]["summary"].startswith("Nothing new: all")
    assert {stream: await owner.records(stream) for stream in before} == before


@pytest.mark.requirement("CH-2.9")
async def test_a_run_after_an_import_finds_everything_known_and_reads_it_all_the_same(newcomer: Owner, tmp_path: Path):
    imported = await Importing(newcomer.home, NAME).run(write_export(newcomer.slack.world, tmp_path / "export.zip"))
    ran = await newcomer.run()
    assert ran.status == "complete"
    assert ran.counts("messages") == (0, 0, 0)
    assert await difference(newcomer) == {}
    [batch] = {one["batch_id"] for one in await newcomer.records("messages")}
    assert batch == imported["receipt"]["batch_id"]


@pytest.mark.requirement("CH-2.8")
async def test_what_happened_after_the_export_is_not_hidden_by_it(newcomer: Owner, tmp_path: Path):
    """Edits, deletions, late replies to old threads: the run brings them, and the old file takes none of them back."""
    export = write_export(newcomer.slack.world, tmp_path / "export.zip")
    files = Importing(newcomer.home, NAME)
    await files.run(export)
    play(newcomer.slack.world, scenarios.second())
    assert (await newcomer.run()).status == "complete"
    assert await difference(newcomer) == {}
    await files.run(export)
    await files.run(write_export(newcomer.slack.world, tmp_path / "newer.zip"))
    assert await difference(newcomer) == {}


@pytest.mark.requirement("CH-2.1", "CH-2.2", "CH-1.4")
async def test_the_command_previews_imports_and_says_what_was_known(
    command: CommandLine, slack: FakeSlack, tmp_path: Path
):
    export = str(write_export(slack.world, tmp_path / "export.zip"))
    preview = await command("import", "work", export, "--preview", "--json")
    assert not command.home.exists()
    done = await command("import", "work", export, "--json")
    again = await command("import", "work", export, "--json")
    assert (preview.exit_code, done.exit_code, again.exit_code) == (3, 3, 3), "files that are not in it are a gap"
    assert preview.value["receipt"]["counts"] == done.value["receipt"]["counts"]
    assert again.value["receipt"]["summary"].startswith("Nothing new: this very file")
    shown = await command("receipt", done.value["receipt"]["batch_id"])
    assert "owner_artifact, triggered by upload" in shown.stdout
    assert str(tmp_path) not in json.dumps(done.value)


@pytest.mark.requirement("CH-2.8")
async def test_an_import_that_is_killed_is_finished_by_the_next(command: CommandLine, slack: FakeSlack, tmp_path: Path):
    export = str(write_export(slack.world, tmp_path / "export.zip"))
    async with command.running("import", "work", export) as running:
        while not (command.home / "store.db").exists():  # noqa: ASYNC110  written by another process
            await asyncio.sleep(0.01)
        running.kill()
        await running.process.wait()
    done = await command("import", "work", export, "--json")
    assert done.value["status"] == "complete_with_gaps"
    with sqlite3.connect(command.home / "store.db") as store:
        [(records, keys)] = store.execute("SELECT count(*), count(DISTINCT stream_id || key) FROM records")
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    counts = done.value["receipt"]["counts"]
    assert records == keys == sum(counts[name] for name in ("accepted", "duplicate", "deleted"))


@pytest.mark.requirement("CH-2.7")
async def test_a_watched_folder_is_another_trigger_of_the_same_method(
    command: CommandLine, slack: FakeSlack, tmp_path: Path
):
    arriving = tmp_path / "arriving"
    arriving.mkdir()
    connected = await command("connect", "slack", "--name", "work", "--watch", str(arriving))
    assert connected.exit_code == 0
    assert (await command("import", "work", "--watched", "--json")).value["imports"] == []
    write_export(slack.world, arriving / "export.zip")
    (arriving / "notes.txt").write_text("nothing to do with it", encoding="utf-8")
    first = await command("import", "work", "--watched", "--json")
    assert first.exit_code == 2
    done = first.value
    [imported] = done["imports"]
    assert (imported["receipt"]["method"], imported["receipt"]["trigger"]) == ("owner_artifact", "watched_folder")
    assert [one["code"] for one in done["refused"]] == ["not_recognised"]
    again = await command("import", "work", "--watched", "--json")
    assert again.exit_code == 0
    assert (again.value["imports"], again.value["refused"]) == ([], [])
    assert again.value["refused_before"] == done["refused"]
    shown = await command("import", "work", "--watched")
    assert "notes.txt is not an export that is known here" in shown.stdout


@pytest.mark.requirement("CH-2.8")
async def test_an_import_that_is_stopped_keeps_what_is_whole_and_claims_no_more(slack: FakeSlack, tmp_path: Path):
    """Stopped after the first records were written: a conversation is covered only where it was read to its end."""
    owner = Importing(tmp_path / "home")
    export = write_export(slack.world, tmp_path / "export.zip")
    context = owner.context()

    def stop(event: RunEvent) -> None:
        if isinstance(event, RecordsWritten):
            context.cancelled.set()

    context.watch = stop
    result = (await import_file(context, ImportRequest(name="work", file=str(export)))).value
    assert result["status"] in {"cancelled", "complete_with_gaps"}, "a small file may be done before it is stopped"
    stored = {one["partition"] for one in await owner.records()}
    assert {key for key, one in (await owner.partitions()).items() if one["imported"]} <= stored
    again = await owner.run(export)
    assert again["status"] == "complete_with_gaps"
    assert await difference_from_export(owner, slack) == set()


async def difference_from_export(owner: Importing, slack: FakeSlack) -> set[tuple[str, str]]:
    """Messages that are not stored, or stored and not said."""
    said = set(truth.visible_messages(slack.world, tombstones=False))
    return said ^ {(data["channel_id"], data["ts"]) for data in (await owner.contents()).values()}
