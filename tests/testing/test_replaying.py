"""The bundled scenarios, replayed as a polyfill's author would: through the plugin, in a real browser, offline."""

import json
import shutil
from pathlib import Path

import pytest

from polyhost.errors import PolyhostError

pytest_plugins = ["polyhost.testing.plugin"]

ROOT = Path(__file__).parents[2]
SLACK = ROOT / "polyfills" / "slack"
FIXTURES = ROOT / "fixtures" / "slack"


@pytest.mark.requirement("HO-2")
@pytest.mark.parametrize("scenario", ["small", "rate_limited"])
def test_a_recording_replays_to_exactly_the_records_it_was_made_with(replay_polyfill, scenario):
    replayed = replay_polyfill(SLACK, FIXTURES / scenario)
    assert replayed.result["status"] == "complete", replayed.result.get("error")
    assert replayed.records == replayed.expected


@pytest.mark.requirement("HO-2", "PR-1.1", "PR-1.3", "PR-1.7")
def test_the_second_day_names_the_vanished_channel_each_time_and_adds_nothing_twice(replay_polyfill):
    replay_polyfill(SLACK, FIXTURES / "small")
    second = replay_polyfill(SLACK, FIXTURES / "second")
    again = replay_polyfill(SLACK, FIXTURES / "second")
    assert second.result["status"] == again.result["status"] == "complete_with_gaps"
    for run in (second, again):
        [gap] = [found for found in run.result["diagnostics"] if found["severity"] == "gap"]
        assert (gap["code"], gap["total"]) == ("partition_missing", 1)
    assert second.records == second.expected
    assert sum(counts["new"] + counts["updated"] for counts in again.result["streams"].values()) == 0
    assert again.records == second.records


@pytest.mark.requirement("HO-2")
def test_a_request_that_is_not_in_the_recording_fails_the_run_and_is_named(replay_polyfill, tmp_path):
    """A recording without its first history page: the polyfill asks for it all the same."""
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in (FIXTURES / "small").iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    har = json.loads((broken / "recording.har").read_bytes())
    history = [e for e in har["log"]["entries"] if "conversations.history" in e["request"]["url"]]
    har["log"]["entries"].remove(history[0])
    (broken / "recording.har").write_text(json.dumps(har), encoding="utf-8")
    replayed = replay_polyfill(SLACK, broken)
    assert replayed.result["status"] == "failed"
    assert replayed.result["error"]["code"] == "unrecorded_request"
    assert "conversations.history" in replayed.result["error"]["reason"]


def test_a_recording_that_does_not_even_hold_its_page_fails_the_run_by_that_name(replay_polyfill, tmp_path):
    scenario = shutil.copytree(FIXTURES / "small", tmp_path / "empty")
    har = json.loads((scenario / "recording.har").read_text(encoding="utf-8"))
    har["log"]["entries"] = []
    (scenario / "recording.har").write_text(json.dumps(har), encoding="utf-8")
    error = replay_polyfill(SLACK, scenario).result["error"]
    assert error["code"] == "unrecorded_request"
    assert "/client" in error["reason"]


def test_a_scenario_that_is_not_there_is_refused(replay_polyfill):
    with pytest.raises(PolyhostError) as refused:
        replay_polyfill(SLACK, FIXTURES / "nowhere")
    assert "nowhere" in refused.value.reason


@pytest.mark.requirement("HO-3")
@pytest.mark.parametrize("scenario", ["small", "second", "rate_limited"])
def test_the_bundled_recordings_hold_no_name_and_no_text_of_the_workspace(scenario):
    """The fake workspace's people and words stand for an owner's: none of them may be in a file."""
    from fakes.slack import scenarios  # noqa: PLC0415

    kept = "".join(file.read_text(encoding="utf-8") for file in (FIXTURES / scenario).iterdir())
    world = scenarios.small()
    people = {user.real_name for user in world.users.values()} - {"Slackbot"}
    assert people
    assert [name for name in people if name in kept] == []
    assert "gull was there before" not in kept
