"""Search, in memory."""

from __future__ import annotations

import sys

from polyhost.searching.search_rules import SearchRules
from polyhost.store.base import SearchIndex, SearchPage, SearchStore, SearchWanted
from polyhost.store.memory.search_model import SearchModel, find
from polyhost.store.memory.state import Part

__all__ = ["MemorySearch"]


class MemorySearch(Part, SearchStore):
    """See `SearchStore`."""

    async def index(self, connection_id: int, rules: SearchRules, *, limit: int) -> bool:
        kept = self.state.known(connection_id)
        if kept.search is None or kept.search.rules != rules:
            kept.search = SearchModel(rules)
        return kept.search.take_in(kept.records.changes(after=kept.search.through, limit=limit), limit)

    async def index_state(self, connection_id: int) -> SearchIndex | None:
        kept = self.state.kept.get(connection_id)
        if kept is None or kept.search is None:
            return None
        pending = kept.records.changes(after=kept.search.through, limit=sys.maxsize)
        return SearchIndex(kept.search.rules, kept.search.through, len(pending))

    async def find(self, wanted: SearchWanted) -> SearchPage:
        kept = {number: self.state.kept[number] for number in wanted.connections if number in self.state.kept}
        models = {number: one.search for number, one in kept.items() if one.search is not None}
        now = {(number, e.now.stream, e.now.key): e.now for number, one in kept.items() for e in one.records.every()}
        return find(models, now, wanted)
