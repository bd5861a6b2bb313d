"""Whether a process that took a lease is still the one it was.

Owns: naming a process so that a reused pid fools nobody, and judging whether it lives.
Must not know: leases, the store. Where it cannot tell it says alive, and a lease then ends by its own expiry.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

__all__ = ["is_gone", "process_name"]

_PROC = Path("/proc")
_PS_SECONDS = 5
"""`ps` answers in milliseconds; a machine too busy for it must not hold up the store."""
_STATE_FIELD, _START_FIELD = 0, 19
"""In /proc/PID/stat behind the command's closing bracket: the state, and when it started, in ticks since boot."""
_ENDED_STATES = "ZXx"
"""A zombie holds no store open; its parent merely has not asked for its exit status yet."""


def process_name(pid: int) -> str | None:
    """A name no other process of this machine and boot will ever have; None where there is no such process."""
    started = _started(pid)
    return None if started is None else f"{_world()} {started}"


def is_gone(pid: int, name: str | None) -> bool:
    """The process with this name is certainly not running any more."""
    if name is None or not name.startswith(f"{_world()} "):
        return False  # another boot, or another container's pids: not to be seen from here
    return process_name(pid) != name


def _world() -> str:
    """What pids are unique in: this boot, this pid namespace."""
    if not _PROC.joinpath("self", "stat").exists():
        return "host"
    boot = _PROC.joinpath("sys", "kernel", "random", "boot_id").read_text(encoding="ascii").strip()
    return f"{boot} {_PROC.joinpath('self', 'ns', 'pid').readlink()}"


def _started(pid: int) -> str | None:
    if not _PROC.joinpath("self", "stat").exists():
        return _started_by_ps(pid)
    try:
        stat = _PROC.joinpath(str(pid), "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the command may hold blanks and brackets itself
    return None if fields[_STATE_FIELD] in _ENDED_STATES else fields[_START_FIELD]


def _started_by_ps(pid: int) -> str | None:
    """macOS has no /proc. The C locale keeps the words the same for every process that asks."""
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    environment = {"LC_ALL": "C", "PATH": os.defpath}
    shown = subprocess.run(command, capture_output=True, text=True, timeout=_PS_SECONDS, env=environment, check=False)
    state, _, started = shown.stdout.strip().partition(" ")
    return None if not started or state[0] in _ENDED_STATES else " ".join(started.split())
