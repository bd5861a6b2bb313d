"""Rounds against the fake workspace: it changes, a run is killed, it may change again, the next run is left in peace.

Owns: the homes, what is compared with the server's truth. Must not know: how a run is killed.
"""

from __future__ import annotations

import random
import shutil
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from crash_test import stored
from crash_test.stored import Moment, Stored
from crash_test.strike import Aim, Victim, ending, strike
from crash_test.tally import Tally
from e2e.command import CommandLine
from e2e.homes import copy_home
from e2e.owner import NAME, Owner
from e2e.truth import difference
from fakes.slack import Behaviour, FakeSlack, happen, scenarios, truth
from polyhost.connectors.loading import bundled_folder
from polyhost.ledger import ranges
from polyhost.ledger.state import CursorOrder

__all__ = ["Live"]

ROUNDS_OF_A_HOME = 4
"""Then a new one: the first run has most to lose."""
PLENTY = 10_000
"""Requests a run may spend on reading again: how soon old edits are noticed is a question of the budget, not ours."""
EVENTS, LATE_EVENTS = 25, 8
LATE_NEWS = 0.5
"""Share of rounds in which the world changes once more between the killed run and the next."""
PAGES = (4, 9, 30)
"""Messages on a page: small ones, so that a run takes many."""
LEAST_REQUESTS = 4
MOST_NAMED = 5
MOST_VERSIONS = 4
"""Versions a message can gain in one round: two days of events, a change and a deletion each."""
CONTROLS = 0.25
"""Share of rounds in which an undisturbed run over a copy of the home is counted as well."""
NOTHING = Stored({}, 0, {}, ())


