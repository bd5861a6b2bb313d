"""Keeping the search indices up with what is stored: a bounded step after a run, more before a search.

Owns: when indices follow, and how much at a time. Must not know: how an index is made, what is searched for.

A run or an import never waits for its index beyond one step: what that leaves is taken in before the next search, or by
whoever has time.
"""

from __future__ import annotations

from polyhost.engine import events
from polyhost.engine.clock import Clock
from polyhost.engine.events import Watcher
from polyhost.errors import PolyhostError
from polyhost.searching.rules import SearchRules
from polyhost.store.base import ConnectionRow, Store

__all__ = ["STEP_RECORDS", "catch_up", "index_after_run"]

STEP_RECORDS = 2_000
"""Records in one transaction: some 60 ms for which another writer waits."""


async def index_after_run(store: Store, connection_id: int, rules: SearchRules) -> None:
    """One step: all of what a usual run has changed. What goes wrong here is no failure of the run, which has ended; a
    search tries again, and says what is wrong."""
    try:
        await store.index(connection_id, rules, limit=STEP_RECORDS)
    except PolyhostError:
        return


async def catch_up(
    store: Store, connection: ConnectionRow, rules: SearchRules, *, until: float, clock: Clock, watch: Watcher
) -> None:
    """Take in what has changed, step by step, until there is nothing more or it is this time (seconds since 1970)."""
    taken = 0
    while clock.now() < until and await store.index(connection.id, rules, limit=STEP_RECORDS):
        taken += STEP_RECORDS
        watch(events.RecordsIndexed(connection.name, taken))
