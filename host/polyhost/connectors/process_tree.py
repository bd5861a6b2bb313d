"""What a process and everything it started hold: how many they are, and how much memory.

Owns: walking /proc (Linux) or asking ps (macOS). Must not know: runs, browsers, what is too much.

Memory is what a process holds for itself alone (`RssAnon`): what a browser's processes share would count once for each.
Where only ps can be asked it is all that is resident, which is more.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Usage", "measure"]

_PROC = Path("/proc")
_PS_SECONDS = 5
_PARENT_FIELD, _SESSION_FIELD = 1, 3
"""In /proc/PID/stat behind the command's closing bracket."""
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a whole tree. Both are 0 where the process is gone, or nothing can be told."""

    processes: int
    memory: int
    """Bytes."""


def measure(root: int) -> Usage:
    """The process itself, its descendants, and who is in the session that it leads. Blocks for some milliseconds."""
    if _PROC.joinpath("self", "stat").exists():
        tree = _tree(root, list(_from_proc()))
        return Usage(len(tree), sum(_anonymous(pid) for pid in tree))
    told = list(_from_ps())
    tree = _tree(root, [(pid, parent, 0) for pid, parent, _ in told])
    return Usage(len(tree), sum(memory for pid, _, memory in told if pid in tree))


def _tree(root: int, known: list[tuple[int, int, int]]) -> set[int]:
    """`known`: (pid, parent, session) of every process."""
    children: dict[int, list[int]] = {}
    for pid, parent, session in known:
        children.setdefault(parent, []).append(pid)
        if session == root:
            children.setdefault(root, []).append(pid)
    alive = {pid for pid, _, _ in known}
    found: set[int] = set()
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        if pid in alive and pid not in found:
            found.add(pid)
            waiting.extend(children.get(pid, ()))
    return found


def _from_proc() -> Iterator[tuple[int, int, int]]:
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                stat = folder.joinpath("stat").read_text(encoding="utf-8", errors="replace")
            except OSError:  # gone meanwhile
                continue
            rest = stat.rpartition(")")[2].split()  # the command may hold blanks and brackets itself
            yield int(folder.name), int(rest[_PARENT_FIELD]), int(rest[_SESSION_FIELD])


def _anonymous(pid: int) -> int:
    try:
        status = _PROC.joinpath(str(pid), "status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    line = next((line for line in status.splitlines() if line.startswith("RssAnon:")), None)
    return 0 if line is None else int(line.split()[1]) * _KIB


def _from_ps() -> Iterator[tuple[int, int, int]]:
    """(pid, parent, bytes) of every process; none where ps does not answer."""
    command = ["ps", "-A", "-o", "pid=,ppid=,rss="]
    environment = {"LC_ALL": "C", "PATH": os.defpath}
    try:
        shown = subprocess.run(
            command, capture_output=True, text=True, timeout=_PS_SECONDS, env=environment, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return
    for line in shown.splitlines():
        pid, parent, resident = line.split()
        yield int(pid), int(parent), int(resident) * _KIB
