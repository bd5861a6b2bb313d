"""One connection as everything that judges it reads it: its source, its session, its runs; each read once.

Owns: reading them, and no more often than it takes. Must not know: what any of it means, how far back whoever judges it
has to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from polyhost.coverage.evidence import Session
from polyhost.engine.sessions.saved import session_saved_at
from polyhost.engine.sessions.signed_in import sign_in_number
from polyhost.engine.sources.lookup import Loaded, source_of
from polyhost.errors import PolyhostError
from polyhost.instants import iso_from_seconds
from polyhost.store.base import BatchRow, ConnectionRow, RunRow, Store

__all__ = ["ConnectionHistory"]

_FIRST_READ = 100
"""Runs read at first: four days of hourly ones. Who judges looks at fewer or as many, or further back."""


@dataclass
class ConnectionHistory:
    """It is made for one look, and thrown away: what is read stays as it was then."""

    store: Store
    connection: ConnectionRow
    home: Path
    _runs: Sequence[RunRow] = ()
    _batches: Mapping[str, BatchRow] = field(default_factory=dict[str, BatchRow])
    _limit: int = 0
    """How many runs were asked for; fewer were there where fewer are read."""
    _session: tuple[Session | None] | None = None

    @cached_property
    def loaded(self) -> tuple[Loaded | None, str | None]:
        """The source, or the code of what keeps it from being loaded."""
        try:
            return source_of(self.connection, self.home), None
        except PolyhostError as error:
            return None, error.code

    @property
    def source(self) -> Loaded | None:
        return self.loaded[0]

    async def runs(self, limit: int) -> tuple[Sequence[RunRow], Mapping[str, BatchRow]]:
        """The newest runs, that many at most; and batches by id, those of these runs among them."""
        if limit > self._limit and len(self._runs) == self._limit:
            self._limit = max(limit, _FIRST_READ)
            self._runs = await self.store.runs.newest(self.connection.id, limit=self._limit)
            batches = await self.store.runs.newest_batches(self.connection.id, limit=self._limit)
            self._batches = {batch.id: batch for batch in batches}
        return self._runs[:limit], self._batches

    async def session(self) -> Session | None:
        """The saved session, where the source needs one."""
        if self._session is None:
            self._session = (await self._read_session(),)
        return self._session[0]

    async def _read_session(self) -> Session | None:
        if self.source is None or self.source.kind != "page":
            return None
        saved_at = session_saved_at(self.home, self.connection.name)
        if saved_at is None:
            return Session()
        return Session(saved_at=iso_from_seconds(saved_at), number=await sign_in_number(self.store, self.connection.id))
