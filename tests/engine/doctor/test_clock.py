"""The clock looked over: before its time, set back, moved, and beside the file system's (ours)."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from polyhost.engine.clock import Clock
from polyhost.engine.doctor._clock import check_clock
from polyhost.engine.doctor.finding import Finding, Grade
from polyhost.instants import iso_from_seconds
from polyhost.store.sqlite.checkup import DatedRun

HOUR = 3600.0


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


@pytest.fixture
def good(home: Path) -> Path:
    home.mkdir()
    return home


def began(ago: float, *, told: float = 0.0, boot: str | None = "this") -> DatedRun:
    """A run that began so many seconds ago in this boot, while the clock stood so far from where it stands now."""
    now = Clock().moment()
    return DatedRun("work", iso_from_seconds(now.wall - ago + told), now.boot if boot == "this" else boot, now.up - ago)


def test_a_clock_that_was_never_moved_is_well(good: Path, home: Path):
    assert only(check_clock(good, [began(HOUR), began(9 * HOUR)], Clock().moment())).grade is Grade.OK


def test_a_clock_before_polyhosts_time_fails(good: Path):
    assert only(check_clock(good, [], replace(Clock().moment(), wall=0.0))).grade is Grade.FAILED


@pytest.mark.requirement("RS-3")
@pytest.mark.parametrize("boot", [None, "an earlier one"])
def test_runs_that_are_dated_ahead_are_counted_and_named_and_nothing_is_asked_where_the_clock_is_right(
    good: Path, boot: str | None
):
    """Until another run has followed."""
    ahead = began(HOUR, told=2 * 365 * 24 * HOUR, boot=boot)
    finding = only(check_clock(good, [replace(began(0), connection="home"), ahead], Clock().moment()))
    assert finding.grade is Grade.WARNING
    assert "the last run of work is dated up to" in finding.found
    assert "set back" in finding.found
    assert "nothing is to be done" in finding.instruction
    assert only(check_clock(good, [began(0), ahead], Clock().moment())).grade is Grade.OK


@pytest.mark.requirement("RS-3")
@pytest.mark.parametrize(("told", "way"), [(-5 * HOUR, "forward by 5 hours"), (-600.0, "forward by 10 minutes")])
def test_a_jump_within_this_boot_is_seen_by_the_two_clocks(good: Path, told: float, way: str):
    finding = only(check_clock(good, [began(HOUR, told=told)], Clock().moment()))
    assert f"set {way}" in finding.found
    assert only(check_clock(good, [began(HOUR, told=told, boot="an earlier one")], Clock().moment())).grade is Grade.OK


@pytest.mark.requirement("RS-3")
def test_a_jump_back_that_leaves_nothing_ahead_is_seen_too(good: Path):
    assert "set back by 5 hours" in only(check_clock(good, [began(9 * HOUR, told=5 * HOUR)], Clock().moment())).found


@pytest.mark.parametrize(("off", "told"), [(-3600.0, "60 minutes ahead"), (10800.0, "3 hours behind")])
def test_a_file_system_with_another_clock_is_told(good: Path, off: float, told: str):
    finding = only(check_clock(good, [], replace(Clock().moment(), wall=time.time() + off)))
    assert finding.grade is Grade.WARNING
    assert told in finding.found