@dataclass(slots=True)
class Live:
    """One workspace and one home after the other."""

    folder: Path
    die: random.Random
    tally: Tally
    seconds: float = 6.0
    requests: int = 12
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)
    _owner: Owner | None = None
    _before: Stored = NOTHING
    _known: frozenset[Moment] = frozenset()
    _rounds: int = 0
    _homes: int = 0
    _name: str = ""

    async def round(self, victim: Victim) -> None:
        """Once. Faults go into the tally."""
        owner = await self._at_home()
        fresh = not self._before.messages
        if not fresh:
            self._happen(owner, EVENTS)
        compared = self.die.random() < CONTROLS
        undisturbed = await self._control(owner) if compared else 0
        owner.slack.log.clear()
        hit = await self._kill(owner, victim)
        killed = len(owner.slack.log.seen)
        if not compared and self.die.random() < LATE_NEWS:
            self._happen(owner, LATE_EVENTS)
        owner.slack.log.clear()
        await self._recover(owner)
        requests = len(owner.slack.log.seen)
        if compared and hit:
            self.tally.extra.append(killed + requests - undisturbed)
            self.tally.undisturbed.append(undisturbed)
        self.requests = max(LEAST_REQUESTS, undisturbed or requests)

    async def _kill(self, owner: Owner, victim: Victim) -> bool:
        aim = Aim.random(self.die, victim, seconds=self.seconds, requests=self.requests)
        self._name = f"home {self._homes}, round {self._rounds}, {aim}"
        log = owner.slack.log.seen
        blow = await strike(self._command(owner.home), ("run", NAME, "--json"), aim, lambda: len(log))
        left = await stored.read(owner.home, NAME)
        true = _positions(owner)
        self.tally.struck("live", victim, blow, _where(self._before, left, len(true)))
        self.tally.blame(self._name, [*stored.broken(owner.home), *self._unproven(left, true)])
        return blow.hit

    async def _recover(self, owner: Owner) -> None:
        """The next run, left in peace: everything is held to the truth now."""
        began = time.monotonic()
        ended = await self._command(owner.home)("run", NAME, "--json")
        self.seconds = time.monotonic() - began
        after, true = await stored.read(owner.home, NAME), _positions(owner)
        wrong = [f"{key}: stored {one}, true {other}" for key, (one, other) in (await difference(owner)).items()]
        faults = [*ending(ended), *stored.broken(owner.home), *self._unproven(after, true), *wrong[:MOST_NAMED]]
        self.tally.blame(self._name, [*faults, *self._anew(after), *owner.slack.violations])
        if not faults and (codes := {found["code"] for found in ended.value["diagnostics"]} - {"partition_missing"}):
            self.tally.blame(self._name, [f"the next run reports {sorted(codes)}"])
        self.tally.messages += len(true)
        self._before, self._known = after, frozenset(true)

    async def close(self) -> None:
        """Stop the server."""
        await self._open.aclose()

    async def _at_home(self) -> Owner:
        if self._owner is None or self._rounds % ROUNDS_OF_A_HOME == 0:
            self._owner = await self._move()
        self._rounds += 1
        return self._owner

    async def _move(self) -> Owner:
        await self._open.aclose()
        self._open = AsyncExitStack()
        self._homes += 1
        home = self.folder / f"live-{self._homes}" / "home"
        home.parent.mkdir()
        _let_read_plenty(home)
        behaviour = Behaviour(page_cap=self.die.choice(PAGES), repeat_root=self.die.random() < 0.5)
        owner = Owner(await self._open.enter_async_context(FakeSlack(scenarios.small(), behaviour=behaviour)), home)
        await owner.connect()
        self._before, self._known = NOTHING, frozenset()
        return owner

    def _happen(self, owner: Owner, times: int) -> None:
        """Anything, and a week: then everything is listed, whatever came and went meanwhile."""
        happen(owner.slack.world, self.die.randrange(1_000_000), times=times)
        owner.slack.world.advance(days=8)

    async def _control(self, owner: Owner) -> int:
        """Requests of an undisturbed run over the same news."""
        copy = owner.home.parent / "control"
        copy_home(owner.home, copy)
        owner.slack.log.clear()
        await self._command(copy)("run", NAME, "--json")
        shutil.rmtree(copy)
        return len(owner.slack.log.seen)

    def _command(self, home: Path) -> CommandLine:
        return CommandLine(home=home, folder=home.parent)

    def _unproven(self, now: Stored, true: dict[Moment, str]) -> list[str]:
        """What the ledger claims and the store lacks, and what is called deleted and is not."""
        found = [f"{now.twice} messages are stored twice"] if now.twice else []
        for moment, position in true.items():
            channel = moment[0]
            message = now.messages.get(moment)
            if message is not None and message.deleted:
                found.append(f"{moment} is called deleted and exists")
            if message is not None:
                continue
            fresh = _inside(stored.newly_claimed(self._before, now, channel), position)
            kept = moment in self._known and _inside(now.covered.get(channel, ()), position)
            if fresh or kept:
                found.append(f"{moment} is claimed ({position}) and not stored")
        return found

    def _anew(self, after: Stored) -> list[str]:
        """A record that changed more often than the world can have changed it was taken for new although known."""
        return [
            f"{moment} has {message.version} versions, and had {before.version}"
            for moment, message in after.messages.items()
            if (before := self._before.messages.get(moment)) and message.version - before.version > MOST_VERSIONS
        ]


def _positions(owner: Owner) -> dict[Moment, str]:
    """Every message that the account can see, with its position."""
    spoken = truth.visible_messages(owner.slack.world, tombstones=False)
    return {moment: said.thread_ts or said.ts for moment, said in spoken.items()}


def _inside(pieces: ranges.Ranges, position: str) -> bool:
    """Strictly: the end of what was covered before is a position whose replies may have come since."""
    order = CursorOrder.DECIMAL
    return any(
        ranges.contains((piece,), ranges.Range(position, position), order)
        and position not in (piece.since, piece.until)
        for piece in pieces
    )


def _where(before: Stored, left: Stored, all_of_them: int) -> str:
    began = left.runs[:1] != before.runs[:1]
    if not began:
        return "1 before the run began"
    if left.runs[0][1] != "running":
        return "5 the run went on to its end"
    gained = left.messages.keys() - before.messages.keys()
    if not gained and left.covered == before.covered:
        return "2 before the first page was stored"
    return "3 between two pages" if len(left.live) < all_of_them else "4 after the last new record"


def _let_read_plenty(home: Path) -> None:
    """The home's own copy of the polyfill, that may read everything again on each run."""
    folder = home / "polyfills" / "slack"
    shutil.copytree(bundled_folder() / "slack", folder)
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    for stream in manifest["streams"]:
        if "partition" in stream:
            stream["partition"]["refresh"] |= {"requests_per_run": PLENTY, "lookback_records": PLENTY}
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
