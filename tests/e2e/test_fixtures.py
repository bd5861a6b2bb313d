"""Recordings through the owner's commands, and the trace of a run that failed (HO-6)."""

import json
import shutil
from pathlib import Path

import pytest

from checkout import ROOT
from e2e.owner import NAME, Owner
from fakes.slack import scenarios
from fakes.slack.faults import ExpireSession, Fault
from fakes.slack.script import play
from polyhost.engine.development.check_folder import check_folder
from polyhost.engine.development.report import Answer
from polyhost.engine.run.tracing import FOLDER
from polyhost.errors import RefusedError, RunFailedError
from polyhost.operations import fixtures
from polyhost.operations.context import Context, nobody
from polyhost.operations.fixtures import FixtureRecordRequest, FixtureScrubRequest, FixtureVerifyRequest
from polyhost.operations.runs import RunRequest, run
from polyhost.testing.replaying import replay

pytestmark = pytest.mark.requirement("HO-6")

SMALL = ROOT / "fixtures" / "slack" / "small"


async def test_a_run_is_recorded_verified_and_replays(newcomer: Owner, tmp_path: Path):
    folder = tmp_path / "recorded"
    asked = FixtureRecordRequest(name=NAME, to_folder=str(folder), stream=("users",))
    recorded = await fixtures.record(newcomer.context(), asked)
    assert recorded.value["scenario"] == str(folder)
    assert recorded.value["status"] == "complete"
    looked = await fixtures.verify(newcomer.context(), FixtureVerifyRequest(source="slack", folder=str(folder)))
    assert (looked.exit_code, looked.value["findings"]) == (0, [])
    replayed = await run(
        Context(home=tmp_path / "other"), RunRequest(name="slack", replay=str(folder), stream=("users",))
    )
    assert replayed.value["status"] == "complete"
    assert replayed.value["streams"]["users"]["new"] == recorded.value["streams"]["users"]["new"]


async def test_what_is_left_in_a_scenario_is_named_and_never_quoted_and_scrubbing_takes_it_out(tmp_path: Path):
    folder, clean = tmp_path / "leaky", tmp_path / "clean"
    shutil.copytree(SMALL, folder)
    state = json.loads((folder / "storage_state.json").read_bytes())
    state["cookies"][0]["value"] = "xoxd-planted-secret"
    (folder / "storage_state.json").write_text(json.dumps(state))
    context = Context(home=tmp_path / "home")
    looked = await fixtures.verify(context, FixtureVerifyRequest(source="slack", folder=str(folder)))
    assert looked.exit_code == 1
    assert looked.value["findings"]
    assert "planted" not in json.dumps(looked.value)
    asked = FixtureScrubRequest(source="slack", folder=str(folder), to_folder=str(clean))
    scrubbed = await fixtures.scrub(context, asked)
    assert scrubbed.value["replaced"]["secret"] > 0
    assert "planted" not in (clean / "storage_state.json").read_text()
    assert (await fixtures.verify(context, FixtureVerifyRequest(source="slack", folder=str(clean)))).exit_code == 0
    assert "planted" in (folder / "storage_state.json").read_text()


async def test_a_run_that_fails_leaves_a_trace_without_content_and_says_where(tmp_path: Path):
    """The recording lacks what the polyfill asks for; what the site said, and who is in it, is not in the trace."""
    broken = tmp_path / "broken"
    shutil.copytree(SMALL, broken)
    har = json.loads((broken / "recording.har").read_bytes())
    entries = har["log"]["entries"]
    har["log"]["entries"] = [one for one in entries if "conversations.history" not in one["request"]["url"]]
    (broken / "recording.har").write_text(json.dumps(har))
    context = Context(home=tmp_path / "home")
    failed = await run(context, RunRequest(name="slack", replay=str(broken)))
    assert failed.value["status"] == "failed"
    path = Path(failed.value["trace"])
    assert path.parent == context.home / FOLDER
    text = owners_own(path)
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["what"] for line in lines[:3]] == ["opening", "opened", "sent"]
    assert {line["kind"] for line in lines if line["what"] == "message"} >= {"PARTITION_INVENTORY"}
    assert sum(line.get("records", 0) for line in lines) > 0
    assert [said for said in said_at_the_site() if said in text] == []


