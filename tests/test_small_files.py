"""Whatever an owner names is read in bounded memory and time (ours)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from polyhost import small_files
from polyhost.small_files import TooLargeError, read_small_file


def test_a_file_is_read_whole_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 200_000)
    assert read_small_file(path, 200_000) == b"x" * 200_000
    with pytest.raises(TooLargeError):
        read_small_file(path, 199_999)


def test_a_device_without_end_is_too_large() -> None:
    with pytest.raises(TooLargeError):
        read_small_file(Path("/dev/zero"), 1_000_000)


def test_a_pipe_of_a_shell_is_read_to_its_end() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"secret")
    os.close(writing)
    try:
        assert read_small_file(Path(f"/dev/fd/{reading}"), 100) == b"secret"
    finally:
        os.close(reading)


def test_a_pipe_that_nobody_writes_to_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_files, "PATIENCE_SECONDS", 0.05)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    try:
        with pytest.raises(OSError, match="nothing came of it"):
            read_small_file(path, 100)
    finally:
        os.close(writer)


@pytest.mark.parametrize("name", [".", "missing"])
def test_what_is_no_file_is_told_as_open_tells_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError):
        read_small_file(tmp_path / name, 100)
