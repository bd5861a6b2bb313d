"""Whole folders, checked for real: the Node connector and what can be wrong with it, the Slack polyfill's recording."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checkout import ROOT
from e2e.command import CommandLine, Finished
from handing_over import source
from polyhost.engine.development.check_folder import check_folder
from polyhost.engine.development.conformance import BEHAVIOUR
from polyhost.engine.development.report import Answer
from polyhost.engine.development.scaffold import make_polyfill
from polyhost.errors import RefusedError
from polyhost.operations.connect import ConnectRequest, connect
from polyhost.operations.context import Context, nobody

NODE = ROOT / "tests" / "conformance" / "node"
SLACK = ROOT / "polyfills" / "slack"
STATIC = ("manifest", "schemas", "files")

pytestmark = pytest.mark.usefixtures("node_on_path")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the Node connector, to be broken."""
    return Path(shutil.copytree(NODE, tmp_path / "node"))


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = folder / "manifest.json"
    manifest = json.loads(file.read_bytes())
    change(manifest)
    file.write_text(json.dumps(manifest), encoding="utf-8")


def change_script(folder: Path, old: str, new: str) -> None:
    file = folder / "connector.mjs"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


async def answers(folder: Path, *scenarios: Path) -> dict[str, Answer]:
    report = await check_folder(folder, scenarios, answer=nobody)
    assert report.passed is not any(check.answer is Answer.FAILED for check in report.checks)
    return {check.name: check.answer for check in report.checks}


@pytest.mark.requirement("PR-4.6", "PR-4.3")
async def test_the_node_connector_passes_every_check():
    found = await answers(NODE)
    assert found == dict.fromkeys((*STATIC, *BEHAVIOUR), Answer.OK)


@pytest.mark.requirement("PR-4.3")
async def test_every_rule_a_manifest_breaks_is_named_and_nothing_is_started(folder: Path):
    def breaks(manifest: dict[str, Any]) -> None:
        manifest["streams"][1]["cursor_field"] = "never"
        manifest["streams"][2] |= {"parent_streams": ["notes", "ghosts"]}
        manifest["streams"][0]["schema"]["type"] = 5

    change_manifest(folder, breaks)
    change_script(folder, "await main();", 'writeFileSync("started", "");')
    report = await check_folder(folder, answer=nobody)
    broken = [check for check in report.checks if check.answer is Answer.FAILED]
    assert [(check.name, check.found.partition(":")[0]) for check in broken] == [
        ("manifest", "unknown_cursor_field"),
        ("manifest", "unknown_parent"),
        ("manifest", "strategy_mismatch"),
        ("schemas", "schema_invalid"),
    ]
    assert {check.answer for check in report.checks if check.name in BEHAVIOUR} == {Answer.NOT_CHECKED}
    assert not (folder / "started").exists()


@pytest.mark.parametrize("text", ["{", "[]", None])
async def test_a_manifest_that_is_none_is_told_as_such(folder: Path, text: str | None):
    (folder / "manifest.json").unlink()
    if text is not None:
        (folder / "manifest.json").write_text(text, encoding="utf-8")
    found = await answers(folder)
    assert found["manifest"] is Answer.FAILED
    assert set(found.values()) == {Answer.FAILED, Answer.NOT_CHECKED} | ({Answer.OK} if text == "[]" else set())


async def test_a_file_that_is_missing_is_told(folder: Path):
    (folder / "connector.mjs").unlink()
    found = await answers(folder)
    assert (found["manifest"], found["schemas"], found["files"]) == (Answer.OK, Answer.OK, Answer.FAILED)
    assert {found[name] for name in BEHAVIOUR} == {Answer.NOT_CHECKED}


@pytest.mark.parametrize(
    ("old", "new", "red"),
    [
        (
            "records_emitted: run.emitted });\n  // The end",
            "records_emitted: 99 });\n  // The end",
            {"protocol", "run"},
        ),
        ("await run.collect();", "process.exit(3);", {"run"}),
        ('"2026-01-03T06:00:00Z", "third"', '"2026-01-03T06:00:00Z", 3', {"records"}),
        ("if (wanted.resources && !wanted.resources.includes(one.id)", "if (false", {"scope: one resource"}),
        ("return (since === undefined", "return true || (since === undefined", {"scope: an empty time range"}),
        ('"first"),', '"first" + process.pid),', {"idempotence", "resume"}),
    ],
)
async def test_a_broken_connector_turns_the_check_red_that_is_about_it(folder: Path, old: str, new: str, red: set[str]):
    change_script(folder, old, new)
    found = await answers(folder)
    assert {name for name, answer in found.items() if answer is Answer.FAILED} == red


