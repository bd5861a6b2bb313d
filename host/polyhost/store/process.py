"""Whether a process that took a lease is still the one it was.

Owns: naming a process so that a reused pid fools nobody, and judging whether it lives.
Must not know: leases, the store. Where it cannot tell it says alive, and a lease then ends by its own expiry.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["is_gone", "process_name"]

_PROC = Path("/proc")
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
    try:
        return process_name(pid) != name
    except PermissionError:  # it lives, and does not say since when
        return False


def _world() -> str:
    """What pids are unique in: this boot, this pid namespace."""
    if not _PROC.joinpath("self", "stat").exists():
        return "host"
    boot = _PROC.joinpath("sys", "kernel", "random", "boot_id").read_text(encoding="ascii").strip()
    return f"{boot} {_PROC.joinpath('self', 'ns', 'pid').readlink()}"


def _started(pid: int) -> str | None:
    if not _PROC.joinpath("self", "stat").exists():
        return _started_elsewhere(pid)
    try:
        stat = _PROC.joinpath(str(pid), "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the command may hold blanks and brackets itself
    return None if fields[_STATE_FIELD] in _ENDED_STATES else fields[_START_FIELD]


def _started_elsewhere(pid: int) -> str | None:
    """Where there is no /proc, as on macOS, the system keeps the moment as it was. On Linux psutil reckons it from the
    boot's, which moves when the clock is set: a lease would then be taken from who still holds it."""
    import psutil  # noqa: PLC0415  not needed at all on Linux

    try:
        process = psutil.Process(pid)
        ended = process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        return None if ended else f"{process.create_time():.6f}"
    except psutil.NoSuchProcess:
        return None
    except psutil.AccessDenied as error:
        raise PermissionError(str(error)) from None
