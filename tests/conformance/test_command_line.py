"""The Node connector through the real command: connect, collect, ask, fail, cancel (PR-3, PR-4 from end to end)."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from conformance.terminal import at_terminal
from e2e.command import CommandLine, Finished
from polyhost.operations.context import Context
from polyhost.operations.records import RecordsRequest, records

NODE = Path(__file__).parent / "node"
STARTED = 'import { writeFileSync } from "node:fs";\nwriteFileSync("started", "");\n'

pytestmark = [pytest.mark.requirement("PR-4.6"), pytest.mark.usefixtures("node_on_path")]


class Notebook:
    """A copy of the connector's folder: its command line can be changed from run to run."""

    def __init__(self, folder: Path, command: CommandLine) -> None:
        self.folder = folder
        self.command = command
        shutil.copytree(NODE, folder)

    def manifest(self, **changes: Any) -> None:
        file = self.folder / "manifest.json"
        file.write_text(json.dumps({**json.loads(file.read_bytes()), **changes}), encoding="utf-8")

    def behaves(self, *arguments: str) -> None:
        self.manifest(stdio={"command": ["node", "connector.mjs", *arguments]})

    def edit(self, old: str, new: str) -> None:
        script = self.folder / "connector.mjs"
        text = script.read_text(encoding="utf-8")
        assert old in text
        script.write_text(text.replace(old, new), encoding="utf-8")

    async def run(self, *words: str) -> Finished:
        return await self.command("run", "notebook", "--json", *words)

    async def stored(self, stream: str) -> dict[str, Any]:
        asked = RecordsRequest(name="notebook", stream=stream, limit=0)
        listed = await records(Context(home=self.command.home), asked)
        return {record["key"]: record["data"] for record in listed.value["records"]}


@pytest.fixture
async def notebook(tmp_path: Path, home: Path) -> Notebook:
    found = Notebook(tmp_path / "notebook", CommandLine(home=home, folder=tmp_path))
    connected = await found.command("connect", "./notebook")
    assert connected.exit_code == 0, connected.stderr
    return found


async def test_two_days_are_collected_the_second_one_only_for_its_news(notebook: Notebook):
    first = await notebook.run()
    assert (first.exit_code, first.value["status"]) == (0, "complete")
    assert {name: counts["new"] for name, counts in first.value["streams"].items()} == {
        "folders": 2,
        "notes": 3,
        "stickers": 2,
    }
    notebook.behaves("--day", "2")
    second = await notebook.run()
    assert second.exit_code == 0
    assert second.value["streams"]["notes"] == {"new": 1, "updated": 1, "unchanged": 0, "deleted": 1, "rejected": 0}
    assert second.value["streams"]["folders"]["unchanged"] == 2
    assert (await notebook.stored("notes")).keys() == {"n1", "n2", "n4"}
    assert (await notebook.stored("notes"))["n1"]["text"] == "first, edited"
    third = await notebook.run()
    assert third.value["streams"]["notes"] == {"new": 0, "updated": 0, "unchanged": 0, "deleted": 0, "rejected": 0}


@pytest.mark.requirement("PR-3.1", "PR-3.3", "PR-3.4")
async def test_resources_bound_what_is_collected(notebook: Notebook):
    scoped = await notebook.run("--resource", "notes=home,n1")
    assert scoped.exit_code == 0
    assert (await notebook.stored("notes")).keys() == {"n1", "n2"}
    assert scoped.value["streams"].keys() == {"notes"}
    assert scoped.value["withheld"] == {"notes": "stream_narrowed"}


@pytest.mark.requirement("PR-3.5")
async def test_a_stray_record_is_counted_and_reported_and_the_run_is_whole(notebook: Notebook):
    notebook.behaves("--behaviour", "stray")
    scoped = await notebook.run("--resource", "notes=work")
    assert (scoped.exit_code, scoped.value["streams"]["notes"]["rejected"]) == (0, 1)
    (told,) = [found for found in scoped.value["diagnostics"] if found["code"] == "out_of_scope_record"]
    assert (told["stream"], told["count"]) == ("notes", 1)
    assert "attic" not in scoped.stdout + scoped.stderr
    assert (await notebook.stored("notes")).keys() == {"n1", "n3"}


