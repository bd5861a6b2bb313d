"""The processes of one run, and ending exactly these.

Owns: finding the browser that a run has started, kill -9 by pid, waiting until a process is gone. Must not know: when
or why a run is killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["browser_of", "gone", "kill"]

POLL_SECONDS = 0.05
"""Between two looks at a process that is expected to end."""


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    state: str
    command: str


async def browser_of(host: int) -> int | None:
    """The browser below this process; None where there is none (yet). A browser's own helpers carry `--type=`."""
    below = {host}
    found: int | None = None
    processes = await _processes()
    for _ in range(2):  # the driver, and what it has started; pids may come in any order
        below |= {process.pid for process in processes if process.parent in below}
    for process in processes:
        is_browser = "--headless" in process.command and "--type=" not in process.command
        if process.pid in below and is_browser and not process.state.startswith("Z"):
            found = process.pid
    return found


def kill(pid: int) -> None:
    """kill -9; one that is gone already is fine."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


async def gone(pid: int, within: float) -> bool:
    """Whether a process ends by itself in so many seconds."""
    try:
        async with asyncio.timeout(within):
            while pid in {process.pid for process in await _processes() if not process.state.startswith("Z")}:  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        return False
    return True


async def _processes() -> list[_Process]:
    asked = await asyncio.create_subprocess_exec(
        "ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args=", stdout=asyncio.subprocess.PIPE
    )
    listed, _ = await asked.communicate()
    found: list[_Process] = []
    for line in listed.decode(errors="replace").splitlines():
        pid, parent, state, *command = line.split(maxsplit=3)
        found.append(_Process(int(pid), int(parent), state, command[0] if command else ""))
    return found
