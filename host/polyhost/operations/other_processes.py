"""An operation of this process, seen and answered from other processes on the same home.

Owns: which of a call's surroundings other processes share. Must not know: how they are reached, who they are.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from polyhost.engine.hosting.socket_server import heard_elsewhere
from polyhost.operations.context import Context

__all__ = ["open_to_other_processes"]


@asynccontextmanager
async def open_to_other_processes(
    context: Context, *, overtaken: Callable[[str], None] | None
) -> AsyncGenerator[Context]:
    """The same surroundings, with runs that servers of this home can watch and answer. `overtaken`: tells whoever is
    asked here that a question was answered elsewhere, with its status; None where nobody is asked here."""
    shared = heard_elsewhere(context.home, context.watch, context.answer, overtaken=overtaken)
    async with shared as (watch, answer):
        yield replace(context, watch=watch, answer=answer)
