"""Keeping up with the files of what is stored: a bounded step after a run, all of it before files are asked for."""

from __future__ import annotations

from polyhost.protocol.record_files import FileRules
from polyhost.store.base import Store

__all__ = ["STEP_RECORDS", "catch_up_files", "index_files"]

STEP_RECORDS = 2_000
"""Records in one transaction, for which another writer waits."""


async def index_files(store: Store, connection_id: int, rules: FileRules) -> bool:
    """One step; whether there is more."""
    return bool(rules.streams) and await store.files.index(connection_id, rules, limit=STEP_RECORDS)


async def catch_up_files(store: Store, connection_id: int, rules: FileRules) -> None:
    """All that is stored by now."""
    while await index_files(store, connection_id, rules):
        pass
