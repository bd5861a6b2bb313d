"""What stored records say, as their site shows it: names for ids, looked up in the store.

Owns: that, and remembering the names that come up again and again. Must not know: who shows them, any one source.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence

from polyhost.engine.reading.authors import remember
from polyhost.protocol.headline import name_of
from polyhost.protocol.manifest import Manifest
from polyhost.store.base import Store, StoredRecord
from polyhost.text.reading import mentions_in, read_record
from polyhost.text.tree import Document, Namer

__all__ = ["Texts"]


class Texts:
    """Reads one connection's records."""

    def __init__(self, store: Store, connection_id: int, manifest: Manifest) -> None:
        self._store = store
        self._connection_id = connection_id
        self._manifest = manifest
        self._streams = {declared.name: declared.reading for declared in manifest.streams if declared.reading}
        self._names: OrderedDict[tuple[str, str], str | None] = OrderedDict()

    async def read(self, records: Sequence[StoredRecord]) -> Sequence[Document | None]:
        """What each of them says; None where its manifest does not say how it reads, or nothing of it is known."""
        documents = [self._document(record) for record in records]
        wanted: dict[str, set[str]] = {}
        for record, document in zip(records, documents, strict=True):
            meant = self._meant(record.stream)
            for mention in mentions_in(document or ()):
                if mention.kind in meant:
                    wanted.setdefault(meant[mention.kind], set()).add(mention.key)
        for stream, keys in wanted.items():
            await self._learn(stream, sorted(key for key in keys if (stream, key) not in self._names))
        return documents

    def fields(self, stream: str) -> Collection[str]:
        """The fields that this stream's records are read by."""
        reading = self._streams.get(stream)
        return () if reading is None else {one.field.partition(".")[0] for one in (*reading.text, *reading.besides)}

    def names(self, stream: str) -> Namer:
        """What the records that this stream's texts mention are called, as far as it was learnt."""
        meant = self._meant(stream)
        return lambda kind, key: self._names.get((meant.get(kind, ""), key))

    def _meant(self, stream: str) -> Mapping[str, str]:
        reading = self._streams.get(stream)
        return {} if reading is None else reading.mentions

    def _document(self, record: StoredRecord) -> Document | None:
        reading = self._streams.get(record.stream)
        return None if reading is None or record.data is None else read_record(reading, record.data)

    async def _learn(self, stream: str, keys: Sequence[str]) -> None:
        declared = self._manifest.stream(stream)
        found = await self._store.records.content(self._connection_id, stream, keys) if keys else {}
        for key in keys:
            remember(self._names, (stream, key), name_of(declared, found.get(key)))
