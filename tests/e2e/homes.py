"""Copies of a home, as tests and scripts make them.

Owns: what of a home is copied. Must not know: why a copy is made. The sockets of its runs are not: a run that was
killed leaves one behind, and a socket cannot be read like a file.
"""

from __future__ import annotations

import shutil
from pathlib import Path

__all__ = ["copy_home"]


def copy_home(home: Path, target: Path) -> None:
    """Everything but sockets; nobody may have the store open."""
    shutil.copytree(home, target, ignore=_sockets)


def _sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if (Path(folder) / name).is_socket()]
