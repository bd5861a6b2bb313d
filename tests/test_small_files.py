"""Whatever an owner names is read in bounded memory and time (ours)."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from polyhost.small_files import TooLargeError, read_small_file


def test_a_file_is_read_whole_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 200_000)
    assert read_small_file(path, 200_000, patience=5) == b"x" * 200_000
    with pytest.raises(TooLargeError):
        read_small_file(path, 199_999, patience=5)


def test_a_device_without_end_is_too_large() -> None:
    with pytest.raises(TooLargeError):
        read_small_file(Path("/dev/zero"), 1_000_000, patience=5)


def test_a_pipe_of_a_shell_is_read_to_its_end() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"secret")
    os.close(writing)
    try:
        assert read_small_file(Path(f"/dev/fd/{reading}"), 100, patience=5) == b"secret"
    finally:
        os.close(reading)


def test_a_pipe_that_nobody_writes_to_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    try:
        with pytest.raises(OSError, match="it has not ended after"):
            read_small_file(path, 100, patience=0.05)
    finally:
        os.close(writer)


def test_a_pipe_that_says_a_byte_now_and_then_has_no_more_time_than_one_that_says_nothing(tmp_path: Path) -> None:
    """One time for the whole: it runs out long before there is too much."""
    path, given_up = tmp_path / "pipe", threading.Event()
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)

    def say_little() -> None:
        while not given_up.wait(0.01):
            os.write(writer, b"x")

    saying = threading.Thread(target=say_little)
    saying.start()
    try:
        with pytest.raises(OSError, match="it has not ended after"):
            read_small_file(path, 500, patience=0.2)
    finally:
        given_up.set()
        saying.join()
        os.close(writer)


def test_a_mark_of_the_byte_order_before_a_text_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\xef\xbb\xbftext \xef\xbb\xbf")
    assert read_small_file(path, 100, patience=5) == b"text \xef\xbb\xbf"


@pytest.mark.parametrize("name", [".", "missing"])
def test_what_is_no_file_is_told_as_open_tells_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError):
        read_small_file(tmp_path / name, 100, patience=5)
