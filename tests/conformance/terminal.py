"""A command at a terminal: what it shows is read until something appears, and keys are pressed (POSIX only).

Must not know: what any command asks.
"""

from __future__ import annotations

import asyncio
import os
import pty
import termios
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from checkout import ROOT
from fork_server import Forked, fork

__all__ = ["Terminal", "at_terminal"]

LONGEST = 60.0
"""Seconds anything may take to appear: two shared cores are slow when they are full."""


class Terminal:
    """The other end of the command's terminal."""

    def __init__(self, master: int, process: Forked) -> None:
        self.shown = ""
        self._master = master
        self._process = process

    async def shows(self, text: str) -> None:
        """Wait until this stands on the terminal."""
        async with asyncio.timeout(LONGEST):
            while text not in self.shown:
                if not await self._read():
                    raise AssertionError(f"the command ended; it showed {self.shown!r}")

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def echoes(self) -> bool:
        """Whether what is typed now is shown."""
        return bool(termios.tcgetattr(self._master)[3] & termios.ECHO)

    async def exit_code(self) -> int:
        async with asyncio.timeout(LONGEST):
            while await self._read():
                pass
            return await self._process.wait()

    async def _read(self) -> bool:
        try:
            text = await asyncio.get_running_loop().run_in_executor(None, os.read, self._master, 4096)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.shown += text.decode(errors="replace")
        return bool(text)


@asynccontextmanager
async def at_terminal(home: Path, *words: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Terminal]:
    """`polyhost --home HOME …` with a terminal of its own, on which Ctrl-C and Ctrl-D mean what they do."""
    master, slave = pty.openpty()
    around = {**os.environ, "PYTHONPATH": str(ROOT / "host"), "TERM": "xterm", "COLUMNS": "200", **(environment or {})}
    program = ["-m", "polyhost", "--home", str(home), *words]
    process = await fork(program, folder=home.parent, environment=around, terminal=slave)
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        await process.end()
        os.close(master)
