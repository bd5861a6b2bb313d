"""Every test is in the lane it belongs to, and none is in no lane (ours)."""

import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from checkout import ROOT
from lanes import ALONE, DEFAULT, LANES, LONGER, SLOW, UNITS, holds

TESTS = [PurePosixPath(path.relative_to(ROOT / "tests").as_posix()) for path in (ROOT / "tests").rglob("test_*.py")]


def test_every_test_is_in_the_default_lane_or_in_a_lane_of_its_own_and_in_no_two_of_them():
    for path in TESTS:
        assert sum(holds(lane, path) for lane in (DEFAULT, *ALONE)) == 1, path


@pytest.mark.parametrize("name", [*UNITS, *SLOW, *LONGER])
def test_what_the_table_names_is_there(name: str):
    assert (ROOT / "tests" / name).exists()


@pytest.mark.parametrize("name", [*SLOW, *LONGER])
def test_what_is_left_out_would_otherwise_be_in(name: str):
    assert any(PurePosixPath(name).is_relative_to(one) for one in UNITS)
    assert not holds("fast", PurePosixPath(name))
    assert holds("units", PurePosixPath(name)) == (name in LONGER)


def test_a_folder_is_entered_for_what_may_lie_in_it():
    assert holds("fast", PurePosixPath("browser"))
    assert not holds("fast", PurePosixPath("e2e"))
    assert all(holds(lane, PurePosixPath(".")) for lane in LANES)
    assert [lane for lane in LANES if holds(lane, PurePosixPath("faults/test_disk.py"))] == ["faults"]


def test_a_lane_without_tests_says_so_and_is_well_and_one_that_should_have_some_is_not(tmp_path: Path):
    for lane, status, said in (("walls", 0, "The lane walls has no tests yet"), ("fast", 5, "no tests ran")):
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "lanes",
            "--lane",
            lane,
            "--rootdir",
            str(tmp_path),
            str(tmp_path),
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment(), check=False)
        assert (done.returncode, said in done.stdout) == (status, True), done.stdout + done.stderr


def environment() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT / "tests"), "PATH": "/usr/bin:/bin"}
