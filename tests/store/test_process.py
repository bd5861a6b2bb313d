"""Telling whether the process that took a lease still lives, whatever became of its pid."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from polyhost.store import process
from polyhost.store.process import is_gone, process_name


@pytest.fixture(autouse=True, params=["with /proc", "without"])
def _system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A Linux as it is, and what stands in for it on macOS."""
    if request.param == "without":
        monkeypatch.setattr(process, "_PROC", tmp_path)


def test_this_process_has_one_name_and_lives():
    name = process_name(os.getpid())
    assert name == process_name(os.getpid())
    assert not is_gone(os.getpid(), name)


def test_a_process_that_ended_is_gone_even_before_its_parent_has_noticed():
    ended = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = process_name(ended.pid)
    assert not is_gone(ended.pid, name)
    ended.kill()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # dead, and a zombie until it is waited for
    assert is_gone(ended.pid, name)
    ended.communicate()
    assert is_gone(ended.pid, name)
    assert process_name(ended.pid) is None


def test_a_pid_that_now_belongs_to_another_process_does_not_keep_a_lease_alive():
    name = process_name(os.getpid())
    assert name is not None
    earlier = name[:-1] + ("1" if name[-1] == "0" else "0")
    assert is_gone(os.getpid(), earlier)


def test_what_cannot_be_seen_from_here_is_taken_to_live():
    """Another boot, another container, or no name at all: such a lease ends by its expiry only."""
    assert not is_gone(1, None)
    assert not is_gone(os.getpid(), "another-boot pid:[1] 12345")
