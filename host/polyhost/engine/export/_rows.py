"""Stored records as rows of an export: moments, names and texts worked out from the manifest, a page at a time.

Owns: that, and remembering the labels that come up again and again. Must not know: formats, files, any one source.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from polyhost.engine.export._files import RowFiles
from polyhost.engine.reading.authors import Authors, remember
from polyhost.engine.reading.texts import Texts
from polyhost.exports.base import Row, RowFile
from polyhost.instants import EventTime, iso_from_instant
from polyhost.ledger.partition_rule import partition_rule
from polyhost.ledger.position import Located, locate
from polyhost.ledger.state import PartitionRule
from polyhost.protocol.event_time import event_time
from polyhost.protocol.headline import name_of
from polyhost.protocol.manifest import Manifest, StreamDecl
from polyhost.searching.declared import search_rules
from polyhost.searching.search_rules import SearchRules
from polyhost.searching.texts import texts_of
from polyhost.store.base import Store, StoredRecord
from polyhost.text.renderings.plain import plain_text
from polyhost.text.tree import Document

__all__ = ["Rows"]


class _Stream:
    """What one stream's records are read by."""

    def __init__(self, declared: StreamDecl, manifest: Manifest) -> None:
        self.declared = declared
        self.time: EventTime = event_time(declared)
        self.rule: PartitionRule | None = None
        if declared.partition is not None:
            self.rule = partition_rule(declared.name, declared.partition)


class Rows:
    """Makes rows of one connection's records."""

    def __init__(self, store: Store, connection_id: int, manifest: Manifest, files: RowFiles | None = None) -> None:
        self._store = store
        self._files = files
        self._connection_id = connection_id
        self._rules: SearchRules = search_rules(manifest)
        self._streams = {declared.name: _Stream(declared, manifest) for declared in manifest.streams}
        self._authors = Authors(store, connection_id, manifest)
        self._texts = Texts(store, connection_id, manifest)
        self._labels: OrderedDict[tuple[str, str], str | None] = OrderedDict()

    async def of(self, records: Sequence[StoredRecord], *, current: bool = True) -> list[Row]:
        await self._learn_labels(records)
        await self._authors.learn(records)
        held = {} if self._files is None or not current else await self._files.of(records)
        return [
            self._row(record, document or (), held.get((record.stream, record.key), ()), current=current)
            for record, document in zip(records, await self._texts.read(records), strict=True)
        ]

    def _row(self, record: StoredRecord, document: Document, files: Sequence[RowFile], *, current: bool) -> Row:
        stream = self._streams.get(record.stream)
        rules = self._rules.streams.get(record.stream)
        data = record.data
        place = None if stream is None or stream.rule is None or data is None else locate(data, stream.rule)
        return Row(
            stream=record.stream,
            key=record.key,
            partition=record.partition,
            label=None if record.partition is None else self._labels.get((record.stream, record.partition)),
            author=self._authors.of(record),
            name=None if stream is None or data is None else name_of(stream.declared, data),
            time=None if stream is None or data is None else iso_from_instant(stream.time(data)),
            data=data,
            emitted_at=record.emitted_at,
            version=record.version,
            deleted=record.deleted,
            current=current,
            batch_id=record.batch_id,
            sequence=record.sequence,
            member=isinstance(place, Located) and not place.is_head,
            body=self._body(record, document, () if rules is None or data is None else texts_of(rules, data)),
            files=files,
            document=document,
            names=self._texts.names(record.stream),
        )

    def _body(
        self, record: StoredRecord, document: Document, searched: Sequence[tuple[str, str]]
    ) -> Sequence[tuple[str, str]]:
        """What is searched of it, with those fields that its site shows as one text as that text."""
        if not document:
            return searched
        told = self._texts.fields(record.stream)
        rest = (one for one in searched if one[0].partition(".")[0] not in told)
        return (("text", plain_text(document, self._texts.names(record.stream))), *rest)

    async def _learn_labels(self, records: Sequence[StoredRecord]) -> None:
        wanted = {(record.stream, record.partition) for record in records if record.partition is not None}
        for stream in {stream for stream, _ in wanted}:
            unknown = [key for name, key in wanted if name == stream and (name, key) not in self._labels]
            found = await self._store.ledger.labels(self._connection_id, stream, unknown) if unknown else {}
            for key in unknown:
                remember(self._labels, (stream, key), found.get(key))
