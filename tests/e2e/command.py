"""The real command as a process of its own: its exit status, its one JSON value, its words on stderr.

Must not know: what any command does.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checkout import ROOT
from fakes.slack import FakeSlack
from fork_server import Forked, fork

__all__ = ["UNSEEN", "CommandLine", "Finished", "Running"]

LONGEST = 90.0
"""Seconds a command may take before the test gives up on it; two shared cores are slow when they are full."""


_SHELL = shutil.which("chromium-headless-shell")
UNSEEN: Mapping[str, str] = {} if _SHELL is None else {"POLYHOST_BROWSER": _SHELL}
"""An environment in which runs use the same engine without a window, where there is one: it starts in half the time. A
site that is not of this project's own fakes is otherwise shown the owner's own kind of browser, as signing in does."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def value(self) -> dict[str, Any]:
        """The one JSON value on stdout."""
        return json.loads(self.stdout)

    @property
    def complaint(self) -> str:
        """The one sentence on stderr that says why, whatever progress came before it."""
        (line,) = [line for line in self.stderr.splitlines() if line.strip()]
        return line


@dataclass(slots=True)
class Running:
    """A command that has not ended."""

    process: Forked

    def interrupt(self) -> None:
        """Ctrl-C as a terminal sends it: to the command and everything it has started."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """kill -9 of the command alone; what it started is left to notice by itself."""
        self.process.kill()

    async def said(self, words: str) -> None:
        """Once it has said so on stderr; what it said by then is not told by `finished` any more."""
        async with asyncio.timeout(LONGEST):
            while words not in (line := (await self.process.stderr.readline()).decode()):
                assert line, f"it ended without saying {words!r}"

    async def finished(self) -> Finished:
        async with asyncio.timeout(LONGEST):
            stdout, stderr = await self.process.communicate()
        return Finished(await self.process.wait(), stdout.decode(), stderr.decode())


@dataclass(slots=True)
class CommandLine:
    """`polyhost --home HOME …`, run in an empty folder of its own. `program`: what Python is to run."""

    home: Path
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = ("-m", "polyhost")

    async def __call__(self, *words: str) -> Finished:
        async with self.running(*words) as running:
            return await running.finished()

    @asynccontextmanager
    async def running(self, *words: str) -> AsyncIterator[Running]:
        """Started, in a process group of its own; killed at the end of the block if it still lives."""
        process = await fork(
            [*self.program, "--home", str(self.home), *words],
            folder=self.folder,
            environment={**os.environ, "PYTHONPATH": str(ROOT / "host"), **self.environment},
        )
        try:
            yield Running(process)
        finally:
            await process.end()

    async def connect(self, slack: FakeSlack) -> Finished:
        state = slack.write_storage_state(self.folder / "session.json")
        return await self("connect", "slack", "--name", "fake", "--storage-state", str(state), *self.mapped(slack))

    @staticmethod
    def mapped(slack: FakeSlack) -> tuple[str, ...]:
        """The options that lead to the fake."""
        return (*(word for pair in slack.map_host for word in ("--map-host", pair)), "--insecure-tls")
