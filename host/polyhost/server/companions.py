"""What goes on in a server beside answering: what is due is started, the owner is told, records are indexed, other
processes' runs are heard, the settings are followed.

Owns: which of these there are, and that they start and end together. Must not know: how any of them decides; HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from polyhost.engine.notices.causes import Question
from polyhost.engine.notices.channels import channels
from polyhost.engine.notices.notifier import Notifier
from polyhost.engine.reading.indexing import Indexer
from polyhost.engine.schedule.scheduler import Scheduler
from polyhost.engine.settings.config import Config
from polyhost.engine.settings.reload import SettingsWatcher
from polyhost.operations.hosted import HostedWork
from polyhost.server.resources import Resources

__all__ = ["companions", "make_notifier"]


def make_notifier(resources: Resources, config: Config, dashboard: Callable[[str], str]) -> Notifier:
    """It tells the owner what they are needed for, once it runs. `dashboard`: the page of a connection."""

    def questions() -> Sequence[Question]:
        return [
            Question(connection=one.connection, run_id=one.run_id, request_id=one.request_id)
            for one in resources.runs.questions()
        ]

    return Notifier(
        store=resources.store,
        home=resources.home,
        ways=channels(config.notify),
        schedule=config.schedule,
        clock=resources.clock,
        questions=questions,
        dashboard=dashboard,
    )


@asynccontextmanager
async def companions(resources: Resources, config: Config, notifier: Notifier) -> AsyncGenerator[None]:
    """All of them, inside the block."""
    indexer = Indexer(store=resources.store, home=resources.home, busy=lambda: resources.runs.going > 0)
    scheduler = Scheduler(
        work=HostedWork(resources.context()),
        store=resources.store,
        home=resources.home,
        settings=config.schedule,
        clock=resources.clock,
        after_run=notifier.wake,
    )

    def take_up(found: Config) -> None:
        scheduler.take_up(found.schedule)
        notifier.take_up(channels(found.notify), found.schedule)

    settings = SettingsWatcher(home=resources.home, take_up=take_up)
    async with asyncio.TaskGroup() as tasks:
        going = [tasks.create_task(one.run()) for one in (scheduler, notifier, indexer, resources.elsewhere, settings)]
        try:
            yield
        finally:
            for task in going:
                task.cancel()
