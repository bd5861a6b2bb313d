"""Taking in what is new before it is read, where nobody else is about to.

Must not know: what is read afterwards. Kept free of heavy imports, as every family is.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from polyhost.errors import PolyhostError

if TYPE_CHECKING:
    from polyhost.engine.sources.lookup import Loaded
    from polyhost.operations.context import Context
    from polyhost.store.base import ConnectionRow, Store

__all__ = ["is_busy", "take_files_in"]

_SECONDS = 1.0
"""For what runs have left: a reader of records does not wait for all the files of a large store to be known."""


async def is_busy(context: Context, store: Store, row: ConnectionRow) -> bool:
    """Whether it is being collected right now; or this is a server, which takes in what is new by itself when no run
    goes on. What ran after either would wait, slow it down, and never get there."""
    from polyhost.protocol.diagnostics import RunStatus

    if context.host is not None:
        return True
    return any(run.status == RunStatus.RUNNING for run in await store.runs.newest(row.id, limit=1))


async def take_files_in(context: Context, store: Store, row: ConnectionRow, source: Loaded, stream: str) -> None:
    """The files of what is stored, as far as that goes in a moment, where this stream has any."""
    from polyhost.engine.files.indexing import index_files
    from polyhost.protocol.record_files import file_rules

    rules = file_rules(source.manifest)
    if stream not in rules.streams or await is_busy(context, store, row):
        return
    until = context.clock.up() + _SECONDS
    with suppress(PolyhostError):  # somebody writes for long: records are shown as they are known
        while await index_files(store, row.id, rules) and context.clock.up() < until:
            pass
