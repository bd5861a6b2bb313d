"""Copying a home in which a run was killed: the crash test does so after every few rounds."""

import socket
from pathlib import Path

from e2e.homes import copy_home


def test_a_home_with_the_socket_of_a_killed_run_is_copied_without_it(home: Path, tmp_path: Path, monkeypatch):
    (home / "sockets").mkdir(parents=True)
    (home / "store.db").write_bytes(b"records")
    monkeypatch.chdir(home / "sockets")  # the path of a socket is bounded
    with socket.socket(socket.AF_UNIX) as left:
        left.bind("run_0123.sock")
    copy_home(home, tmp_path / "copy")
    assert (home / "sockets" / "run_0123.sock").is_socket()
    assert (tmp_path / "copy" / "store.db").read_bytes() == b"records"
    assert list((tmp_path / "copy" / "sockets").iterdir()) == []
