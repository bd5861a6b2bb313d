"""What a process and everything it started are, wherever that went: how many, how much memory, and how they are ended.

Owns: walking /proc (Linux) or asking psutil (macOS); the mark by which the processes of a connector know each other.
Must not know: runs, browsers, what is too much.

A process belongs to a tree if its parent does, or whoever began its session, if it has the tree's mark in the
environment that it was started with, or if it was seen in the tree before. Parents are forgotten when they end,
sessions are left with one call; the mark stays, also with what goes into the background twice. Out of reach is only
what is started with an environment of its own, leaves the session and loses its parent between two looks.

The mark says which host it comes from, so that what a host has left behind that was killed itself can be told from what
another one is still using.

Memory is what a process holds for itself alone (`RssAnon`): what a browser's processes share would count once for each.
Where only psutil can be asked it is all that is resident, which is more.
"""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

__all__ = ["MARK", "ProcessTree", "Usage", "end_strays", "measure", "new_mark"]

MARK = "POLYHOST_CONNECTOR"
"""The variable that holds the mark."""
_PROC = Path("/proc")
_STATE_FIELD, _PARENT_FIELD, _SESSION_FIELD, _START_FIELD = 0, 1, 3, 19
"""In /proc/PID/stat behind the command's closing bracket."""
_ENDED_STATES = "ZXx"
_KIB = 1024
_ROUNDS = 20
"""How often a tree is looked at again while it is killed: what starts others faster than that is bounded by the number
of processes that a run may have."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a whole tree. Both are 0 where the process is gone, or nothing can be told."""

    processes: int
    memory: int
    """Bytes."""


class _Process(NamedTuple):
    """One that lives. `started` tells it from others that had its number before."""

    pid: int
    parent: int
    session: int
    started: str


def new_mark() -> str:
    """A mark that no other process has, of this host."""
    return f"{_host()}/{secrets.token_hex(8)}"


class ProcessTree:
    """A process that leads its own session, and all that belongs to it, as long as there is anything of it. To be asked
    from any thread; each call blocks for some milliseconds."""

    def __init__(self, root: int | None, mark: str) -> None:
        self._root = root
        self._mark = mark
        self._seen: set[tuple[int, str]] = set()
        self._looking = threading.Lock()

    def look(self) -> Sequence[_Process]:
        """Who belongs to it now; remembered as long as it lives, whatever it does to be forgotten."""
        with self._looking:  # a look that is older than another must not forget what that one found
            known = list(_living())
            roots = {one.pid for one in known if one.pid == self._root or (one.pid, one.started) in self._seen}
            found = _tree(known, roots, self._mark, session=self._root)
            self._seen = {(one.pid, one.started) for one in found}
            return found

    def signal(self, number: signal.Signals) -> None:
        """Tell all of them. What is to be killed is looked for until nothing new is found."""
        told: set[tuple[int, str]] = set()
        for _ in range(_ROUNDS if number is signal.SIGKILL else 1):
            fresh = [one for one in self.look() if (one.pid, one.started) not in told and one.pid != os.getpid()]
            told |= {(one.pid, one.started) for one in fresh}
            for one in fresh:
                with suppress(ProcessLookupError, PermissionError):  # gone meanwhile; or another user's by now
                    os.kill(one.pid, number)
            if not fresh:
                return


def measure(root: int) -> Usage:
    """The process itself, and all that belongs to it. Blocks for some milliseconds."""
    known = list(_living())
    roots = {root} & {process.pid for process in known}
    mark = next((_mark_of(pid) for pid in roots), None)
    tree = _tree(known, roots, None if mark == _mark_of(os.getpid()) else mark)
    return Usage(len(tree), sum(_memory(process.pid) for process in tree))