async def test_a_program_that_is_not_installed_is_told(folder: Path):
    change_manifest(folder, lambda manifest: manifest.update(stdio={"command": ["no-such-program-here"]}))
    found = await answers(folder)
    assert found["run"] is Answer.FAILED


@pytest.mark.requirement("PR-4.3")
async def test_a_binding_that_nothing_offers_is_told(folder: Path):
    needs = {"bindings": {"browser_automation": {"required": True}}}
    change_manifest(folder, lambda manifest: manifest.update(runtime_requirements=needs))
    report = await check_folder(folder, answer=nobody)
    (run,) = [check for check in report.checks if check.name == "run"]
    assert run.answer is Answer.FAILED
    assert "browser_automation" in run.found


@pytest.mark.requirement("PR-4.4")
async def test_a_connector_that_needs_its_owner_is_not_called_broken(folder: Path):
    asks = {"command": ["node", "connector.mjs", "--behaviour", "ask"]}
    change_manifest(folder, lambda manifest: manifest.update(stdio=asks))
    found = await answers(folder)
    assert found["run"] is Answer.NOT_CHECKED
    assert Answer.FAILED not in found.values()


async def test_a_process_that_hands_files_over_is_checked_with_them(tmp_path: Path):
    source(tmp_path / "talks", 'assert spool; blob("c1", b"[1]"); record("c1", b"[1]"); record("c2", b"[1]")')
    found = await answers(tmp_path / "talks")
    assert found["run"] is Answer.OK
    failed = {name for name, answer in found.items() if answer is Answer.FAILED}
    assert all(name.startswith("scope") for name in failed), "it knows no scope"


async def test_a_process_has_no_recordings_and_a_folder_has_to_be_there(folder: Path):
    for refused in (check_folder(folder, [folder], answer=nobody), check_folder(folder / "x", answer=nobody)):
        with pytest.raises(RefusedError):
            await refused


async def test_without_a_recording_a_page_is_checked_as_far_as_it_goes_and_the_rest_is_said(tmp_path: Path):
    found = await answers(SLACK)
    assert {name for name, answer in found.items() if answer is Answer.OK} == {*STATIC, "page"}
    assert {found[name] for name in BEHAVIOUR} == {Answer.NOT_CHECKED}
    copy = Path(shutil.copytree(SLACK, tmp_path / "slack"))
    change_manifest(copy, lambda manifest: manifest["polyfill"].update(session={}))
    assert (await answers(copy))["page"] is Answer.NOT_CHECKED


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"hosts": ["example.org"]}, "manifest"),
        ({"session": {"signed_out": ["("]}}, "manifest"),
        ({"session": {"probe": "nowhere.js"}}, "files"),
        ({"session": {"signed_out": ["signin"]}}, "page"),
    ],
)
async def test_connect_refuses_what_check_finds_in_the_same_words(
    tmp_path: Path, home: Path, change: dict[str, Any], check: str
):
    copy = Path(shutil.copytree(SLACK, tmp_path / "slack"))
    change_manifest(copy, lambda manifest: manifest["polyfill"].update(change))
    report = await check_folder(copy, answer=nobody)
    (found,) = [one for one in report.checks if one.name == check]
    assert found.answer is not Answer.OK
    with pytest.raises(RefusedError) as refused:
        await connect(Context(home=home), ConnectRequest(source=str(copy), cdp="http://127.0.0.1:9"))
    assert found.found.removeprefix(f"{refused.value.code}: ") in refused.value.reason
    assert found.instruction
    assert list(home.parent.glob("home")) == []


@pytest.mark.requirement("SE-1")
async def test_every_host_that_is_no_pattern_is_named_by_the_check(tmp_path: Path):
    copy = Path(shutil.copytree(SLACK, tmp_path / "slack"))
    hosts = ["app.slack.com", "*.com", "x.example,EXCLUDE *"]
    change_manifest(copy, lambda manifest: manifest["polyfill"].update(hosts=hosts))
    report = await check_folder(copy, answer=nobody)
    said = [check.found for check in report.checks if check.answer is Answer.FAILED]
    assert len(said) == 2
    assert "'*.com' is not a valid host pattern: com is a public suffix" in said[0]
    assert "'x.example,EXCLUDE *' is not a valid host pattern" in said[1]


