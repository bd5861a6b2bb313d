"""What goes on is shown without what a site's texts would say to the terminal, in lines and in live rows."""

import io

import pytest
from rich.console import Console

from polyhost.cli.live import LiveRows
from polyhost.cli.progress import show_progress
from polyhost.cli.runner import complain
from polyhost.errors import RefusedError
from polyhost.operations.events import ConnectorRestarted, Noticed, PartitionAdvanced, RunStarted

HOSTILE = "\x1b]0;owned\x07\x9b2J[red]\u202eev\nil"


def test_lines_of_progress_are_one_line_each_and_say_nothing_to_the_terminal(capsys: pytest.CaptureFixture[str]):
    with show_progress(quiet=True) as watch:
        watch(RunStarted("run_1", "work", "notes", (HOSTILE,)))
        watch(Noticed(HOSTILE))
    told = capsys.readouterr().err
    assert told.count("\n") == 2
    assert all(line.isprintable() for line in told.splitlines())
    assert "[red]" in told


def test_live_rows_show_a_partitions_name_as_it_is_and_obey_nothing_in_it(monkeypatch: pytest.MonkeyPatch):
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=200, legacy_windows=False)
    monkeypatch.setattr("polyhost.cli.live.Console", lambda **_: console)
    with LiveRows(5) as watch:
        watch(RunStarted("run_1", "work", "notes", ("notes",)))
        watch(PartitionAdvanced("notes", "C1", HOSTILE, 3, finished=False))
        watch(ConnectorRestarted(reason=HOSTILE, attempt=1))
        watch._progress.refresh()
    told = shown.getvalue()
    assert "[red]" in told
    assert not [mark for mark in ("\x1b]0;", "\x07", "\x9b", "\u202e") if mark in told]


def test_a_refusal_is_one_line_whatever_it_is_about(capsys: pytest.CaptureFixture[str]):
    complain(RefusedError(f"{HOSTILE} is not an export", "Try another."), as_json=False)
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.rstrip("\n").isprintable()