@pytest.mark.requirement("PR-3.2", "PR-3.6")
@pytest.mark.parametrize(
    "words",
    [
        ("--resource", "nots=work"),
        ("--resource", "notes="),
        ("--resource", "notes=work,,home"),
        ("--resource", "notes=work,work"),
        ("--resource", "stickers=n1"),
        ("--resource", "__proto__=x"),
        ("--resource", "notes"),
        ("--stream", "nots"),
        ("--stream", "folders", "--since", "2026-01-01"),
        ("--since", "yesterday"),
        ("--since", "2026-01-02", "--until", "2026-01-01"),
    ],
)
async def test_a_boundary_that_is_not_understood_is_refused_before_the_process_starts(
    notebook: Notebook, words: tuple[str, ...]
):
    (notebook.folder / "connector.mjs").write_text(STARTED, encoding="utf-8")
    refused = await notebook.command("run", "notebook", *words)
    assert refused.exit_code == 2
    assert refused.stdout == ""
    assert refused.complaint.startswith("polyhost: ")
    assert not (notebook.folder / "started").exists()
    assert (await notebook.command("runs", "notebook", "--json")).value["runs"] == []


@pytest.mark.requirement("PR-4.3")
async def test_a_binding_that_is_lacking_is_named_before_the_process_starts(notebook: Notebook):
    (notebook.folder / "connector.mjs").write_text(STARTED, encoding="utf-8")
    notebook.manifest(runtime_requirements={"bindings": {"browser_automation": {"required": True}}})
    refused = await notebook.run()
    assert (refused.exit_code, refused.value["error"]["code"]) == (2, "binding_missing")
    assert "browser_automation" in refused.value["error"]["reason"]
    assert not (notebook.folder / "started").exists()


@pytest.mark.requirement("PR-4.3")
async def test_a_manifest_that_breaks_a_rule_is_named_before_the_process_starts(notebook: Notebook):
    (notebook.folder / "connector.mjs").write_text(STARTED, encoding="utf-8")
    streams = json.loads((notebook.folder / "manifest.json").read_bytes())["streams"]
    streams[1]["selection"]["resource_field"] = "folder"
    notebook.manifest(streams=streams)
    refused = await notebook.run()
    assert (refused.exit_code, refused.value["error"]["code"]) == (2, "unknown_resource_field")
    assert "notes" in refused.value["error"]["reason"]
    assert not (notebook.folder / "started").exists()


@pytest.mark.requirement("PR-4.2", "PR-4.7")
async def test_a_certified_failure_ends_with_1_and_keeps_what_did_not_fail(notebook: Notebook):
    notebook.behaves("--behaviour", "fail-notes")
    failed = await notebook.run()
    assert (failed.exit_code, failed.value["status"]) == (1, "failed")
    assert failed.value["error"]["code"] == "stream_collection_failed"
    assert (await notebook.stored("folders")).keys() == {"work", "home"}
    assert len(await notebook.stored("stickers")) == 2
    notebook.behaves()
    assert (await notebook.run()).value["streams"]["notes"]["new"] == 3


@pytest.mark.requirement("PR-4.2", "PR-2.6")
async def test_a_crash_ends_with_1_says_how_and_loses_nothing(notebook: Notebook):
    notebook.behaves("--behaviour", "crash")
    crashed = await notebook.run()
    assert (crashed.exit_code, crashed.value["error"]["code"]) == (1, "connector_crashed")
    assert "70" in crashed.value["error"]["reason"]
    assert (await notebook.stored("notes")).keys() == {"n1"}
    notebook.behaves()
    assert (await notebook.run()).value["status"] == "complete"
    assert (await notebook.stored("notes")).keys() == {"n1", "n2", "n3"}


