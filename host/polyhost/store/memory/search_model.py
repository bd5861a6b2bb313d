"""Search as a list of texts gone through one by one: what an index means, said as simply as it can be.

Owns: the naive model behind MemoryStore's search. Must not know: SQL, folding (the words do).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from polyhost.searching.query import matches
from polyhost.searching.search_rules import SearchRules
from polyhost.searching.texts import Searched, Texts
from polyhost.store import page_cursors, search_entries
from polyhost.store.base import SearchHit, SearchPage, SearchWanted, StoredRecord

__all__ = ["SearchModel", "find"]

Name = tuple[str, str]
"""Stream and key."""


@dataclass(slots=True)
class SearchModel:
    """One connection's index: each record's texts as they were when it was last taken in."""

    rules: SearchRules
    through: int = 0
    entries: dict[Name, Searched] = field(default_factory=dict[Name, Searched])

    def take_in(self, changed: Sequence[StoredRecord], limit: int) -> bool:
        texts = Texts(self.rules)
        for record in changed:
            name = record.stream, record.key
            searched = None if record.data is None else texts.read(record.stream, record.data)
            self.entries.pop(name, None)
            if searched is not None:
                self.entries[name] = searched
            self.through = record.sequence
        return len(changed) == limit


def find(
    models: Mapping[int, SearchModel], now: Mapping[tuple[int, str, str], StoredRecord], wanted: SearchWanted
) -> SearchPage:
    """A page over several connections. `now`: every record as it is, by connection, stream and key, in the order they
    came: of two of one second, the later one comes first."""
    order = {name: index for index, name in enumerate(now)}
    after = None if wanted.after is None else page_cursors.decoded_hit(wanted.after)
    found = sorted(
        (-_moment(searched), number, -order[number, *name], name)
        for number, model in models.items()
        for name, searched in model.entries.items()
        if _is_hit(searched, now[number, *name], model.through, wanted)
    )
    start = None if after is None else (-after[0], after[1], -after[2])
    rest = [one for one in found if start is None or one[:3] > start]
    page = rest[: wanted.limit]
    hits = [SearchHit(number, now[number, *name]) for _, number, _, name in page]
    last = page[-1] if page and len(rest) > len(page) else None
    return SearchPage(hits, None if last is None else page_cursors.after_hit(-last[0], last[1], -last[2]))


def _is_hit(searched: Searched, record: StoredRecord, through: int, wanted: SearchWanted) -> bool:
    return all(
        (
            record.sequence <= through,
            wanted.deleted or not record.deleted,
            wanted.stream in (None, record.stream),
            wanted.partition in (None, searched.partition),
            *_in_time(searched.seconds, wanted),
            matches(wanted.query, searched.texts),
        )
    )


def _in_time(seconds: int | None, wanted: SearchWanted) -> Iterator[bool]:
    if wanted.since is not None:
        yield seconds is not None and seconds >= wanted.since
    if wanted.until is not None:
        yield seconds is not None and seconds < wanted.until


def _moment(searched: Searched) -> int:
    return search_entries.seconds_of(search_entries.number(searched.seconds, 0))
