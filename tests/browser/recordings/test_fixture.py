"""A scenario directory. Provenance: docs/recordings.md for its files; ours for refusals and whole writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from polyhost.browser.recordings import fixture
from polyhost.browser.recordings._exchange import exchange
from polyhost.browser.recordings.fixture import Redactions, Scenario, load_scenario, write_scenario
from polyhost.browser.recordings.har import Entry, Recording
from polyhost.errors import RefusedError, RunFailedError

SCENARIO = Scenario(
    Recording((Entry(method="GET", url="https://a.test/"),)),
    {"cookies": [], "origins": []},
    ({"stream": "users", "key": "U1"}, {"stream": "users", "key": "U2"}),
    Redactions({"secret": {"token": 1}}, {"name": 2}),
)

OTHER = Scenario(Recording(()), {"cookies": [], "origins": []}, (), Redactions())


def test_a_scenario_is_written_whole_and_read_back(tmp_path: Path) -> None:
    """The older one is gone as a whole, extra files included; nothing else is left beside it."""
    directory = tmp_path / "slack" / "small"
    write_scenario(directory, SCENARIO)
    (directory / "stale.txt").write_text("old")
    write_scenario(directory, SCENARIO)
    assert {path.name for path in directory.iterdir()} == {
        "recording.har",
        "storage_state.json",
        "expected.jsonl",
        "redactions.json",
    }
    assert [path.name for path in directory.parent.iterdir()] == ["small"]
    read = load_scenario(directory)
    assert read.recording.entries == SCENARIO.recording.entries
    assert (read.storage_state, read.expected, read.redactions) == (
        SCENARIO.storage_state,
        SCENARIO.expected,
        SCENARIO.redactions,
    )


@pytest.mark.parametrize("stopped", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "^C"])
def test_a_failed_write_leaves_the_older_scenario_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: BaseException
) -> None:
    """Ours: half a fixture would pass for a whole one."""
    directory = tmp_path / "small"
    write_scenario(directory, SCENARIO)
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    rename = Path.rename

    def full(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise stopped
        return rename(path, target)

    monkeypatch.setattr(fixture, "exchange", lambda *paths: False)
    monkeypatch.setattr(fixture.Path, "rename", full)
    with pytest.raises((RunFailedError, KeyboardInterrupt)) as caught:
        write_scenario(directory, OTHER)
    assert isinstance(stopped, KeyboardInterrupt) or "No space left" in str(caught.value)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_no_moment_of_a_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a process ends: the new scenario takes the place of the old one in one step."""
    directory = tmp_path / "small"
    write_scenario(directory, SCENARIO)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    if not exchange(tmp_path / "one", tmp_path / "other"):
        pytest.skip("this file system cannot swap two directories")
    monkeypatch.setattr(fixture.Path, "rename", lambda *paths: pytest.fail("a step of two"))
    write_scenario(directory, OTHER)
    assert load_scenario(directory).expected == ()


def test_what_cannot_be_swapped_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "none", tmp_path)


@pytest.mark.requirement("HO-2")
def test_a_scenario_that_is_missing_or_incomplete_is_refused_by_name(tmp_path: Path) -> None:
    """Ours: the message names the directory, or the file it lacks."""
    with pytest.raises(RefusedError) as caught:
        load_scenario(tmp_path / "none")
    assert str(tmp_path / "none") in caught.value.reason
    for name in ("recording.har", "storage_state.json", "expected.jsonl", "redactions.json"):
        directory = tmp_path / name.partition(".")[0]
        write_scenario(directory, SCENARIO)
        (directory / name).unlink()
        with pytest.raises(RefusedError) as caught:
            load_scenario(directory)
        assert name in caught.value.reason


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("storage_state.json", "{", "storage_state.json"),
        ("storage_state.json", json.dumps({"cookies": {}}), "see cookies"),
        ("storage_state.json", json.dumps({"cookies": [{"name": "a", "value": 1}]}), "see cookies.0.value"),
        ("storage_state.json", json.dumps({"origins": [{"origin": "x", "localStorage": []}]}), "see origins.0.origin"),
        ("expected.jsonl", '{"a": 1}\n[2]\n', "line 2"),
        ("expected.jsonl", '{"a": 1}\n\n{', "line 3"),
        ("redactions.json", "{}", "redactions.json"),
        ("redactions.json", json.dumps({"kinds": {}, "waived": {"*": "all of it"}}), "'*' is not a valid place"),
        ("redactions.json", json.dumps({"kinds": {}, "waived": {"answer a": 1}}), "'answer a' is not a valid place"),
        ("recording.har", "{}", "recording.har"),
    ],
)
def test_a_broken_file_is_refused_by_name_and_line(tmp_path: Path, name: str, content: str, where: str) -> None:
    """Ours."""
    directory = tmp_path / "small"
    write_scenario(directory, SCENARIO)
    (directory / name).write_text(content)
    with pytest.raises(RefusedError) as caught:
        load_scenario(directory)
    assert name in caught.value.reason
    assert where in caught.value.reason
