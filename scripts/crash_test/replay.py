"""Rounds over the bundled recordings: replayed, killed, and replayed again; the second one upon the first.

Owns: the homes, what is compared with the recording's expected records. Must not know: how a run is killed.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from checkout import ROOT
from crash_test import stored
from crash_test.strike import Aim, Victim, ending, strike
from crash_test.tally import Tally
from e2e.command import CommandLine
from e2e.homes import copy_home
from polyhost.engine.sources.expected_records import expected_records
from polyhost.engine.sources.lookup import find_source
from polyhost.operations.context import Context
from polyhost.protocol.scope_request import resolve_scope
from polyhost.store.base import ConnectionRow, Store

__all__ = ["Replay"]

NAME = "slack"
MOST_NAMED = 5
FIXTURES = ROOT / "fixtures" / "slack"
Record = dict[str, Any]


@dataclass(slots=True)
class Replay:
    """A home in which `small` was replayed, copied for each round over `second`."""

    folder: Path
    die: random.Random
    tally: Tally
    seconds: float = 6.0
    _rounds: int = 0
    _grown: Path | None = None
    _expected: dict[str, list[Record]] = field(default_factory=dict[str, list[Record]])

    async def round(self, victim: Victim) -> None:
        """Once. Faults go into the tally."""
        self._rounds += 1
        scenario = self.die.choice(("small", "small", "second", "rate_limited"))
        home = self.folder / f"replay-{self._rounds}" / "home"
        home.parent.mkdir()
        if scenario == "second":
            copy_home(await self._after_small(), home)
        command = CommandLine(home=home, folder=home.parent)
        words = ("run", NAME, "--replay", str(FIXTURES / scenario), "--json")
        aim = Aim.random(self.die, victim, seconds=self.seconds, requests=None)
        name = f"replay {self._rounds} of {scenario}, {aim}"
        before, cursors = await self._records(home), await self._cursors(home)
        blow = await strike(command, words, aim, lambda: 0)
        left, expected = await self._records(home), self._read(scenario)
        self.tally.struck("replay", victim, blow, _where(before, left, expected, home))
        faults = stored.broken(home)
        if await self._cursors(home) == cursors:  # else it was over: a recording answers one run, and not the next
            began = time.monotonic()
            faults += ending(await command(*words))
            self.seconds = time.monotonic() - began
        after = await self._records(home)
        wrong = [one for one in after if one not in expected] + [one for one in expected if one not in after]
        wrong_ones = [f"{one['stream']} {one['key']} is not as expected" for one in wrong[:MOST_NAMED]]
        self.tally.blame(name, [*faults, *stored.broken(home), *wrong_ones])
        self.tally.messages += sum(record["stream"] == "messages" for record in expected)
        shutil.rmtree(home.parent)

    async def _after_small(self) -> Path:
        if self._grown is None:
            self._grown = self.folder / "small" / "home"
            self._grown.parent.mkdir()
            command = CommandLine(home=self._grown, folder=self._grown.parent)
            await command("run", NAME, "--replay", str(FIXTURES / "small"))
        return self._grown

    def _read(self, scenario: str) -> list[Record]:
        if scenario not in self._expected:
            lines = (FIXTURES / scenario / "expected.jsonl").read_bytes().splitlines()
            self._expected[scenario] = [orjson.loads(line) for line in lines]
        return self._expected[scenario]

    async def _records(self, home: Path) -> list[Record]:
        async with _opened(home) as (store, connection):
            if store is None or connection is None:
                return []
            return await expected_records(store, connection, resolve_scope(find_source(NAME, home).manifest))

    async def _cursors(self, home: Path) -> Mapping[str, Any]:
        """They move once everything of a run is stored."""
        async with _opened(home) as (store, connection):
            return {} if store is None or connection is None else await store.ledger.checkpoints(connection.id)


@asynccontextmanager
async def _opened(home: Path) -> AsyncGenerator[tuple[Store | None, ConnectionRow | None]]:
    """The store and the connection, as far as a killed process has made them."""
    context = Context(home=home)
    if not context.has_store:
        yield None, None
        return
    async with context.store() as store:
        yield store, await store.connections.get(NAME)


def _where(before: list[Record], left: list[Record], expected: list[Record], home: Path) -> str:
    if not (home / "store.db").exists():
        return "1 before the run began"
    if left == before:
        return "2 before the first page was stored"
    return "4 after the last new record" if left == expected else "3 between two pages"
