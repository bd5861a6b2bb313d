"""Every family says which commands it has, so that a command line imports that one alone (ours)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from polyhost.operations.catalog import COMMAND_WORDS, FAMILIES, commands, commands_of, operations


def test_the_table_names_the_commands_that_are_declared() -> None:
    found: dict[str, dict[str, None]] = {name: {} for name in FAMILIES}
    for operation in commands():
        found[operation.handler.__module__.rpartition(".")[2]][operation.name.split()[0]] = None
    assert {name: {*words} for name, words in FAMILIES.items()} == {name: {*words} for name, words in found.items()}


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation.name for operation in operations()]
    assert len(names) == len({*names}) > len(COMMAND_WORDS)


@pytest.mark.parametrize("word", COMMAND_WORDS)
def test_a_word_finds_its_commands_and_no_other_does(word: str) -> None:
    assert {one.name.split()[0] for one in commands_of(word)} == {word}
    assert commands_of(word + "s s") == ()


def test_a_command_line_imports_the_family_it_was_asked_for_alone() -> None:
    asked = "import sys; sys.argv = ['polyhost', 'doctor', '--help']\n"
    shown = "import atexit; atexit.register(lambda: print(*sorted(sys.modules), sep='\\n'))\n"
    code = asked + shown + "from polyhost.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = {*done.stdout.split()}
    assert "polyhost.operations.doctor" in loaded
    assert not loaded & {f"polyhost.operations.{name}" for name in FAMILIES if name != "doctor"}
