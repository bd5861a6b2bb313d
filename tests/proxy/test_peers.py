"""Whose program is at the other end (SE-1)."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from polyhost.proxy import peers
from polyhost.proxy.peers import is_own_account

pytestmark = [
    pytest.mark.requirement("SE-1"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux says whose a connection is"),
]


def test_a_connection_of_this_account_is_told_from_one_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            assert client.getsockname() == accepted.getpeername()
            assert is_own_account(accepted)
            monkeypatch.setattr("os.geteuid", lambda: 12_345)
            assert is_own_account(accepted) is (os.getuid() == 0)


def test_asked_for_one_connection_the_kernel_says_what_its_table_says() -> None:
    """So that thousands of connections that have ended cost the next one nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            ends = (accepted.getpeername(), accepted.getsockname())
            asked = peers._asked_for(*ends)
            if asked is None:
                pytest.skip("this kernel is not asked for one connection")
            assert asked == peers._looked_up(*ends) == (os.geteuid(), os.fstat(client.fileno()).st_ino)
            assert peers._asked_for(server.getsockname(), ("127.0.0.1", 1)) is None, "that is nobody's but a server's"


@pytest.mark.parametrize("has_table", [True, False])
def test_where_the_kernel_is_not_asked_for_one_the_table_decides(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, has_table: bool
) -> None:
    monkeypatch.setattr(peers, "_NETLINK_SOCK_DIAG", 9_999)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            assert is_own_account(accepted)
            table = tmp_path / "tcp"
            monkeypatch.setattr(peers, "_TABLE", table)
            if has_table:
                table.write_text("  sl  local_address rem_address\n")
            assert is_own_account(accepted) is not has_table


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else for a moment")
def test_another_account_of_the_machine_is_turned_away() -> None:
    """A child of this process, as nobody, is at the other end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = os.fork()
        if child == 0:
            try:
                os.setuid(65_534)
                with socket.create_connection(server.getsockname()) as client:
                    client.recv(1)
            finally:
                os._exit(0)  # whatever happens here, it must not go on with the tests
        server.settimeout(10)
        accepted, _ = server.accept()
        with accepted:
            assert not is_own_account(accepted)
        os.waitpid(child, 0)


def test_a_connection_that_was_closed_at_once_is_nobodys() -> None:
    """The kernel says root's of it, whoever it was."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            accepted, _ = server.accept()
            client.sendall(b"POST")
        with accepted:
            assert accepted.recv(4) + accepted.recv(1) == b"POST"  # its end has arrived too
            assert not is_own_account(accepted)