def owners_own(path: Path) -> str:
    """What the file holds, which only its owner can read."""
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    return path.read_text()


def said_at_the_site() -> set[str]:
    """Every text of a record that is long enough to be told apart, save for the names of streams."""
    records = [json.loads(line) for line in (SMALL / "expected.jsonl").read_text().splitlines()]
    texts = {text for record in records for text in (record.get("data") or {}).values() if isinstance(text, str)}
    found = {text for text in texts if len(text) > 8}
    assert found
    return found


async def test_a_run_that_goes_well_leaves_a_trace_only_where_one_is_wanted(tmp_path: Path):
    context = Context(home=tmp_path / "home")
    good = await run(context, RunRequest(name="slack", replay=str(SMALL)))
    assert "trace" not in good.value
    assert not (context.home / FOLDER).exists()
    wanted = await run(context, RunRequest(name="slack", replay=str(SMALL), trace=str(tmp_path / "here")))
    assert Path(wanted.value["trace"]).parent == tmp_path / "here"


async def test_a_recording_that_cannot_be_cleaned_is_not_written(tmp_path: Path):
    """The rules leave a credential in it: then there is no scenario at all."""
    folder = tmp_path / "leaky"
    shutil.copytree(SMALL, folder)
    har = json.loads((folder / "recording.har").read_bytes())
    har["log"]["entries"][0]["response"]["content"] = {"mimeType": "text/plain", "text": "xoxc-1234567890-abcdefghij"}
    har["log"]["entries"][0]["response"]["headers"] = [{"name": "content-type", "value": "text/plain"}]
    (folder / "recording.har").write_text(json.dumps(har))
    with pytest.raises(RunFailedError):
        await fixtures.scrub(
            Context(home=tmp_path / "home"),
            FixtureScrubRequest(source="slack", folder=str(folder), to_folder=str(tmp_path / "clean")),
        )
    assert not (tmp_path / "clean").exists()


@pytest.mark.requirement("SE-3")
async def test_a_run_that_does_not_end_well_is_not_recorded(newcomer: Owner, tmp_path: Path):
    folder = tmp_path / "recorded"
    newcomer.slack.faults.add(Fault(ExpireSession(), method="users.list"))
    asked = FixtureRecordRequest(name=NAME, to_folder=str(folder), stream=("users",))
    recorded = await fixtures.record(newcomer.context(), asked)
    assert recorded.value["status"] == "needs_owner"
    assert recorded.value["scenario"] is None
    assert recorded.exit_code != 0
    assert not folder.exists()


@pytest.mark.requirement("SE-3")
async def test_a_run_over_an_earlier_state_is_recorded_and_replays_with_nothing_before_it(owner: Owner, tmp_path: Path):
    """What the run was told of those before it is in the recording, in stand-ins."""
    folder = tmp_path / "recorded"
    play(owner.slack.world, scenarios.second())
    ran = await owner.run(record=str(folder))
    assert ran.status == "complete_with_gaps"
    given = json.loads((folder / "given.json").read_text())
    assert given["earlier"]["state"]
    expected = [json.loads(line) for line in (folder / "expected.jsonl").read_text().splitlines()]
    assert 0 < len(expected) < len((SMALL / "expected.jsonl").read_text().splitlines())
    replayed = await run(Context(home=tmp_path / "other"), RunRequest(name="slack", replay=str(folder)))
    assert replayed.value["status"] in {"complete", "complete_with_gaps"}


async def test_a_recording_of_a_narrowed_run_is_replayed_and_checked_as_narrow(newcomer: Owner, tmp_path: Path):
    """By stream and by resource; a run that asked for more would ask for what is not in it."""
    folder, slack = tmp_path / "narrow", ROOT / "polyfills" / "slack"
    room = newcomer.slack.world.conversation("harbour").id
    recorded = await newcomer.run(record=str(folder), stream=("messages", "users"), resource=(f"messages={room}",))
    assert recorded.status == "complete"
    given = json.loads((folder / "given.json").read_text())
    assert (sorted(given["streams"]), given["resources"]) == (["messages", "users"], {"messages": [room]})
    replayed = await replay(slack, folder, home=tmp_path / "replayed")
    assert replayed.result["status"] == "complete"
    assert replayed.records == replayed.expected
    report = await check_folder(slack, [folder], answer=nobody)
    found = {check.name: check.answer for check in report.checks}
    assert report.passed
    assert {found[name] for name in ("run", "records", "expected")} == {Answer.OK}


