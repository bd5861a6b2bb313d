"""The socket in the home at which a server answers its owner's commands: whoever takes its port later hears nothing.

Owns: where it is, and listening there. Must not know: what is answered. A port of this machine is anybody's who takes
it first; the folder of the home's sockets is its owner's alone.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from polyhost.engine.control.owner_sockets import listen_at, socket_folder
from polyhost.errors import PolyhostError

__all__ = ["own_socket", "own_socket_path"]

_log = logging.getLogger(__name__)


def own_socket_path(home: Path, port: int, *, make: bool = False) -> Path:
    """That of the home's server at this port. `make` the folder where there is none; else OSError. RunFailedError
    `unsafe_sockets`."""
    return socket_folder(home, make=make) / f"server_{port}.sock"


@contextmanager
def own_socket(home: Path, port: int) -> Generator[socket.socket | None]:
    """Listen inside the block. None where there can be none: the server answers all the same, and its owner's commands
    do not find it."""
    try:
        path = own_socket_path(home, port, make=True)
        listening = listen_at(path)
    except (OSError, PolyhostError):
        _log.warning("no socket for commands of this home: serve --link and sign-ins do not find this server")
        yield None
        return
    try:
        yield listening
    finally:
        listening.close()
        path.unlink(missing_ok=True)
