"""Records as every surface shows them: one JSON shape, with the moment and the names worked out once.

Owns: that shape. Must not know: which surface asks, how it looks there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NotRequired

from typing_extensions import TypedDict

from polyhost.errors import ErrorCode, RefusedError
from polyhost.instants import EventTime, iso_from_instant
from polyhost.operations.shared_results import Described
from polyhost.operations.shown_files import ShownFile, shown_file
from polyhost.protocol.headline import headline_field

if TYPE_CHECKING:
    from polyhost.engine.reading.authors import Authors
    from polyhost.engine.reading.texts import Texts
    from polyhost.engine.sources.lookup import Loaded
    from polyhost.protocol.manifest import StreamDecl
    from polyhost.store.base import Store
    from polyhost.store.base import StoredRecord as Stored

__all__ = ["Content", "Shown", "StoredRecord", "known_stream"]

ReadText = tuple[str, str]
"""What a record says: as text, and as HTML."""

Content = Annotated[dict[str, Any], Described("The record itself, by the schema of its stream's manifest.")]


class StoredRecord(TypedDict):
    """One record in one version. `time`: when it happened, where it says so; `label`: what its partition is called;
    `author`: who it says it is from; `headline_field`: which field of `data` says most about it, null where none does.
    `data` null: nothing of it is known but that it was deleted. `files`: what it holds; left out where there are none.
    `text`: what it says as its site shows it, and `html` the same with what is bold, linked or quoted, safe to put into
    a page; left out where its source does not say how it reads."""

    stream: str
    key: str
    partition: str | None
    label: str | None
    author: str | None
    time: str | None
    headline_field: str | None
    data: Content | None
    emitted_at: str
    version: int
    deleted: bool
    batch_id: str
    files: NotRequired[list[ShownFile]]
    text: NotRequired[str]
    html: NotRequired[str]


def known_stream(source: Loaded, stream: str) -> StreamDecl:
    """The stream's declaration. RefusedError names what there is."""
    declared = source.manifest.stream(stream)
    if declared is None:
        known = ", ".join(declared.name for declared in source.manifest.streams)
        raise RefusedError(
            f"{source.name} has no stream {stream!r}", f"It has: {known}.", code=ErrorCode.UNKNOWN_STREAM
        )
    return declared


class Shown:
    """How one stream's records are shown: their moments read by its declaration, their partitions and authors named."""

    def __init__(
        self,
        declared: StreamDecl | None,
        labels: Mapping[str, str],
        authors: Authors | None,
        files: Mapping[str, Sequence[ShownFile]],
        texts: Mapping[tuple[str, int], ReadText] | None = None,
    ) -> None:
        from polyhost.protocol.event_time import event_time

        self._declared = declared
        self._time: EventTime | None = None if declared is None else event_time(declared)
        self._labels = labels
        self._authors = authors
        self._files = files
        self._texts = texts or {}

    @classmethod
    async def of(
        cls, store: Store, connection_id: int, stream: str, source: Loaded | None, records: Sequence[Stored], home: Path
    ) -> Shown:
        """For these records, whose files and partitions' and authors' names are looked up. `source` None: its polyfill
        is not there any more."""
        from polyhost.engine.reading.authors import Authors
        from polyhost.engine.reading.texts import Texts

        partitions = sorted({record.partition for record in records if record.partition is not None})
        labels = await store.ledger.labels(connection_id, stream, partitions)
        held = await store.files.of(connection_id, stream, sorted({record.key for record in records}))
        files = {key: [shown_file(home, one.file) for one in found] for key, found in held.items()}
        if source is None:
            return cls(None, labels, None, files)
        authors = Authors(store, connection_id, source.manifest)
        await authors.learn(records)
        read = await _read(Texts(store, connection_id, source.manifest), records)
        return cls(source.manifest.stream(stream), labels, authors, files, read)

    def json(self, record: Stored) -> StoredRecord:
        shown = StoredRecord(
            stream=record.stream,
            key=record.key,
            partition=record.partition,
            label=None if record.partition is None else self._labels.get(record.partition),
            author=None if self._authors is None else self._authors.of(record),
            time=self.time(record),
            headline_field=headline_field(self._declared, record.data),
            data=None if record.data is None else dict(record.data),
            emitted_at=record.emitted_at,
            version=record.version,
            deleted=record.deleted,
            batch_id=record.batch_id,
        )
        if files := self._files.get(record.key):
            shown["files"] = list(files)
        if (read := self._texts.get((record.key, record.version))) is not None:
            shown["text"], shown["html"] = read
        return shown

    def time(self, record: Stored) -> str | None:
        """When it happened; None where it does not say."""
        return None if self._time is None or record.data is None else iso_from_instant(self._time(record.data))


async def _read(texts: Texts, records: Sequence[Stored]) -> Mapping[tuple[str, int], ReadText]:
    """By key and version: what those say whose source says how they read."""
    from polyhost.text.renderings.html import html_text
    from polyhost.text.renderings.plain import plain_text

    found: dict[tuple[str, int], ReadText] = {}
    for record, document in zip(records, await texts.read(records), strict=True):
        if document is not None:
            names = texts.names(record.stream)
            found[record.key, record.version] = plain_text(document, names), html_text(document, names)
    return found
