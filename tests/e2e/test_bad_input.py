"""What an owner can get wrong, through the real command: one clear sentence, the right exit status, nothing written.

Provenance: the must-shows of the main job ("Bad input"), PR-3.6, PR-4.3.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from checkout import ROOT
from e2e.command import CommandLine, Finished
from e2e.owner import Owner
from polyhost.connectors.loading import bundled_folder

RECORDINGS = ROOT / "fixtures" / "slack"
NOWHERE = "/nonexistent/browser"


def check_refusal(ended: Finished, *named: str, exit_code: int = 2) -> None:
    """One sentence on stderr that names what was wrong, and nothing on stdout."""
    assert "Traceback" not in ended.stderr
    assert ended.exit_code == exit_code, ended.stderr
    assert ended.stdout == ""
    assert ended.complaint.startswith("polyhost: ")
    for word in named:
        assert word in ended.complaint


def written(home: Path) -> dict[str, bytes]:
    """Every file below a home, save the lock-step files SQLite keeps beside an open database."""
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files an owner might hand over."""
    (tmp_path / "empty.json").write_text("{}", encoding="utf-8")
    (tmp_path / "text.json").write_text("cookies, mostly", encoding="utf-8")
    (tmp_path / "list.json").write_text("[1, 2]", encoding="utf-8")
    (tmp_path / "odd.json").write_text('{"cookies": {"d": "xoxd"}}', encoding="utf-8")
    (tmp_path / "good.json").write_text('{"origins": [{"origin": "https://x.example"}]}', encoding="utf-8")
    broken = tmp_path / "broken"
    shutil.copytree(bundled_folder() / "slack", broken)
    manifest = json.loads((broken / "manifest.json").read_text(encoding="utf-8"))
    manifest["streams"][0]["parent_streams"] = ["nobody"]
    (broken / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    unreadable = tmp_path / "recording"
    shutil.copytree(RECORDINGS / "small", unreadable)
    (unreadable / "recording.har").write_text("{", encoding="utf-8")
    (tmp_path / "hollow").mkdir()
    return tmp_path


CONNECT = ("connect", "slack", "--storage-state")
REPLAY = ("run", "slack", "--replay")
REFUSED = {
    "an unknown source": (("connect", "slak", "--storage-state", "good.json"), "slak"),
    "a browser on another machine": (("connect", "slack", "--cdp", "http://10.0.0.1:9222"), "10.0.0.1"),
    "two ways in": (("connect", "slack", "--cdp", "http://127.0.0.1:1", "--cookies", "c.txt"), "--cookies"),
    "no browser whose cookies can be read": (("connect", "slack", "--cookies-from", "lynx"), "lynx"),
    "a missing session file": ((*CONNECT, "none.json"), "none.json"),
    "a session file that is not JSON": ((*CONNECT, "text.json"), "text.json"),
    "a session file that is a list": ((*CONNECT, "list.json"), "list.json"),
    "a session file of another shape": ((*CONNECT, "odd.json"), "odd.json"),
    "a session file with nothing in it": ((*CONNECT, "empty.json"), "empty.json"),
    "a host that is not loopback": ((*CONNECT, "good.json", "--map-host", "*.slack.com=10.0.0.1:443"), "10.0.0.1"),
    "a mapping without a port": ((*CONNECT, "good.json", "--map-host", "*.slack.com"), "*.slack.com"),
    "a cursor file of another shape": ((*CONNECT, "good.json", "--legacy-state", "list.json"), "legacy state"),
    "a missing cursor file": ((*CONNECT, "good.json", "--legacy-state", "none.txt"), "none.txt"),
    "a name that is not a name": ((*CONNECT, "good.json", "--name", "../up"), "../up"),
    "a manifest with an error": (("connect", "./broken", "--storage-state", "good.json"), "nobody"),
    "a run of an unknown connection": (("run", "nothing"), "connect"),
    "records of an unknown connection": (("records", "nothing", "messages"), "connect"),
    "a missing recording": ((*REPLAY, "none"), "none"),
    "an empty recording": ((*REPLAY, "hollow"), "hollow"),
    "a broken recording": ((*REPLAY, "recording"), "recording.har"),
    "a replay of an unknown source": (("run", "slak", "--replay", str(RECORDINGS / "small")), "slak"),
    "a replay of an unknown stream": ((*REPLAY, str(RECORDINGS / "small"), "--stream", "mesages"), "messages"),
    "a replay that is recorded": ((*REPLAY, str(RECORDINGS / "small"), "--record", "new"), "--record"),
}


@pytest.mark.requirement("PR-4.3")
@pytest.mark.parametrize("case", REFUSED)
async def test_a_command_is_refused_before_there_is_a_home_over(case: str, folder: Path, command: CommandLine) -> None:
    words, named = REFUSED[case]
    check_refusal(await replace(command, folder=folder)(*words), named)
    assert not command.home.exists()


@pytest.mark.requirement("PR-3.2", "PR-3.6")
@pytest.mark.parametrize(
    ("words", "named"),
    [
        pytest.param(("run", "other"), "fake", id="an unknown connection"),
        pytest.param(("run", "fake", "--stream", "mesages"), "messages", id="an unknown stream"),
        pytest.param(("run", "fake", "--resource", "mesages=C1"), "messages", id="a misspelt resource stream"),
        pytest.param(("run", "fake", "--resource", "messages="), "messages", id="an empty resource list"),
        pytest.param(("run", "fake", "--resource", "messages"), "STREAM=ID", id="a resource without ids"),
        pytest.param(("records", "fake", "mesages"), "messages", id="records of an unknown stream"),
        pytest.param(("records", "fake", "messages", "--limit", "-1"), "--limit", id="a negative limit"),
        pytest.param(("receipt", "run_0"), "run_0", id="an unknown receipt"),
        pytest.param(("connect", "slack", "--name", "fake", "--storage-state", "good.json"), "fake", id="a name taken"),
    ],
)
async def test_a_command_on_a_collected_home_is_refused_and_changes_nothing_over(
    words: tuple[str, ...], named: str, owner: Owner, folder: Path, command: CommandLine
) -> None:
    before, runs = written(owner.home), await owner.runs()
    check_refusal(await replace(command, folder=folder)(*words), named)
    assert await owner.runs() == runs
    assert written(owner.home).keys() == before.keys()
    assert owner.slack.log.pages == []


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param(lambda _: (*REPLAY, str(RECORDINGS / "small")), id="replay"),
        pytest.param(lambda _: ("demo",), id="demo"),
        pytest.param(lambda owner: ("run", "fake", *CommandLine.mapped(owner.slack)), id="live"),
    ],
)
async def test_without_a_browser_nothing_starts_and_nothing_is_written(
    begin: Callable[[Owner], tuple[str, ...]], owner: Owner, command: CommandLine
) -> None:
    words = begin(owner)
    home = owner.home if words[1:2] == ("fake",) else owner.home.with_name("fresh")
    blind = replace(command, home=home, environment={"POLYHOST_BROWSER": NOWHERE})
    runs = await owner.runs()
    check_refusal(await blind(*words), NOWHERE)
    assert home.exists() == (home == owner.home)
    assert await owner.runs() == runs