def end_strays() -> None:
    """Kill what a host left behind that is gone itself. Blocks for some milliseconds."""
    known = list(_living())
    world = _world()
    living = {f"{world}/{process.pid}/{process.started}" for process in known}
    marks = {mark for process in known if (mark := _mark_of(process.pid)) is not None}
    for mark in marks:
        host = mark.rpartition("/")[0]
        if host.startswith(f"{world}/") and host not in living:
            ProcessTree(None, mark).signal(signal.SIGKILL)


def _tree(
    known: Collection[_Process], roots: Collection[int], mark: str | None, *, session: int | None = None
) -> list[_Process]:
    """Those of the roots, the mark and the session, and all that descend from one of them or are in a session it
    began. A session outlives its leader, whose number is nobody else's as long as there is anyone in it."""
    below: dict[int, list[_Process]] = {}
    for process in known:
        below.setdefault(process.parent, []).append(process)
        below.setdefault(process.session, []).append(process)
    found: dict[int, _Process] = {}
    waiting = [
        process
        for process in known
        if process.pid in roots or process.session == session or (mark and _mark_of(process.pid) == mark)
    ]
    while waiting:
        process = waiting.pop()
        if process.pid not in found:
            found[process.pid] = process
            waiting.extend(below.get(process.pid, ()))
    return list(found.values())


def _host() -> str:
    return f"{_world()}/{os.getpid()}/{_own_start()}"


def _own_start() -> str:
    """Of this process, without a look at all others."""
    if _has_proc():
        own = _read_stat(_PROC / str(os.getpid()))
        return "" if own is None else own.started
    import psutil  # noqa: PLC0415  not needed at all on Linux

    return f"{psutil.Process().create_time():.6f}"


def _has_proc() -> bool:
    return _PROC.joinpath("self", "stat").exists()


def _world() -> str:
    """What process numbers are unique in: this pid namespace."""
    return str(_PROC.joinpath("self", "ns", "pid").readlink()) if _has_proc() else "host"


def _living() -> Iterator[_Process]:
    return _from_proc() if _has_proc() else _from_psutil()


def _from_proc() -> Iterator[_Process]:
    for folder in _PROC.iterdir():
        if folder.name.isdigit() and (process := _read_stat(folder)) is not None:
            yield process


def _read_stat(folder: Path) -> _Process | None:
    """None where it has ended."""
    try:
        stat = folder.joinpath("stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # gone meanwhile
        return None
    rest = stat.rpartition(")")[2].split()  # the command may hold blanks and brackets itself
    if rest[_STATE_FIELD] in _ENDED_STATES:
        return None
    return _Process(int(folder.name), int(rest[_PARENT_FIELD]), int(rest[_SESSION_FIELD]), rest[_START_FIELD])


def _from_psutil() -> Iterator[_Process]:
    import psutil  # noqa: PLC0415  not needed at all on Linux

    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.status() != psutil.STATUS_ZOMBIE:
                yield _Process(process.pid, process.ppid(), _session_of(process.pid), f"{process.create_time():.6f}")


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:  # it is not to be told
        return 0


def _mark_of(pid: int) -> str | None:
    """None also where it is another user's, who does not show it."""
    if _has_proc():
        try:
            pairs = _PROC.joinpath(str(pid), "environ").read_bytes().split(b"\0")
        except OSError:
            return None
        name = MARK.encode() + b"="
        found = next((pair for pair in pairs if pair.startswith(name)), None)
        return None if found is None else found[len(name) :].decode("ascii", "replace")
    import psutil  # noqa: PLC0415  not needed at all on Linux

    try:
        return psutil.Process(pid).environ().get(MARK)
    except (psutil.Error, OSError):
        return None


def _memory(pid: int) -> int:
    if _has_proc():
        try:
            status = _PROC.joinpath(str(pid), "status").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return 0
        line = next((line for line in status.splitlines() if line.startswith("RssAnon:")), None)
        return 0 if line is None else int(line.split()[1]) * _KIB
    import psutil  # noqa: PLC0415  not needed at all on Linux

    try:
        return psutil.Process(pid).memory_info().rss
    except (psutil.Error, OSError):
        return 0
