"""The server itself, at a time of a test's choosing: `python -m e2e.scheduling HOME HOURS-LATER`.

Says on stdout, a JSON value a line, each look of the scheduler and of the notifier, and each run it started and ended.
Must not know: what is due, what a test waits for.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from e2e.owner import LaterClock
from polyhost.api.metrics import Metrics
from polyhost.engine.events import RunFinished, RunStarted
from polyhost.engine.notices.notifier import Notifier
from polyhost.engine.schedule.scheduler import Scheduler
from polyhost.server.serving import serving


def say(what: str, **facts: Any) -> None:
    print(json.dumps({"said": what, **facts}), flush=True)


def overhear() -> None:
    """Nothing is done otherwise; it is only said."""
    look, ask, count = Scheduler.look, Notifier.look, Metrics.count

    async def looked(self: Scheduler, tasks: asyncio.TaskGroup) -> float:
        wait = await look(self, tasks)
        say("looked")
        return wait

    async def asked(self: Notifier) -> None:
        await ask(self)
        say("asked")

    def counted(self: Metrics, trigger: str, event: Any) -> None:
        count(self, trigger, event)
        if isinstance(event, RunStarted):
            say("started", trigger=trigger)
        elif isinstance(event, RunFinished):
            say("finished", status=event.result["status"])

    Scheduler.look, Notifier.look, Metrics.count = looked, asked, counted  # type: ignore[method-assign]


async def main(home: Path, later: float) -> None:
    clock = LaterClock()
    clock.passed = timedelta(hours=later)
    async with serving(home, port=0, clock=clock) as server:
        say("serving", address=server.address)
        await asyncio.Event().wait()


if __name__ == "__main__":
    overhear()
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2])))
