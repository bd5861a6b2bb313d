"""A process that does what a server does for its schedule: `scheduling.py HOME [HOURS-LATER]`.

Says on stdout, a JSON value a line, each look it took and each run it started and ended. Ended with SIGKILL like any
process. Must not know: what is due, what a test waits for.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from e2e.owner import LaterClock
from polyhost.engine.config import load_config
from polyhost.engine.events import RunEvent, RunFinished, RunStarted
from polyhost.engine.notices.channels import channels
from polyhost.engine.notices.teller import Teller
from polyhost.engine.scheduler import Scheduler
from polyhost.operations.context import Context
from polyhost.operations.due_work import DueWork
from polyhost.store.sqlite import open_store


def say(what: str, **facts: Any) -> None:
    print(json.dumps({"said": what, **facts}), flush=True)


def watch(event: RunEvent) -> None:
    if isinstance(event, RunStarted):
        say("started", run=event.run_id)
    elif isinstance(event, RunFinished):
        say("finished", status=event.result["status"])


class Heard(Scheduler):
    async def look(self, tasks: asyncio.TaskGroup) -> float:
        wait = await Scheduler.look(self, tasks)
        say("looked")
        return wait


class Told(Teller):
    async def look(self) -> None:
        await Teller.look(self)
        say("asked")


async def main(home: Path, later: float) -> None:
    clock = LaterClock()
    clock.passed = timedelta(hours=later)
    store = await open_store(home)
    settings = load_config(home)
    work = DueWork(lambda trigger: Context(home=home, watch=watch, clock=clock, trigger=trigger))
    scheduler = Heard(work=work, store=store, home=home, settings=settings.schedule, clock=clock)
    teller = Told(store=store, home=home, ways=channels(settings.notify), schedule=settings.schedule, clock=clock)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(scheduler.run())
        tasks.create_task(teller.run())
        scheduler.after_run = teller.wake


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0))
