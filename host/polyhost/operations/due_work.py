"""What the scheduler starts, carried out through the operations: the same run, the same import as an owner's.

Must not know: when anything is due.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from polyhost.engine.scheduler import Work
from polyhost.operations.artifacts import import_file
from polyhost.operations.collect import run
from polyhost.operations.context import Context
from polyhost.operations.requests import ImportRequest, RunRequest

__all__ = ["SCHEDULE", "DueWork"]

SCHEDULE = "schedule"
"""What set these runs off, as their receipts say."""


@dataclass(frozen=True, slots=True)
class DueWork(Work):
    """Each in surroundings of its own. `context` is told what set it off."""

    context: Callable[[str], Context]

    async def collect(self, connection: str) -> None:
        await run(self.context(SCHEDULE), RunRequest(name=connection))

    async def import_watched(self, connection: str) -> None:
        await import_file(self.context("watched_folder"), ImportRequest(name=connection, watched=True))
