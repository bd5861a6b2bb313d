"""Keeping the search indices up with what is stored: a bounded step after a run, more before a search.

Owns: when indices follow, and how much at a time. Must not know: how an index is made, what is searched for.

A run or an import never waits for its index beyond one step: what that leaves is taken in before the next search, or by
whoever has time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from polyhost.engine import events
from polyhost.engine.clock import Clock
from polyhost.engine.events import Watcher
from polyhost.engine.files.indexing import index_files
from polyhost.engine.sources.lookup import find_source
from polyhost.errors import PolyhostError
from polyhost.protocol.record_files import file_rules
from polyhost.searching.declared import search_rules
from polyhost.searching.search_rules import SearchRules
from polyhost.store.base import ConnectionRow, Store

__all__ = ["STEP_RECORDS", "Indexer", "catch_up", "index_after_run"]

_log = logging.getLogger(__name__)

STEP_RECORDS = 2_000
"""Records in one transaction: some 60 ms for which another writer waits."""
LOOK_SECONDS = 15.0
"""Between two looks of a server at what has come in: a search catches up by itself, this only keeps that short."""
REST_SECONDS = 0.2
"""Between two steps of a server: it leaves two thirds of a processor to whoever asks."""


async def index_after_run(store: Store, connection_id: int, rules: SearchRules) -> None:
    """One step: all of what a usual run has changed. What goes wrong here is no failure of the run, which has ended; a
    search tries again, and says what is wrong."""
    try:
        await store.search.index(connection_id, rules, limit=STEP_RECORDS)
    except PolyhostError:
        return


async def catch_up(
    store: Store, connection: ConnectionRow, rules: SearchRules, *, until: float, clock: Clock, watch: Watcher
) -> None:
    """Take in what has changed, step by step, until there is nothing more or it is this time (seconds since 1970)."""
    taken = 0
    while clock.up() < until and await store.search.index(connection.id, rules, limit=STEP_RECORDS):
        taken += STEP_RECORDS
        watch(events.RecordsIndexed(connection.name, taken))


@dataclass(slots=True, kw_only=True)
class Indexer:
    """Takes in, while a server has nothing better to do, what imports and first runs have left. `busy`: whether runs go
    on here, which come first."""

    store: Store
    home: Path
    busy: Callable[[], bool]

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            more = False if self.busy() else await self._step()
            await asyncio.sleep(REST_SECONDS if more else LOOK_SECONDS)

    async def _step(self) -> bool:
        """One step of every connection that has more; whether any has."""
        more = False
        for row in await self.store.connections.all():
            try:
                manifest = find_source(row.source, self.home).manifest
                more = await self.store.search.index(row.id, search_rules(manifest), limit=STEP_RECORDS) or more
                more = await index_files(self.store, row.id, file_rules(manifest)) or more
            except PolyhostError as error:
                _log.info("not indexed: %s", error.code)
        return more
