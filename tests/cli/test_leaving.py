"""A process that is to leave does, whatever holds it. A real one, as it ends itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from checkout import ROOT
from cli_runner import invoke
from polyhost.cli import main, runner
from polyhost.operations.catalog import commands

pytestmark = pytest.mark.requirement("RS-2")

HANGS = """
from polyhost.cli.leaving import leave_within
leave_within(0.1)
while True:
    pass
"""


def test_a_process_whose_event_loop_hangs_leaves_all_the_same():
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "host")}
    ended = subprocess.run([sys.executable, "-c", HANGS], env=environment, timeout=60, check=False)
    assert ended.returncode == 130


def test_ctrl_c_while_the_program_is_loaded_ends_it_without_a_traceback(tmp_path: Path):
    """The import of the command line is held up, so that the signal meets it there."""
    held = tmp_path / "click.py"
    held.write_text("import sys\nprint('loading', flush=True)\nsys.stdin.read()\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT / 'host'}"}
    command = [sys.executable, "-m", "polyhost", "--version"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout.readline() == b"loading\n"
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (-signal.SIGINT, b"")


@pytest.mark.requirement("RS-1.6")
def test_a_bug_is_one_sentence_that_holds_nothing_of_what_was_collected():
    def breaks() -> None:
        raise OverflowError("a secret")

    try:
        try:
            breaks()
        except OverflowError as error:
            raise ExceptionGroup("several", [error]) from None
    except ExceptionGroup as group:
        told = runner._bug(group)
    assert told.code == "internal_error"
    assert "OverflowError at test_leaving.py" in str(told)
    assert "secret" not in str(told)


@pytest.mark.requirement("RS-1.6")
def test_a_command_that_meets_a_bug_says_so_and_a_developer_may_see_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    def breaks(*_: object, **__: object) -> None:
        raise LookupError("a secret")

    monkeypatch.setattr(runner, "_perform", breaks)
    with pytest.raises(SystemExit) as left:
        runner.perform(commands()[0], None, home=tmp_path, as_json=False)
    assert left.value.code == 1
    assert "a bug of polyhost: LookupError at runner.py" in capsys.readouterr().err
    monkeypatch.setenv(runner.TRACEBACK_VARIABLE, "1")
    with pytest.raises(LookupError):
        runner.perform(commands()[0], None, home=tmp_path, as_json=False)


def test_ctrl_c_before_anything_listens_for_it_is_a_cancel(monkeypatch: pytest.MonkeyPatch):
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "perform", stopped)
    monkeypatch.setattr(main, "perform", stopped, raising=False)
    shown = invoke(["doctor"])
    assert (shown.exit_code, shown.stderr.strip()) == (130, "polyhost: stopped.")


WAITS = """
import asyncio, sys
from polyhost.cli.runner import _cancel_on_interrupt
async def main():
    cancelled = asyncio.Event()
    _cancel_on_interrupt(cancelled, keeps=True)
    print("ready", flush=True)
    await cancelled.wait()
asyncio.run(main())
print("settled", flush=True)
"""


def test_a_terminal_that_is_closed_ends_a_command_in_order():
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "host")}
    with subprocess.Popen(
        [sys.executable, "-c", WAITS], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(signal.SIGHUP)
        out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (0, b"settled\n")
    assert b"what is read so far is kept" in err
