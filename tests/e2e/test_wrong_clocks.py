"""Clocks that are years off, in real processes: what is the latest, who holds a lease, what is due, what doctor says.

`faketime` gives a process another wall clock and leaves the clock of the boot alone, as a clock that was set does.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.serving import connect_process
from checkout import ROOT

pytestmark = [
    pytest.mark.requirement("RS-3"),
    pytest.mark.skipif(
        shutil.which("faketime") is None,
        reason="faketime is not installed (./scripts/test does that on Debian as root)",
    ),
]

LONGEST = 90.0
"""Seconds a command may take before the test gives up on it."""
OFF = ["+2y", "-2y"]


@dataclass(frozen=True, slots=True)
class Polyhost:
    """The command in this home, at a time of the test's choosing. `source`: the folder of its connector."""

    home: Path
    source: Path

    def __call__(self, *words: str, at: str | None = None) -> Any:
        """Its JSON value."""
        with self.running(*words, "--json", at=at) as process:
            told, complaint = process.communicate(timeout=LONGEST)
        assert told, complaint
        return json.loads(told)

    @contextmanager
    def running(self, *words: str, at: str | None = None) -> Iterator[subprocess.Popen[str]]:
        """In a process group of its own, which is killed at the end of the block."""
        shifted = [] if at is None else ["faketime", "--exclude-monotonic", "-f", at]
        process = subprocess.Popen(
            [*shifted, sys.executable, "-m", "polyhost", "--home", str(self.home), *words],
            env={**os.environ, "PYTHONPATH": str(ROOT / "host")},
            cwd=self.home.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def runs(self, mode: str | None, *, at: str | None = None) -> str:
        """How a run goes whose connector does so; None: it dies at once."""
        told = self.source / "mode.txt"
        told.unlink(missing_ok=True) if mode is None else told.write_text(mode, encoding="utf-8")
        return self("run", "work", at=at)["status"]

    def verdict(self, *, at: str | None = None) -> str:
        (shown,) = self("status", at=at)["connections"]
        return shown["verdict"]

    @contextmanager
    def held(self, *, at: str) -> Iterator[subprocess.Popen[str]]:
        """A run goes on inside the block, for as long as its connector waits."""
        (self.source / "mode.txt").write_text("ask late", encoding="utf-8")
        os.mkfifo(self.source / "ask-now")
        with self.running("run", "work", at=at) as process, (self.source / "ask-now").open("w"):
            yield process


@pytest.fixture
async def polyhost(home: Path) -> Polyhost:
    return Polyhost(home, await connect_process(home))


@pytest.mark.parametrize("at", OFF)
def test_a_run_with_a_clock_years_off_hides_no_failure_after_it_and_no_success(polyhost: Polyhost, at: str):
    assert polyhost.runs("plain", at=at) == "complete"
    assert polyhost.runs(None) == "failed"
    assert [run["status"] for run in polyhost("runs", "work")["runs"]] == ["failed", "complete"]
    assert polyhost.verdict() == "failed"
    assert polyhost.runs("plain") == "complete"
    assert polyhost.verdict() != "failed"


@pytest.mark.parametrize("at", OFF)
def test_a_failure_with_a_clock_years_off_is_the_latest_once_it_has_happened(polyhost: Polyhost, at: str):
    assert polyhost.runs("plain") == "complete"
    assert polyhost.runs(None, at=at) == "failed"
    assert polyhost.verdict() == polyhost.verdict(at=at) == "failed"


@pytest.mark.parametrize("at", OFF)
def test_a_run_that_goes_on_keeps_its_lease_wherever_its_clock_stands(polyhost: Polyhost, at: str):
    with polyhost.held(at=at):
        with polyhost.running("run", "work") as other:
            _, complaint = other.communicate(timeout=LONGEST)
        assert "is being collected already" in complaint


@pytest.mark.parametrize("at", OFF)
def test_a_run_that_was_killed_keeps_nothing_wherever_its_clock_stood(polyhost: Polyhost, at: str):
    with polyhost.held(at=at) as process:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert polyhost.runs("plain") == "complete"
    assert [run["status"] for run in polyhost("runs", "work")["runs"]] == ["complete", "failed"]


@pytest.mark.parametrize(("at", "told"), [("+2y", "ahead of now"), ("-5d", "set forward")])
def test_doctor_says_that_the_clock_was_moved_and_a_run_heals_it(polyhost: Polyhost, at: str, told: str):
    def clock() -> list[dict[str, Any]]:
        return [one for one in polyhost("doctor")["findings"] if one["check"] == "clock"]

    assert polyhost.runs("plain") == "complete"
    assert [one["grade"] for one in clock()] == ["ok"]
    assert polyhost.runs("plain", at=at) == "complete"
    found = clock()
    assert any(told in one["found"] and "nothing is to be done" in one["instruction"] for one in found)
    assert polyhost.runs("plain") == "complete"
    assert [one["grade"] for one in clock()] == ["ok"]
