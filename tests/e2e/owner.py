"""An owner at work: connects the fake workspace, runs, reads what is stored. Through the operations, in this process.

Must not know: how an operation is carried out, what the truth is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from e2e.homes import copy_home
from fakes.slack import FakeSlack
from polyhost.browser.reused_browser import ReusedBrowser
from polyhost.engine.clock import Clock
from polyhost.engine.events import RunEvent
from polyhost.operations.connect import ConnectRequest, connect
from polyhost.operations.context import Context
from polyhost.operations.coverage import CoverageRequest, coverage
from polyhost.operations.records import RecordsRequest, records
from polyhost.operations.runs import RunRequest, RunsRequest, run, runs

__all__ = ["BROWSER", "NAME", "LaterClock", "Owner", "Ran"]

NAME = "fake"
BROWSER = ReusedBrowser()
"""One for all runs in this process, one after another; conftest.py closes it. Commands start their own."""


class LaterClock(Clock):
    """The real time, and as many days later as a test has let pass."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def now(self) -> float:
        return super().now() + self.passed.total_seconds()

    def up(self) -> float:
        return super().up() + self.passed.total_seconds()


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run came to, with the words a test asks in."""

    value: dict[str, Any]
    exit_code: int
    requests: dict[str, int]
    """API calls as the server counted them, by method."""

    @property
    def status(self) -> str:
        return self.value["status"]

    @property
    def codes(self) -> set[str]:
        return {diagnostic["code"] for diagnostic in self.value["diagnostics"]}

    def diagnostic(self, code: str) -> dict[str, Any]:
        """The only one of this code."""
        (found,) = [one for one in self.value["diagnostics"] if one["code"] == code]
        return found

    def counts(self, stream: str) -> tuple[int, int, int]:
        """New, updated, deleted."""
        counted = self.value["streams"][stream]
        return counted["new"], counted["updated"], counted["deleted"]


@dataclass(slots=True)
class Owner:
    """One home, one connection, one server."""

    slack: FakeSlack
    home: Path
    clock: LaterClock = field(default_factory=LaterClock)
    events: list[RunEvent] = field(default_factory=list)

    def context(self) -> Context:
        return Context(home=self.home, watch=self.events.append, clock=self.clock, launcher=BROWSER.launcher)

    async def connect(self, **options: Any) -> None:
        state = self.slack.write_storage_state(self.home.with_suffix(".session.json"))
        await connect(
            self.context(),
            ConnectRequest(
                source="slack",
                name=NAME,
                storage_state=str(state),
                map_host=tuple(self.slack.map_host),
                insecure_tls=True,
                **options,
            ),
        )

    async def renew(self, state: Path) -> None:
        """Another session. The mapping is given here too: a copied home has an older one."""
        request = ConnectRequest(
            source="slack",
            name=NAME,
            storage_state=str(state),
            map_host=tuple(self.slack.map_host),
            insecure_tls=True,
            renew=True,
        )
        await connect(self.context(), request)

    async def run(self, **options: Any) -> Ran:
        """One run; options are those of RunRequest. The mapping is given each time: a copied home has an older one."""
        self.events.clear()
        self.slack.log.clear()
        asked = RunRequest(name=NAME, map_host=tuple(self.slack.map_host), insecure_tls=True, **options)
        result = await run(self.context(), asked)
        return Ran(result.value, result.exit_code, self.slack.log.counts())

    async def records(self, stream: str, **options: Any) -> list[dict[str, Any]]:
        asked = RecordsRequest(name=NAME, stream=stream, limit=0, **options)
        return (await records(self.context(), asked)).value["records"]

    async def partitions(self) -> dict[str, dict[str, Any]]:
        """The messages' coverage by conversation, as a surface shows it: JSON knows lists, and no tuples."""
        found = json.loads(json.dumps((await coverage(self.context(), CoverageRequest(name=NAME))).value))
        return {view["key"]: view for view in found["streams"]["messages"]["partitions"]}

    async def runs(self) -> list[dict[str, Any]]:
        return (await runs(self.context(), RunsRequest(name=NAME))).value["runs"]

    def copy_of(self, home: Path) -> None:
        """Start from another owner's home; nobody may have it open."""
        copy_home(home, self.home)
