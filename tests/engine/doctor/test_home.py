"""The home looked over, in homes that are really broken (ours)."""

import subprocess
from pathlib import Path

import pytest

from polyhost.engine.doctor._home import (
    FULL_BYTES,
    LITTLE_BYTES,
    check_disk,
    check_home,
    check_permissions,
)
from polyhost.engine.doctor.finding import Finding, Grade


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


@pytest.fixture
def good(home: Path) -> Path:
    """A home as polyhost makes it."""
    for folder in (home, home / "sessions", home / "profiles", home / "profiles" / "slack"):
        folder.mkdir(mode=0o700)
    for file in ("session.key", "store.db", "token", "sessions/slack.json"):
        (home / file).touch(mode=0o600)
    return home


def test_a_home_that_is_not_there_is_no_trouble_and_is_not_made(home):
    assert only(check_home(home)).grade is Grade.OK
    assert check_permissions(home) == []
    assert only(check_disk(home)).grade is Grade.OK
    assert not home.exists()


def test_a_home_as_polyhost_makes_it_is_well_and_left_as_it_was(good):
    before = sorted(path.name for path in good.rglob("*"))
    findings = [*check_home(good), *check_permissions(good), *check_disk(good)]
    assert {finding.grade for finding in findings} == {Grade.OK}
    assert sorted(path.name for path in good.rglob("*")) == before


def test_a_home_that_is_a_file_fails(home):
    home.touch()
    assert only(check_home(home)).grade is Grade.FAILED


@pytest.mark.parametrize(
    ("broken", "mode", "mended"),
    [
        (".", 0o755, 0o700),
        ("sessions", 0o750, 0o700),
        ("profiles/slack", 0o755, 0o700),
        ("session.key", 0o644, 0o600),
        ("store.db", 0o644, 0o600),
        ("token", 0o640, 0o600),
        ("sessions/slack.json", 0o604, 0o600),
    ],
)
def test_what_others_may_read_is_named_and_the_command_given_mends_it(good, broken, mode, mended):
    (good / broken).chmod(mode)
    finding = only(check_permissions(good))
    assert finding.grade is Grade.WARNING
    assert f"{mode:04o}" in finding.found
    subprocess.run(finding.instruction.removeprefix("Type: "), shell=True, check=True)  # noqa: S602  what it tells
    assert (good / broken).stat().st_mode & 0o777 == mended
    assert only(check_permissions(good)).grade is Grade.OK


def test_a_home_that_is_open_all_over_is_mended_by_one_command(good):
    for path in (good, *good.rglob("*")):
        path.chmod(0o755)
    finding = only(check_permissions(good))
    assert "and 4 more" in finding.found
    subprocess.run(finding.instruction.removeprefix("Type: "), shell=True, check=True)  # noqa: S602  what it tells
    assert only(check_permissions(good)).grade is Grade.OK


@pytest.mark.parametrize(
    ("free", "grade"), [(LITTLE_BYTES, Grade.OK), (LITTLE_BYTES - 1, Grade.WARNING), (FULL_BYTES - 1, Grade.FAILED)]
)
def test_too_little_room_is_a_warning_and_none_a_failure(home, free, grade):
    assert only(check_disk(home, free=free)).grade is grade
