"""Records, ledger and search as a preview shows them: by key, what was brought and else what is stored.

Listings (pages, changes, counts, groups) show what is stored. Must not know: what becomes of a record that is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from polyhost.ledger.exceptions import ExceptionId, StandingException
from polyhost.ledger.state import PartitionState
from polyhost.searching.search_rules import SearchRules
from polyhost.store.base import (
    EVERY_RECORD,
    LedgerStore,
    RecordDigest,
    RecordPage,
    RecordQuery,
    RecordStore,
    SearchIndex,
    SearchPage,
    SearchStore,
    SearchWanted,
    StoredRecord,
)
from polyhost.store.preview.overlay import Overlay, OverlayRecord

__all__ = ["PreviewLedger", "PreviewRecords", "PreviewSearch"]


class PreviewRecords(RecordStore):
    """See `RecordStore`."""

    def __init__(self, inner: RecordStore, brought: Overlay) -> None:
        self._inner = inner
        self._brought = brought

    async def by_key(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, StoredRecord]:
        found = dict(await self._inner.by_key(connection_id, stream, keys))
        for key, one in (await asyncio.to_thread(self._brought.by_key, stream, keys)).items():
            found[key] = _shown(stream, key, one, found.get(key))
        return found

    async def content(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        found = await self.by_key(connection_id, stream, keys)
        return {key: record.data for key, record in found.items() if record.data is not None}

    async def digests(self, connection_id: int, stream: str, keys: Sequence[str]) -> Mapping[str, RecordDigest]:
        brought = await asyncio.to_thread(self._brought.by_key, stream, keys)
        rest = [key for key in keys if key not in brought]
        found = dict(await self._inner.digests(connection_id, stream, rest)) if rest else {}
        return found | {key: RecordDigest(one.digest, one.deleted, one.emitted_at) for key, one in brought.items()}

    async def versions(self, connection_id: int, stream: str, key: str) -> Sequence[StoredRecord]:
        """Of what was brought, the newest."""
        stored = await self._inner.versions(connection_id, stream, key)
        one = (await asyncio.to_thread(self._brought.by_key, stream, [key])).get(key)
        if one is None:
            return stored
        earlier = stored[:-1] if one.is_seen_again else stored
        return [*earlier, _shown(stream, key, one, stored[-1] if stored else None)]

    async def page(self, connection_id: int, stream: str, query: RecordQuery = EVERY_RECORD) -> RecordPage:
        return await self._inner.page(connection_id, stream, query)

    async def changes(self, connection_id: int, *, after: int, limit: int) -> Sequence[StoredRecord]:
        return await self._inner.changes(connection_id, after=after, limit=limit)

    async def last_change(self, connection_id: int) -> int:
        return await self._inner.last_change(connection_id)

    async def count(self, connection_id: int) -> Mapping[str, tuple[int, int]]:
        return await self._inner.count(connection_id)

    async def count_partitions(
        self, connection_id: int, stream: str, partitions: Sequence[str]
    ) -> Mapping[str, tuple[int, int]]:
        return await self._inner.count_partitions(connection_id, stream, partitions)

    async def partition_keys(self, connection_id: int, stream: str) -> Sequence[str | None]:
        return await self._inner.partition_keys(connection_id, stream)

    async def groups(
        self, connection_id: int, stream: str, partition: str, positions: Sequence[str]
    ) -> Mapping[str, tuple[int, str | None]]:
        return await self._inner.groups(connection_id, stream, partition, positions)

    async def lookback(
        self, connection_id: int, stream: str, partition: str, *, heads: int, before: str | None = None
    ) -> tuple[str | None, int]:
        return await self._inner.lookback(connection_id, stream, partition, heads=heads, before=before)


class PreviewLedger(LedgerStore):
    """See `LedgerStore`."""

    def __init__(self, inner: LedgerStore) -> None:
        self._inner = inner
        self._states: dict[tuple[str, str], PartitionState] = {}
        self._cursors: dict[str, Any] = {}
        self._exceptions: dict[ExceptionId, StandingException | None] = {}

    def save_partitions(self, states: Sequence[PartitionState]) -> None:
        self._states.update({(state.stream, state.key): state for state in states})

    def save_exceptions(self, standing: Sequence[StandingException]) -> None:
        self._exceptions.update({one.id: one for one in standing})

    def resolve_exceptions(self, healed: Sequence[ExceptionId]) -> None:
        self._exceptions.update(dict.fromkeys(healed))

    def save_checkpoints(self, cursors: Mapping[str, Any]) -> None:
        self._cursors.update(cursors)

    async def partitions(self, connection_id: int, stream: str | None = None) -> Sequence[PartitionState]:
        states = {(one.stream, one.key): one for one in await self._inner.partitions(connection_id, stream)}
        states |= {of: state for of, state in self._states.items() if stream in (None, state.stream)}
        return [states[of] for of in sorted(states)]

    async def labels(self, connection_id: int, stream: str, partitions: Sequence[str]) -> Mapping[str, str]:
        states = await self.partitions(connection_id, stream)
        return {state.key: state.label for state in states if state.key in partitions and state.label is not None}

    async def exceptions(self, connection_id: int, stream: str | None = None) -> Sequence[StandingException]:
        found: dict[ExceptionId, StandingException | None] = {
            one.id: one for one in await self._inner.exceptions(connection_id, stream)
        }
        found |= {of: one for of, one in self._exceptions.items() if stream in (None, of.stream)}
        by_id = sorted(found, key=lambda of: (of.stream, of.kind, of.partition or "", of.key))
        return [one for of in by_id if (one := found[of]) is not None]

    async def checkpoints(self, connection_id: int) -> Mapping[str, Any]:
        return {**await self._inner.checkpoints(connection_id), **self._cursors}


class PreviewSearch(SearchStore):
    """See `SearchStore`. What is brought is not indexed."""

    def __init__(self, inner: SearchStore) -> None:
        self._inner = inner

    async def index(self, connection_id: int, rules: SearchRules, *, limit: int) -> bool:
        return False

    async def index_state(self, connection_id: int) -> SearchIndex | None:
        return await self._inner.index_state(connection_id)

    async def find(self, wanted: SearchWanted) -> SearchPage:
        return await self._inner.find(wanted)


def _shown(stream: str, key: str, one: OverlayRecord, stored: StoredRecord | None) -> StoredRecord:
    """What was brought of a record, over what is stored of it."""
    if one.data is None and stored is not None:
        return replace(stored, emitted_at=one.emitted_at, deleted=one.deleted)
    return one.as_stored(stream, key)