@pytest.mark.requirement("PR-4.1", "PR-4.2")
@pytest.mark.parametrize("when", ["at once", "after the acknowledgement"])
async def test_output_after_done_fails_the_run_and_moves_no_cursor(notebook: Notebook, when: str):
    waits = "while ((await hear()) !== null);"
    late = 'await say({ type: "PROGRESS", message: "one more thing" });'
    notebook.edit(waits, f"{waits} {late}" if when != "at once" else f"{late} {waits}")
    failed = await notebook.run()
    assert (failed.exit_code, failed.value["error"]["code"]) == (1, "protocol_violation")
    assert "one more thing" not in failed.stdout + failed.stderr
    notebook.edit(late, "")
    assert (await notebook.run()).value["streams"]["notes"]["unchanged"] == 3


@pytest.mark.requirement("PR-4.2")
async def test_ctrl_c_ends_with_130_leaves_no_process_and_keeps_what_was_read(notebook: Notebook):
    notebook.behaves("--behaviour", "wait", "--pid-file", "waiting.pid")
    async with notebook.command.running("run", "notebook", "--json") as running:
        child = await process_of(notebook.folder)
        running.interrupt()
        cancelled = await running.finished()
    assert (cancelled.exit_code, cancelled.value["status"]) == (130, "cancelled")
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert (await notebook.stored("notes")).keys() == {"n1"}
    notebook.behaves()
    assert (await notebook.run()).value["streams"]["notes"]["new"] == 2


def files_with(folder: Path, text: bytes) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and text in file.read_bytes()]


async def process_of(folder: Path) -> int:
    file = folder / "waiting.pid"
    async with asyncio.timeout(60):
        while not file.exists():  # noqa: ASYNC110  another process makes it
            await asyncio.sleep(0.02)
    return int(file.read_text(encoding="ascii"))


@pytest.mark.requirement("PR-4.4")
async def test_a_code_that_is_typed_at_the_terminal_lets_the_run_go_on(notebook: Notebook, home: Path):
    notebook.behaves("--behaviour", "ask")
    async with at_terminal(home, "run", "notebook") as terminal:
        await terminal.shows("The code that was sent to you")
        await terminal.shows("code: ")
        terminal.press("\n")  # nothing is not an answer
        await terminal.shows("code: \r\ncode: ")
        terminal.press("424242\n")
        assert await terminal.exit_code() == 0, terminal.shown
    assert (await notebook.stored("notes")).keys() == {"n1", "n2", "n3"}


@pytest.mark.requirement("PR-4.4")
@pytest.mark.parametrize(("password", "exit_code"), [("correct horse", 0), ("battery-staple-271828", 1)])
async def test_a_password_is_not_shown_and_is_kept_nowhere(
    notebook: Notebook, home: Path, password: str, exit_code: int
):
    notebook.behaves("--behaviour", "sign-in")
    async with at_terminal(home, "run", "notebook") as terminal:
        await terminal.shows("username: ")
        assert terminal.echoes()
        terminal.press("anna\n")
        await terminal.shows("password: ")
        assert not terminal.echoes()
        terminal.press(f"{password}\n")
        assert await terminal.exit_code() == exit_code, terminal.shown
        assert "anna" in terminal.shown
        assert password not in terminal.shown
        assert terminal.echoes()
    runs = await notebook.command("runs", "notebook", "--json")
    assert password not in runs.stdout
    assert files_with(home, b"notebook")
    assert files_with(home, password.encode()) == []


@pytest.mark.requirement("PR-4.4")
@pytest.mark.parametrize(("key", "exit_code"), [("\x04", 4), ("\x03", 130)], ids=["ctrl-d", "ctrl-c"])
async def test_a_question_can_be_declined_and_the_terminal_is_as_before(
    notebook: Notebook, home: Path, key: str, exit_code: int
):
    notebook.behaves("--behaviour", "sign-in")
    async with at_terminal(home, "run", "notebook") as terminal:
        await terminal.shows("username: ")
        terminal.press("anna\n")
        await terminal.shows("password: ")
        terminal.press(key)
        assert await terminal.exit_code() == exit_code, terminal.shown
        assert terminal.echoes()


@pytest.mark.requirement("PR-4.4")
async def test_without_a_terminal_the_run_needs_its_owner_and_does_not_wait(notebook: Notebook):
    notebook.behaves("--behaviour", "ask")
    unanswered = await notebook.run()
    assert (unanswered.exit_code, unanswered.value["status"]) == (4, "needs_owner")
