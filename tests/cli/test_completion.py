"""What completes at a prompt, asked the way a shell asks: the real command in a process of its own (ours)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checkout import ROOT
from polyhost.ledger.state import PartitionState
from polyhost.store.base import SavePartitions
from polyhost.store.opening import open_store

ENVIRONMENT = {"PYTHONPATH": str(ROOT / "host"), "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}


@pytest.fixture
async def stored(home: Path) -> Path:
    """Two connections, one of which has read some channels."""
    store = await open_store(home)
    for name in ("office", "slack"):
        row = await store.connections.create(
            name=name, source="slack", nature="live", options={}, account={}, at="2026-11-01T00:00:00.000Z"
        )
    keys = {"C1": "general", "C2": "random", "D1": None}
    await store.write(
        row.id, None, [SavePartitions([PartitionState(stream="messages", key=key, label=keys[key]) for key in keys])]
    )
    await store.close()
    return home


def complete(home: Path, *words: str) -> list[str]:
    """What the shell is offered for the last word."""
    typed = ["polyhost", "--home", str(home), *words]
    done = subprocess.run(
        [sys.executable, "-m", "polyhost"],
        env={
            **ENVIRONMENT,
            "COMP_WORDS": " ".join(typed),
            "COMP_CWORD": str(len(typed) - 1),
            "_POLYHOST_COMPLETE": "bash_complete",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["rec"], ["records", "record", "receipt"]),
        (["records", ""], ["office", "slack"]),
        (["records", "sl"], ["slack"]),
        (["records", "slack", ""], ["messages"]),
        (["records", "slack", "messages", "--partition", ""], ["C1", "C2", "D1"]),
        (["records", "slack", "messages", "--partition", "C"], ["C1", "C2"]),
        (["partitions", "retire", "slack", "messages", "D"], ["D1"]),
        (["record", "slack", "messages", ""], []),
        (["exceptions", "slack", "set-aside", ""], ["messages"]),
        (["search", "harbour", "--connection", "o"], ["office"]),
        (["polyfill", "new", ""], []),
        (["run", "slack", "--resource", "mess"], ["messages="]),
        (["run", "slack", "--resource", "messages=C1,"], ["messages=C1,C2", "messages=C1,D1"]),
        (["connect", "sl"], ["slack"]),
        (["connect", "slack", "--name", ""], []),
        (["rename", "slack", ""], []),
        (["completion", ""], ["bash", "fish", "zsh"]),
    ],
    ids=" ".join,
)
async def test_names_are_offered_where_they_can_be_typed(stored, typed, offered):
    found = complete(stored, *typed)
    if typed == ["rec"]:
        assert set(offered) <= set(found)
    else:
        assert found == offered


async def test_before_the_first_run_the_streams_are_those_of_the_manifest(stored):
    assert "messages" in complete(stored, "records", "office", "")


@pytest.mark.parametrize("broken", ["none", "damaged", "folder", "foreign"])
def test_a_home_without_a_sound_store_offers_nothing_and_says_nothing(home, broken):
    if broken != "none":
        home.mkdir()
    if broken == "damaged":
        (home / "store.db").write_bytes(b"\xa5" * 9000)
    if broken == "folder":
        (home / "store.db").mkdir()
    if broken == "foreign":
        (home / "store.db").touch()
    assert complete(home, "records", "") == []
    assert complete(home, "records", "slack", "messages", "--partition", "") == []
    assert (home / "store.db").exists() is (broken != "none")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_says_how_to_install_it_and_loads_where_the_shell_is_there(shell):
    script = subprocess.run(
        [sys.executable, "-m", "polyhost", "completion", shell],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"polyhost completion {shell}" in script
    assert "_POLYHOST_COMPLETE" in script
    program = shutil.which(shell)
    if program is not None and shell == "bash":
        words = [program, "--norc", "-c", script + "\ncomplete -p polyhost"]
        assert "polyhost" in subprocess.run(words, capture_output=True, text=True, check=True).stdout
