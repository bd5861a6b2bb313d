"""What befalls a run besides a sick source: its connector, its host, its owner or the disk, at one step of it.

Each says how the run may end, and what it must be called. Must not know: what was read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.rig import Rig
from playbooks import coverage, done
from polyhost.connectors.base import Malformed
from polyhost.connectors.scripted import FLUSH, RESTART, Said, Script, ScriptHost
from polyhost.store.base import WriteOp

__all__ = ["NOTHING", "STEPS", "STRIKES", "Strike", "Struck", "struck"]

YEARS = 2 * 365 * 86_400.0
STEPS = (0, 1, 2, 5, 10, 20, 40)
"""Where a strike may fall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """`says`: what the connector says then, if anything; `does`: what happens to the host. `statuses` and `codes`: how
    the run ends (a code of a diagnostic or of the error, any of them); none: as if nothing had happened."""

    name: str
    says: Callable[[], Sequence[Said]] | None = None
    does: Callable[[Rig, Struck], None] | None = None
    ends: bool = False
    hangs: bool = False
    dies: bool = False
    statuses: frozenset[str] = field(default_factory=frozenset[str])
    codes: frozenset[str] = field(default_factory=frozenset[str])


def _failing(name: str, code: str, **more: Any) -> Strike:
    return Strike(name=name, statuses=frozenset({"failed"}), codes=frozenset({code}), **more)


def _fill_disk(rig: Rig, state: Struck) -> None:
    def fails(_: Sequence[WriteOp]) -> bool:
        state.refused_writes += 1
        return True

    rig.store.fails = fails


def _cancel(rig: Rig, _: Struck) -> None:
    rig.cancelled.set()


def _jump(seconds: float) -> Callable[[Rig, Struck], None]:
    def does(rig: Rig, _: Struck) -> None:
        rig.clock.seconds += seconds

    return does


STRIKES = (
    _failing(
        "exits",
        "connector_crashed",
        ends=True,
    ),
    Strike(name="restarts", says=lambda: [RESTART]),
    _failing(
        "half a line",
        "protocol_violation",
        says=lambda: [Malformed(1, 7, "0" * 64, "not_json")],
    ),
    _failing(
        "a message of no kind",
        "protocol_violation",
        says=lambda: [{"type": "SURPRISE", "data": 1}],
    ),
    _failing(
        "a cursor that is none",
        "protocol_violation",
        says=lambda: [coverage("messages", "A", "soon", "never")],
    ),
    _failing(
        "miscounts",
        "protocol_violation",
        ends=True,
        says=lambda: [done(10**6)],
    ),
    _failing(
        "the site is down",
        "source_unavailable",
        ends=True,
        says=lambda: [done(-1, "failed", code="source_unavailable")],
    ),
    Strike(
        name="signed out",
        ends=True,
        says=lambda: [done(-1, "failed", code="signed_out", retryable=False)],
        statuses=frozenset({"needs_owner"}),
        codes=frozenset({"signed_out"}),
    ),
    Strike(name="cancelled", does=_cancel, statuses=frozenset({"cancelled"})),
    Strike(
        name="silent, then cancelled",
        does=_cancel,
        hangs=True,
        statuses=frozenset({"cancelled"}),
    ),
    Strike(name="dies", dies=True),
    _failing(
        "the disk is full",
        "disk_full",
        does=_fill_disk,
    ),
    Strike(name="two years on", does=_jump(YEARS)),
    Strike(name="two years back", does=_jump(-YEARS)),
)


NOTHING = Strike(name="nothing")


@dataclass(slots=True)
class Struck:
    """Whether it came to it: a run may be over before."""

    strike: Strike
    died: asyncio.Event = field(default_factory=asyncio.Event)
    has_struck: bool = False
    refused_writes: int = 0

    @property
    def ends_the_run(self) -> bool:
        """From here on nothing that the connector says has to count."""
        return self.has_struck and bool(self.strike.statuses or self.strike.dies)


def struck(script: Script, by: Strike, rig: Rig, at: int) -> tuple[Script, Struck]:
    """The script, and at this step of it the strike; once, also where it is started again."""
    state = Struck(by)

    async def disturbed(host: ScriptHost) -> AsyncGenerator[Said]:
        steps = 0
        records = host.start.get("resume", {}).get("records_emitted", 0)
        async for message in script(host):
            if steps == at and not state.has_struck:
                state.has_struck = True
                async for one in _strike(by, rig, state, records):
                    yield one
                if by.ends:
                    return
            steps += 1
            records += isinstance(message, dict) and message.get("type") == "RECORD"
            yield message

    return disturbed, state


async def _strike(by: Strike, rig: Rig, state: Struck, records: int) -> AsyncGenerator[Said]:
    if by.dies:
        yield FLUSH
        state.died.set()
        await asyncio.Event().wait()
    for one in by.says() if by.says is not None else ():
        if isinstance(one, dict) and one.get("records_emitted") == -1:
            one["records_emitted"] = records
        yield one
    if by.does is not None:
        by.does(rig, state)
    if by.hangs:
        await asyncio.Event().wait()
