"""Runs across processes: an operation of this one reached from others, and the runs of others reached from here.

Owns: which of a call's surroundings other processes share. Must not know: how a run is reached, who the others are.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from polyhost.engine.control.remote_runs import reach
from polyhost.engine.control.run_control import RunControl
from polyhost.engine.hosting.own_run import reached_from_elsewhere
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.context import Context

__all__ = ["open_to_other_processes", "reached"]


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
async def reached(context: Context, run_id: str) -> AsyncGenerator[RunControl]:
    """A run that goes on, in whatever process of this home. RefusedError `not_running`."""
    known = None if context.host is None else context.host.control(run_id)
    if known is not None and known.is_alive:
        yield known
        return
    async with reach(context.home, run_id) as found:
        if found is None:
            raise _not_running(context, run_id)
        yield found


def _not_running(context: Context, run_id: str) -> RefusedError:
    if not context.has_store:
        return RefusedError(
            f"nothing is connected yet in {context.home}",
            "Try polyhost demo, or connect a source: polyhost connect SOURCE",
            code=ErrorCode.UNKNOWN_CONNECTION,
        )
    return RefusedError(f"no run {run_id!r} is going on", "See: polyhost runs NAME", code=ErrorCode.NOT_RUNNING)
