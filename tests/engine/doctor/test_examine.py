"""The whole examination: what is broken shows, and hides nothing else (ours)."""

import sqlite3
import sys
from pathlib import Path

import pytest

from polyhost.engine.clock import Clock
from polyhost.engine.doctor import _program as program
from polyhost.engine.doctor._browser import check_browser
from polyhost.engine.doctor._program import check_settings, check_versions
from polyhost.engine.doctor.examine import attempted, examine
from polyhost.engine.doctor.finding import Grade
from polyhost.operations.context import Context
from polyhost.operations.doctor import DoctorRequest, doctor

CHECKS = ["versions", "settings", "browser", "home", "disk", "clock", "store"]


async def test_a_machine_with_nothing_yet_is_well_and_has_nothing_afterwards(home):
    findings = await examine(home, Clock())
    assert [finding.check for finding in findings] == CHECKS
    assert {finding.grade for finding in findings} == {Grade.OK}
    assert not home.exists()


async def test_everything_broken_at_once_is_named_at_once(home, monkeypatch):
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    (home / "store.db").write_bytes(b"not a database at all")
    (home / "store.db").chmod(0o644)
    (home / "config.toml").write_text("[browser]\nheadles = true\n")
    monkeypatch.setenv("POLYHOST_BROWSER", "/nowhere/chrome")
    result = await doctor(Context(home=home), DoctorRequest())
    assert result.exit_code == 1
    grades = {finding["check"]: finding["grade"] for finding in result.value["findings"]}
    assert {check for check, grade in grades.items() if grade == "failed"} >= {"settings", "store", "leases"}
    assert grades["permissions"] == "warning"
    assert (grades["versions"], grades["disk"], grades["home"]) == ("ok", "ok", "ok")


async def test_a_check_that_raises_becomes_a_line():
    def broken():
        raise ZeroDivisionError("by nothing")

    (finding,) = await attempted("disk", broken)
    assert (finding.check, finding.grade) == ("disk", Grade.FAILED)
    assert "ZeroDivisionError" in finding.found


async def test_a_browser_that_is_not_there_and_one_that_does_not_start_fail(tmp_path: Path):
    (missing,) = await check_browser(tmp_path / "chrome")
    impostor = tmp_path / "impostor"
    impostor.write_text(f"#!{sys.executable}\nraise SystemExit(1)\n")
    impostor.chmod(0o755)
    (broken,) = await check_browser(impostor)
    assert (missing.grade, broken.grade) == (Grade.FAILED, Grade.FAILED)
    assert "did not start" in broken.found


def test_a_sqlite_without_full_text_search_fails(monkeypatch):
    def without() -> str:
        raise sqlite3.OperationalError("no such module: fts5")

    monkeypatch.setattr(program, "full_text_search", without)
    assert [finding.grade for finding in check_versions()] == [Grade.OK, Grade.FAILED]


def test_a_variable_that_looks_like_a_setting_and_is_none_is_a_warning(home):
    found = check_settings(home, {"POLYHOST_SERVE_PROT": "1", "POLYHOST_HOME": "x", "POLYHOST_SERVE_PORT": "1"})
    assert [finding.grade for finding in found] == [Grade.OK, Grade.WARNING]
    assert "POLYHOST_SERVE_PROT" in found[1].found


@pytest.mark.parametrize("text", ["[serve]\nport = 0\n", "[x]\n"])
def test_settings_that_are_refused_fail(home, text):
    home.mkdir()
    (home / "config.toml").write_text(text)
    (found,) = check_settings(home, {})
    assert found.grade is Grade.FAILED
