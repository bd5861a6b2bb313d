"""One run of the real command that is killed somewhere.

Owns: when it strikes and whom, and what is left running afterwards. Must not know: what the run collects, or what must
hold afterwards.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from e2e.command import CommandLine, Finished, Running
from e2e.processes import browser_of, gone, kill

__all__ = ["VICTIMS", "Aim", "Blow", "Victim", "ending", "strike"]

Victim = Literal["host", "browser", "both"]
VICTIMS: tuple[Victim, ...] = ("host", "browser", "both")
ORPHAN_SECONDS = 30.0
"""How long a browser may outlive its host: its driver notices at once, but this machine may be busy."""
POLL_SECONDS = 0.005
JITTER_SECONDS = 0.15
"""After a request: anywhere from before its answer to well after its page is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """Whom to kill: after so many requests of this run (None: whatever they are), and then so many seconds."""

    victim: Victim
    requests: int | None
    seconds: float

    @classmethod
    def random(cls, die: random.Random, victim: Victim, *, seconds: float, requests: int | None) -> Aim:
        """Anywhere in a run that usually takes so long; where requests can be counted, mostly among them."""
        if requests and die.random() < 0.75:
            return cls(victim=victim, requests=die.randint(1, requests), seconds=die.uniform(0, JITTER_SECONDS))
        return cls(victim=victim, requests=None, seconds=die.uniform(0.05, 1.05) * seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """What came of it. `hit` False: the run was over first. `orphan`: a browser that had to be ended by hand."""

    hit: bool
    ended: Finished
    orphan: bool = False

    @property
    def outcome(self) -> str:
        """How the run ended that lost its browser only."""
        return {0: "completed", 1: "failed", 3: "completed with gaps"}.get(
            self.ended.exit_code, f"exit status {self.ended.exit_code}"
        )


async def strike(command: CommandLine, words: tuple[str, ...], aim: Aim, requests: Callable[[], int]) -> Blow:
    """Start the run, kill what is aimed at, wait for what remains. `requests` counts those of this run so far."""
    async with command.running(*words) as running, asyncio.TaskGroup() as tasks:
        ending = tasks.create_task(running.finished())
        try:
            browser = await _await_moment(running, aim, requests)
            if ending.done() or running.process.returncode is not None:
                return Blow(hit=False, ended=await ending)
            orphan = False
            if aim.victim != "browser":
                running.kill()
            if browser is not None and aim.victim != "host":
                kill(browser)
            ended = await ending
            if browser is not None and not await gone(browser, ORPHAN_SECONDS):
                kill(browser)
                orphan = True
            hit = aim.victim == "host" or browser is not None
            return Blow(hit=hit, ended=ended, orphan=orphan)
        finally:
            ending.cancel()


async def _await_moment(running: Running, aim: Aim, requests: Callable[[], int]) -> int | None:
    """The browser at that moment, looked for beforehand where it is what dies."""
    process = running.process
    while aim.requests is not None and requests() < aim.requests and process.returncode is None:  # noqa: ASYNC110
        await asyncio.sleep(POLL_SECONDS)
    await asyncio.sleep(aim.seconds)
    browser = await browser_of(process.pid)
    while browser is None and aim.victim == "browser" and process.returncode is None:
        await asyncio.sleep(POLL_SECONDS)
        browser = await browser_of(process.pid)
    return browser


def ending(ended: Finished) -> list[str]:
    """Why the run that was left in peace did not complete; empty where it did."""
    if ended.exit_code in {0, 3}:
        return []
    try:
        reason = ended.value["error"]["reason"]
    except (ValueError, KeyError):
        reason = ended.stderr[-500:]
    return [f"the next run ended with {ended.exit_code}: {reason}"]
