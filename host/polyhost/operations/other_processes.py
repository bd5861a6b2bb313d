"""Runs across processes: an operation of this one reached from others, and the runs of others reached from here.

Owns: which of a call's surroundings other processes share. Must not know: how a run is reached, who the others are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from polyhost.engine.control.remote_runs import reach
from polyhost.engine.control.run_control import RunControl
from polyhost.engine.hosting.own_run import reached_from_elsewhere
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.context import Context

__all__ = ["open_to_other_processes", "reached", "silent"]

_OF_RUNS = "run_"
"""How the id of every run begins; anything else that is given for one is a connection's name."""


_BEGINS_SECONDS = 10.0
"""How long a run may take from its acceptance, from which on it is listed, until it can be reached."""
_LOOK_SECONDS = 0.05


@asynccontextmanager
async def open_to_other_processes(
    context: Context, *, overtaken: Callable[[str], None] | None
) -> AsyncGenerator[Context]:
    """The same surroundings, with runs that other processes of this home can watch, answer, pause and end. `overtaken`:
    tells whoever is asked here that a question was answered elsewhere, with its status; None where nobody is."""
    shared = reached_from_elsewhere(
        context.home,
        context.watch,
        context.answer,
        cancelled=context.cancelled,
        pause=context.pause,
        overtaken=overtaken,
    )
    async with shared as (watch, answer):
        yield replace(context, watch=watch, answer=answer)


@asynccontextmanager
async def reached(context: Context, run: str) -> AsyncGenerator[RunControl]:
    """A run that goes on, in whatever process of this home, by its id or by its connection's name, of which one goes on
    at most. RefusedError `not_running`, `unknown_connection`."""
    known = None if context.host is None else context.host.control(run)
    if known is None and not run.startswith(_OF_RUNS):
        run = await _going_on(context, run)
        known = None if context.host is None else context.host.control(run)
    if known is not None and known.is_alive:
        yield known
        return
    until = context.clock.up() + _BEGINS_SECONDS
    while True:
        async with reach(context.home, run) as found:
            if found is not None:
                yield found
                return
        if not await _is_accepted(context, run):
            raise _not_running(context, run)
        if context.clock.up() >= until:
            raise silent(run)
        await asyncio.sleep(_LOOK_SECONDS)


async def _going_on(context: Context, name: str) -> str:
    """The run of this connection, from its acceptance on: whoever holds the lease."""
    async with context.store(create=False) as store:
        connection = await context.connection(store, name)
        holder = await store.runs.lease_holder(connection.id, now=context.clock.moment())
    if holder is None or not holder.run_id.startswith(_OF_RUNS):
        raise RefusedError(
            f"no run of {connection.name} is going on",
            f"See its past ones: polyhost runs {connection.name}",
            code=ErrorCode.NOT_RUNNING,
        )
    return holder.run_id


async def _is_accepted(context: Context, run_id: str) -> bool:
    """Whether it holds the lease of a connection: it goes on, or is about to begin."""
    if not context.has_store:
        return False
    async with context.store(create=False) as store:
        for connection in await store.connections.all():
            holder = await store.runs.lease_holder(connection.id, now=context.clock.moment())
            if holder is not None and holder.run_id == run_id:
                return True
    return False


def silent(run_id: str) -> RefusedError:
    """A run that goes on, and whose process says nothing."""
    return RefusedError(
        f"the process of run {run_id!r} does not answer", "Try again in a moment.", code=ErrorCode.RUN_SILENT
    )


def _not_running(context: Context, run_id: str) -> RefusedError:
    if not context.has_store:
        return RefusedError(
            f"nothing is connected yet in {context.home}",
            "Try polyhost demo, or connect a source: polyhost connect SOURCE",
            code=ErrorCode.UNKNOWN_CONNECTION,
        )
    return RefusedError(f"no run {run_id!r} is going on", "See: polyhost runs NAME", code=ErrorCode.NOT_RUNNING)
