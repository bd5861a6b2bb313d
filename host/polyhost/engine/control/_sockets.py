"""Where a run's socket is: one per run in the home, so that a server sees and answers runs of other processes.

Owns: their names, and removing those whose process is gone. Must not know: what is said over one, whose their folder is
(`owner_sockets`).
"""

from __future__ import annotations

import re
from pathlib import Path

from polyhost.engine.control.owner_sockets import socket_folder

__all__ = ["is_run_id", "remove", "run_of", "socket_path"]

_NAME = re.compile(r"(run_[0-9a-f]{1,40})\.sock")


def socket_path(home: Path, run_id: str) -> Path:
    """Where this run listens."""
    return socket_folder(home) / f"{run_id}.sock"


def run_of(path: Path) -> str | None:
    """Whose socket it is; None where the name is not a run's."""
    found = _NAME.fullmatch(path.name)
    return None if found is None else found[1]


def is_run_id(text: str) -> bool:
    """Whether a run could be called that: what is not a name of a run leads to no file."""
    return _NAME.fullmatch(f"{text}.sock") is not None


def remove(path: Path) -> None:
    """A socket nobody listens at."""
    path.unlink(missing_ok=True)
