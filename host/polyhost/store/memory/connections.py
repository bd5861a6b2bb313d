"""Connections and their memos, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, TypeVar, cast

from polyhost.store import refusals
from polyhost.store.base import ConnectionRow, ConnectionStore
from polyhost.store.memory.record_table import RecordTable
from polyhost.store.memory.state import Kept, Part, as_json
from polyhost.store.memos import Memo

__all__ = ["MemoryConnections"]

T = TypeVar("T")


class MemoryConnections(Part, ConnectionStore):
    """See `ConnectionStore`."""

    async def create(
        self, *, name: str, source: str, nature: str, options: Mapping[str, Any], account: Mapping[str, Any], at: str
    ) -> ConnectionRow:
        if await self.get(name) is not None:
            raise refusals.connection_exists(name)
        row = ConnectionRow(
            id=next(self.state.ids),
            name=name,
            source=source,
            nature=cast("Any", nature),
            created_at=at,
            options=as_json(options),
            account=as_json(account),
        )
        self.state.kept[row.id] = Kept(row, RecordTable())
        return row

    async def get(self, name: str) -> ConnectionRow | None:
        return next((row for row in await self.all() if row.name == name), None)

    async def all(self) -> Sequence[ConnectionRow]:
        if self.state.closed:
            raise refusals.store_closed()
        return sorted((kept.row for kept in self.state.kept.values()), key=lambda row: row.name)

    async def update(
        self,
        connection_id: int,
        *,
        options: Mapping[str, Any] | None = None,
        account: Mapping[str, Any] | None = None,
        nature: str | None = None,
        name: str | None = None,
    ) -> None:
        kept = self.state.known(connection_id)
        if name is not None and (other := await self.get(name)) is not None and other.id != connection_id:
            raise refusals.connection_exists(name)
        given = {"options": options, "account": account, "nature": nature, "name": name}
        kept.row = replace(kept.row, **{name: as_json(value) for name, value in given.items() if value is not None})

    async def delete(self, connection_id: int) -> None:
        self.state.kept.pop(connection_id, None)

    async def memo(self, connection_id: int, memo: Memo[T]) -> T:
        kept = self.state.kept.get(connection_id)
        return deepcopy(kept.memos[memo.name]) if kept and memo.name in kept.memos else memo.default

    async def save_memo(self, connection_id: int, memo: Memo[T], value: T) -> None:
        self.state.known(connection_id).memos[memo.name] = as_json(value)
