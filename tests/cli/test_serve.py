"""`polyhost serve` where it only writes a file, or refuses: for a person and for a program."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli_runner import invoke


@pytest.fixture
def serve(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command, of an owner whose session is nobody else's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return lambda *options: invoke(["--home", str(home), "serve", *options])


def test_installing_tells_a_program_what_was_written_and_what_comes_next(serve: Any, home: Path):
    told = json.loads(serve("--install", "--port", "9000", "--json").stdout)
    path = Path(told["path"])
    assert (told["done"], told["content"]) == ("written", path.read_text(encoding="utf-8"))
    assert str(home) in told["content"]
    assert told["next"]
    assert json.loads(serve("--install", "--port", "9000", "--json").stdout)["done"] == "unchanged"
    gone = json.loads(serve("--uninstall", "--json").stdout)
    assert (gone["path"], gone["done"], gone["content"]) == (str(path), "removed", None)
    assert not path.exists()


def test_a_person_is_told_the_same_in_words(serve: Any):
    told = json.loads(serve("--install", "--json").stdout)
    said = serve("--install").stdout.splitlines()
    assert said[0] == f"There already: {told['path']}"
    assert [line.strip() for line in said[3:]] == told["next"]


def test_a_refusal_is_told_to_a_program_too(serve: Any):
    refused = serve("--uninstall", "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["error"]["code"]) == (2, "no_service")