@pytest.mark.requirement("HO-2")
async def test_the_slack_polyfill_keeps_its_word_over_its_recording():
    """What a narrowed run asks for is not all in the recording, and then nothing is said about it."""
    found = await answers(SLACK, ROOT / "fixtures" / "slack" / "small")
    assert Answer.FAILED not in found.values()
    assert {"recording", "protocol", "run", "records", "expected", "idempotence"} <= {
        name for name, answer in found.items() if answer is Answer.OK
    }


@pytest.mark.requirement("HO-2")
async def test_a_run_over_an_earlier_one_is_checked_over_what_that_one_leaves(tmp_path: Path):
    """Without what was read before it, it asks for what its recording does not hold."""
    found = await answers(SLACK, ROOT / "fixtures" / "slack" / "second")
    assert Answer.FAILED not in found.values()
    assert {"run", "records", "expected", "resume"} <= {name for name, answer in found.items() if answer is Answer.OK}
    alone = Path(shutil.copytree(ROOT / "fixtures" / "slack" / "second", tmp_path / "alone"))
    (alone / "given.json").write_text('{"page": "https://app.slack.com/client/T0LANTERN1"}', encoding="utf-8")
    assert (await answers(SLACK, alone))["run"] is Answer.FAILED


@pytest.mark.parametrize("after", [".", "../nowhere"])
async def test_a_scenario_that_comes_after_itself_or_after_none_is_told(tmp_path: Path, after: str):
    scenario = Path(shutil.copytree(ROOT / "fixtures" / "slack" / "second", tmp_path / "second"))
    (scenario / "given.json").write_text(json.dumps({"after": after}), encoding="utf-8")
    found = await answers(SLACK, scenario)
    assert found["recording"] is Answer.FAILED
    assert {found[name] for name in BEHAVIOUR} == {Answer.NOT_CHECKED}


@pytest.mark.requirement("PR-4.4", "SE-3")
async def test_a_page_that_asks_its_owner_is_answered_by_its_scenario_in_every_run(tmp_path: Path):
    """And a second question, which nobody has answered, is not called broken."""
    folder = tmp_path / "gulls"
    make_polyfill("gulls", folder)
    script = folder / "polyfill.js"
    asks = """const { status, data } = await host.ask({ kind: "otp", message: "Code?" });
  if (status !== "success" || data.code !== "standin") throw host.fail("signed_out", "no code", undefined, false);
  const answer"""
    script.write_text(script.read_text().replace("const answer", asks, 1))
    first = folder / "fixtures" / "first"
    assert (await answers(folder, first))["run"] is Answer.NOT_CHECKED
    given = {"answers": [{"status": "success", "data": {"code": "standin"}}]}
    (first / "given.json").write_text(json.dumps(given), encoding="utf-8")
    found = await answers(folder, first)
    asked = ("protocol", "run", "records", "expected", "idempotence", "resume", "scope: one resource")
    assert {found[name] for name in asked} == {Answer.OK}


async def test_a_recording_that_cannot_be_read_or_holds_a_secret_is_told(tmp_path: Path):
    scenario = Path(shutil.copytree(ROOT / "fixtures" / "slack" / "small", tmp_path / "small"))
    (scenario / "recording.har").write_text("{", encoding="utf-8")
    found = await answers(SLACK, scenario)
    assert found["recording"] is Answer.FAILED
    assert {found[name] for name in BEHAVIOUR} == {Answer.NOT_CHECKED}


async def test_the_command_shows_one_line_a_check_and_ends_with_1_where_one_failed(
    folder: Path, home: Path, tmp_path: Path
):
    command = CommandLine(home=home, folder=tmp_path)
    shown = await command("polyfill", "check", "node")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert "11 checks passed." in shown.stdout
    change_script(folder, '"2026-01-03T06:00:00Z", "third"', '"2026-01-03T06:00:00Z", 3')
    broken: Finished = await command("polyfill", "check", "node", "--json")
    assert (broken.exit_code, broken.value["passed"], broken.value["counts"]["failed"]) == (1, False, 1)
    (red,) = [check for check in broken.value["checks"] if check["answer"] == "failed"]
    assert (red["check"], "/text" in red["found"]) == ("records", True)
    refused = await command("polyfill", "check", "nowhere")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert list(home.parent.glob("home")) == []