@pytest.mark.parametrize("words", [(*CONNECT, "good.json"), (*REPLAY, str(RECORDINGS / "small")), ("demo",)])
async def test_a_home_that_cannot_be_made_is_refused(
    words: tuple[str, ...], folder: Path, command: CommandLine
) -> None:
    blocker = folder / "text.json"
    blocked = replace(command, home=blocker / "home", folder=folder)
    check_refusal(await blocked(*words), str(blocker))
    assert blocker.read_text(encoding="utf-8") == "cookies, mostly"


async def test_asking_what_is_connected_makes_no_home(command: CommandLine) -> None:
    listed = await command("connections", "--json")
    assert (listed.exit_code, listed.value) == (0, {"connections": []})
    assert not command.home.exists()


async def test_a_store_that_is_damaged_is_refused_and_left_as_it_is(command: CommandLine) -> None:
    command.home.mkdir()
    store = command.home / "store.db"
    store.write_bytes(b"no store at all")
    check_refusal(await command("run", "fake"), str(store))
    assert store.read_bytes() == b"no store at all"


async def test_with_json_a_refusal_is_one_json_value_and_the_same_sentence(command: CommandLine) -> None:
    ended = await command("run", "nothing", "--json")
    assert ended.exit_code == 2
    problem = ended.value["error"]
    assert problem["code"] == "unknown_connection"
    assert problem["reason"] in ended.complaint
    assert problem["instruction"] in ended.complaint


@pytest.mark.requirement("PR-2.1")
async def test_a_recording_never_enters_a_connection_that_is_for_the_owners_own_data(
    command: CommandLine, folder: Path
) -> None:
    """Its ledger would claim what nobody has read."""
    connected = await command("connect", "slack", "--name", "own", "--watch", str(folder))
    assert connected.exit_code == 0
    check_refusal(await command("run", "own", "--replay", str(RECORDINGS / "small")), "own")
    (row,) = json.loads((await command("connections", "--json")).stdout)["connections"]
    assert row["name"] == "own"
    assert json.loads((await command("runs", "own", "--json")).stdout)["runs"] == []
