"""Stored records as rows of an export: moments, names and texts worked out from the manifest, a page at a time.

Owns: that, and remembering the names that come up again and again. Must not know: formats, files, any one source.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polyhost.exports.base import Row
from polyhost.ledger.position import Located, locate
from polyhost.ledger.rules import partition_rule
from polyhost.ledger.state import PartitionRule
from polyhost.protocol.event_time import event_time
from polyhost.protocol.instants import EventTime, iso_text
from polyhost.protocol.manifest import Manifest, StreamDecl
from polyhost.searching.declared import search_rules
from polyhost.searching.rules import SearchRules
from polyhost.searching.texts import texts_of
from polyhost.store.base import Store, StoredRecord

__all__ = ["Rows"]

_NAMES = 10_000
"""Names remembered: of more people than that, the ones who spoke last."""
_USUAL_LABELS = ("display_name", "real_name", "full_name", "name", "title", "label", "subject")
"""Fields that usually name a record, where a manifest does not say."""


@dataclass(frozen=True, slots=True)
class _Author:
    """The field that says who a record is from, and the stream they are in."""

    field: str
    stream: StreamDecl


class _Stream:
    """What one stream's records are read by."""

    def __init__(self, declared: StreamDecl, manifest: Manifest) -> None:
        self.declared = declared
        self.time: EventTime = event_time(declared)
        self.rule: PartitionRule | None = None
        if declared.partition is not None:
            self.rule = partition_rule(declared.name, declared.partition)
        self.author = _author(declared, manifest)


class Rows:
    """Makes rows of one connection's records."""

    def __init__(self, store: Store, connection_id: int, manifest: Manifest) -> None:
        self._store = store
        self._connection_id = connection_id
        self._rules: SearchRules = search_rules(manifest)
        self._streams = {declared.name: _Stream(declared, manifest) for declared in manifest.streams}
        self._names: OrderedDict[tuple[str, str], str | None] = OrderedDict()
        self._labels: OrderedDict[tuple[str, str], str | None] = OrderedDict()

    async def of(self, records: Sequence[StoredRecord], *, current: bool = True) -> list[Row]:
        await self._learn_labels(records)
        await self._learn_names(records)
        return [self._row(record, current=current) for record in records]

    def _row(self, record: StoredRecord, *, current: bool) -> Row:
        stream = self._streams.get(record.stream)
        rules = self._rules.streams.get(record.stream)
        data = record.data
        place = None if stream is None or stream.rule is None or data is None else locate(data, stream.rule)
        return Row(
            stream=record.stream,
            key=record.key,
            partition=record.partition,
            label=None if record.partition is None else self._labels.get((record.stream, record.partition)),
            author=self._author_of(stream, data),
            name=None if stream is None or data is None else _label(stream.declared, data),
            time=None if stream is None or data is None else iso_text(stream.time(data)),
            data=data,
            emitted_at=record.emitted_at,
            version=record.version,
            deleted=record.deleted,
            current=current,
            batch_id=record.batch_id,
            sequence=record.sequence,
            member=isinstance(place, Located) and not place.is_head,
            body=() if rules is None or data is None else texts_of(rules, data),
        )

    def _author_of(self, stream: _Stream | None, data: Mapping[str, Any] | None) -> str | None:
        if stream is None or stream.author is None or data is None:
            return None
        key = data.get(stream.author.field)
        return None if not isinstance(key, str) else self._names.get((stream.author.stream.name, key)) or key

    async def _learn_names(self, records: Sequence[StoredRecord]) -> None:
        wanted: dict[str, set[str]] = {}
        declared: dict[str, StreamDecl] = {}
        for record in records:
            stream = self._streams.get(record.stream)
            key = None if stream is None or stream.author is None else (record.data or {}).get(stream.author.field)
            if stream is not None and stream.author is not None and isinstance(key, str):
                wanted.setdefault(stream.author.stream.name, set()).add(key)
                declared[stream.author.stream.name] = stream.author.stream
        for name, keys in wanted.items():
            unknown = [key for key in keys if (name, key) not in self._names]
            found = await self._store.stored_data(self._connection_id, name, unknown) if unknown else {}
            for key in unknown:
                _remember(self._names, (name, key), _label(declared[name], found.get(key)))

    async def _learn_labels(self, records: Sequence[StoredRecord]) -> None:
        wanted = {(record.stream, record.partition) for record in records if record.partition is not None}
        for stream in {stream for stream, _ in wanted}:
            unknown = [key for name, key in wanted if name == stream and (name, key) not in self._labels]
            found = await self._store.labels(self._connection_id, stream, unknown) if unknown else {}
            for key in unknown:
                _remember(self._labels, (stream, key), found.get(key))


def _remember(names: OrderedDict[tuple[str, str], str | None], of: tuple[str, str], name: str | None) -> None:
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


def _label(declared: StreamDecl, data: Mapping[str, Any] | None) -> str | None:
    names = declared.label_fields or _USUAL_LABELS
    return next((text for name in names if isinstance(text := (data or {}).get(name), str) and text), None)
