"""Who stored records are from, by name: what the manifest's relationships say, looked up in the store.

Owns: that, and remembering the names that come up again and again. Must not know: who shows them, any one source.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from polyhost.protocol.headline import name_of
from polyhost.protocol.manifest import Manifest, StreamDecl
from polyhost.store.base import Store, StoredRecord

__all__ = ["Authors", "remember"]

_NAMES = 10_000
"""Names remembered: of more people than that, the ones who spoke last."""


@dataclass(frozen=True, slots=True)
class _Author:
    """The field that says who a record is from, and the stream they are in."""

    field: str
    stream: StreamDecl


class Authors:
    """Names whoever one connection's records are from."""

    def __init__(self, store: Store, connection_id: int, manifest: Manifest) -> None:
        self._store = store
        self._connection_id = connection_id
        self._authors = {
            declared.name: found for declared in manifest.streams if (found := _author(declared, manifest)) is not None
        }
        self._names: OrderedDict[tuple[str, str], str | None] = OrderedDict()

    async def learn(self, records: Sequence[StoredRecord]) -> None:
        """Look up the names of these records' authors."""
        wanted: dict[str, set[str]] = {}
        declared: dict[str, StreamDecl] = {}
        for record in records:
            author = self._authors.get(record.stream)
            key = None if author is None else (record.data or {}).get(author.field)
            if author is not None and isinstance(key, str):
                wanted.setdefault(author.stream.name, set()).add(key)
                declared[author.stream.name] = author.stream
        for name, keys in wanted.items():
            unknown = [key for key in keys if (name, key) not in self._names]
            found = await self._store.records.content(self._connection_id, name, unknown) if unknown else {}
            for key in unknown:
                remember(self._names, (name, key), name_of(declared[name], found.get(key)))

    def of(self, record: StoredRecord) -> str | None:
        """The name, as far as it was learnt; else what the record calls them; None where it does not say."""
        author = self._authors.get(record.stream)
        if author is None or record.data is None:
            return None
        key = record.data.get(author.field)
        return None if not isinstance(key, str) else self._names.get((author.stream.name, key)) or key


def remember(names: OrderedDict[tuple[str, str], str | None], of: tuple[str, str], name: str | None) -> None:
    """Keep a name, and not more of them than come up again."""
    names[of] = name
    if len(names) > _NAMES:
        names.popitem(last=False)


def _author(declared: StreamDecl, manifest: Manifest) -> _Author | None:
    """The first relationship that does not merely say which partition a record is in."""
    partition = None if declared.partition is None else declared.partition.field
    for relationship in declared.relationships:
        field, name = relationship.get("field"), relationship.get("stream")
        related = manifest.stream(name) if isinstance(name, str) else None
        if isinstance(field, str) and field != partition and related is not None and len(related.primary_key) == 1:
            return _Author(field, related)
    return None
