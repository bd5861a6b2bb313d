"""A server follows its settings: a file that was changed is taken up, one that is broken changes nothing."""

import logging
import os
from pathlib import Path

import pytest

from polyhost.engine.settings.config import Config, config_path
from polyhost.engine.settings.reload import SettingsWatcher


@pytest.fixture
def taken() -> list[Config]:
    return []


@pytest.fixture
def following(home: Path, taken: list[Config]) -> SettingsWatcher:
    home.mkdir()
    return SettingsWatcher(home=home, take_up=taken.append)


def write(following: SettingsWatcher, text: str) -> None:
    config_path(following.home).write_text(text, encoding="utf-8")


def test_a_file_is_taken_up_once_for_each_change(
    following: SettingsWatcher, taken: list[Config], caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    following.look()
    write(following, "[schedule]\nruns_at_once = 5\n")
    for _ in range(3):
        following.look()
    write(following, "[schedule]\nruns_at_once = 16\n")
    following.look()
    config_path(following.home).unlink()
    following.look()
    assert [config.schedule.runs_at_once for config in taken] == [5, 16, 2]
    assert [record.getMessage() for record in caplog.records] == ["took config.toml up"] * 3


def test_a_file_of_the_same_size_is_told_by_when_it_was_written(following: SettingsWatcher, taken: list[Config]):
    write(following, "[schedule]\nruns_at_once = 5\n")
    following.look()
    write(following, "[schedule]\nruns_at_once = 6\n")
    os.utime(config_path(following.home), ns=(1, 1))
    following.look()
    assert [config.schedule.runs_at_once for config in taken] == [5, 6]


def test_a_broken_file_keeps_what_held_and_says_so_once(
    following: SettingsWatcher, taken: list[Config], caplog: pytest.LogCaptureFixture
):
    write(following, "[schedule]\nruns_at_once = 5\n")
    following.look()
    write(following, "[schedule]\nruns_at_once = many, of ada\n")
    for _ in range(3):
        following.look()
    assert len(taken) == 1
    [said] = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "what held before still does" in said
    assert "ada" not in said
    write(following, "[schedule]\nruns_at_once = 7\n")
    following.look()
    assert taken[-1].schedule.runs_at_once == 7