@pytest.mark.requirement("SE-3")
async def test_a_second_run_is_recorded_after_the_first_and_replays_over_it(newcomer: Owner, tmp_path: Path):
    """Each by itself, as an author does it on two days; what the second leaves is the whole source."""
    first, second = tmp_path / "fixtures" / "first", tmp_path / "fixtures" / "second"
    assert (await newcomer.run(record=str(first))).status == "complete"
    play(newcomer.slack.world, scenarios.second())
    ran = await newcomer.run(record=str(second), after=str(first))
    assert ran.status == "complete_with_gaps"
    given = json.loads((second / "given.json").read_text())
    assert (given["after"], "earlier" in given) == ("../first", False)
    count = {folder: len((folder / "expected.jsonl").read_text().splitlines()) for folder in (first, second)}
    assert count[second] > count[first]
    slack = ROOT / "polyfills" / "slack"
    replayed = await replay(slack, second, home=tmp_path / "replayed")
    assert replayed.result["status"] == "complete_with_gaps"
    assert replayed.records == replayed.expected
    assert sum(counts["new"] for counts in replayed.result["streams"].values()) < count[first]


@pytest.mark.requirement("SE-3")
async def test_what_does_not_replay_over_the_scenario_it_is_said_to_follow_is_not_kept(owner: Owner, tmp_path: Path):
    """Here that one is a run that never was of this connection: it read less."""
    first, third = tmp_path / "first", tmp_path / "third"
    shutil.copytree(SMALL, first)
    har = json.loads((first / "recording.har").read_bytes())
    entries = har["log"]["entries"]
    har["log"]["entries"] = [one for one in entries if "conversations.history" not in one["request"]["url"]]
    (first / "recording.har").write_text(json.dumps(har))
    with pytest.raises(RunFailedError, match="The scenario before it, first, ends failed"):
        await owner.run(record=str(third), after=str(first))
    assert not third.exists()
    with pytest.raises(RefusedError, match="no scenario directory"):
        await owner.run(record=str(third), after=str(tmp_path / "nowhere"))
    with pytest.raises(RefusedError, match="none is made"):
        await owner.run(after=str(first))


@pytest.mark.requirement("SE-3")
async def test_verify_says_what_it_looked_for_and_what_was_waived(tmp_path: Path):
    folder, clean = tmp_path / "odd", tmp_path / "clean"
    shutil.copytree(SMALL, folder)
    har = json.loads((folder / "recording.har").read_bytes())
    content = {"mimeType": "application/json", "text": json.dumps({"assets": [{"hash": "8f3Kq0Zt7Lm2Xw9Rb5Yc1Vd4"}]})}
    har["log"]["entries"][0]["response"] = {"status": 200, "headers": [], "content": content}
    (folder / "recording.har").write_text(json.dumps(har))
    context = Context(home=tmp_path / "home")
    [found] = (await fixtures.verify(context, FixtureVerifyRequest(source="slack", folder=str(folder)))).value[
        "findings"
    ]
    assert found == {
        "where": "recording.har, entry 0, answer assets.0.hash",
        "place": "answer assets.*.hash",
        "rule": "looks like a random string",
    }
    with pytest.raises(RunFailedError, match=r"answer assets\.\*\.hash looks like a random string"):
        await fixtures.scrub(context, FixtureScrubRequest(source="slack", folder=str(folder), to_folder=str(clean)))
    assert not clean.exists()
    waived = (f"{found['place']}=public names of files",)
    asked = FixtureScrubRequest(source="slack", folder=str(folder), to_folder=str(clean), waive=waived)
    await fixtures.scrub(context, asked)
    looked = await fixtures.verify(context, FixtureVerifyRequest(source="slack", folder=str(clean)))
    assert (looked.exit_code, looked.value["waived"]) == (0, {"answer assets.*.hash": "public names of files"})
    assert any("mail addresses" in sought for sought in looked.value["looked_for"])
    assert any("real_name" in sought for sought in looked.value["looked_for"])
