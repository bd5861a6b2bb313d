"""Rules between the parts of a manifest: fields against schemas, streams against streams. One code per rule.

Owns: `graph_faults` and the checkpoint relations that follow from a sound graph. Must not know: runs, scopes, how a
manifest is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from polyhost.errors import ErrorCode
from polyhost.protocol.declarations import SITE, Manifest, ManifestError, StreamDecl
from polyhost.protocol.host_patterns import allows_url

__all__ = ["dependents", "graph_faults"]

STATE_STRATEGY = "checkpoint_window"
PARENT_STRATEGY = "parent_detail_accounting"


Faults = Iterator[ManifestError]


def graph_faults(manifest: Manifest) -> Faults:
    """Every rule broken, in the order of the streams. Cycles are looked for once every parent is known."""
    sound = True
    for fault in _faults_but_cycles(manifest):
        sound = False
        yield fault
    if sound:
        yield from _cycles(manifest)


def _faults_but_cycles(manifest: Manifest) -> Faults:
    yield from _page(manifest)
    yield from _unique(manifest)
    for stream in manifest.streams:
        yield from _fields(stream)
        yield from _mentioned(manifest, stream)
        yield from _resources(stream)
        yield from _dependencies(manifest, stream)
        yield from _partition(manifest, stream)


def dependents(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """Checkpoint stream -> the collected streams whose progress it stands for. Its cursor may move only with all of
    them."""
    found: dict[str, list[str]] = {}
    for stream in manifest.streams:
        if stream.collected:
            for checkpoint in stream.checkpoints:
                found.setdefault(checkpoint, []).append(stream.name)
    return {checkpoint: tuple(streams) for checkpoint, streams in found.items()}


def _page(manifest: Manifest) -> Faults:
    polyfill = manifest.polyfill
    if polyfill is None:
        return
    if polyfill.page.startswith(SITE):
        if polyfill.setup_host is None:
            why = f'it starts at {SITE}, which is not among polyfill.hosts; add {{"setup_field": "site"}} there'
            yield ManifestError(ErrorCode.MANIFEST_FIELD_INVALID, why, field="polyfill.page")
    elif not allows_url(polyfill.hosts, polyfill.page):
        host = urlsplit(polyfill.page).netloc
        why = f"it starts at {host}, which is not among polyfill.hosts"
        yield ManifestError(ErrorCode.MANIFEST_FIELD_INVALID, why, field="polyfill.page")


def _unique(manifest: Manifest) -> Faults:
    repeated = [name for name, count in Counter(stream.name for stream in manifest.streams).items() if count > 1]
    if repeated:
        yield ManifestError(ErrorCode.DUPLICATE_STREAM, "two streams have this name", stream=repeated[0], field="name")


def _schema_fields(stream: StreamDecl) -> Iterator[tuple[str, str]]:
    """Every (manifest field, schema property it names)."""
    for name in stream.primary_key:
        yield "primary_key", name
    single = {
        "cursor_field": stream.cursor_field,
        "consent_time_field": stream.consent_time_field,
        "selection.resource_field": stream.selection.resource_field,
    }
    if stream.partition is not None:
        single["partition.field"] = stream.partition.field
        single["partition.cursor_field"] = stream.partition.cursor_field
        single["partition.group_field"] = stream.partition.group_field
    yield from ((field, name) for field, name in single.items() if name is not None)
    for name in stream.identity or ():
        yield "identity", name
    for name in stream.volatile_fields:
        yield "volatile_fields", name
    for name in stream.label_fields:
        yield "label_fields", name
    for path in stream.search or ():
        yield "search", path.partition(".")[0]
    yield from _shown_fields(stream)


def _shown_fields(stream: StreamDecl) -> Iterator[tuple[str, str]]:
    for files in stream.files:
        for path in files.paths.values() if files.each is None else (files.each,):
            yield "files", path.partition(".")[0]
    if stream.reading is not None:
        for text in (*stream.reading.text, *stream.reading.besides):
            yield "reading", text.field.partition(".")[0]


_UNKNOWN_PROPERTY = {
    "primary_key": ErrorCode.UNKNOWN_PRIMARY_KEY,
    "cursor_field": ErrorCode.UNKNOWN_CURSOR_FIELD,
    "consent_time_field": ErrorCode.UNKNOWN_CONSENT_TIME_FIELD,
    "selection.resource_field": ErrorCode.UNKNOWN_RESOURCE_FIELD,
    "partition.field": ErrorCode.UNKNOWN_PARTITION_FIELD,
    "partition.cursor_field": ErrorCode.UNKNOWN_PARTITION_CURSOR_FIELD,
    "partition.group_field": ErrorCode.UNKNOWN_PARTITION_GROUP_FIELD,
    "identity": ErrorCode.UNKNOWN_IDENTITY_FIELD,
    "volatile_fields": ErrorCode.UNKNOWN_VOLATILE_FIELD,
    "label_fields": ErrorCode.UNKNOWN_LABEL_FIELD,
    "search": ErrorCode.UNKNOWN_SEARCH_FIELD,
    "files": ErrorCode.UNKNOWN_FILES_FIELD,
    "reading": ErrorCode.UNKNOWN_READING_FIELD,
}


def _fields(stream: StreamDecl) -> Faults:
    for field, name in _schema_fields(stream):
        if name not in stream.properties:
            yield ManifestError(
                _UNKNOWN_PROPERTY[field], f"{name!r} is not a property of the schema", stream=stream.name, field=field
            )
    if len(set(stream.primary_key)) != len(stream.primary_key):
        yield ManifestError(
            ErrorCode.DUPLICATE_PRIMARY_KEY, "a field is named twice", stream=stream.name, field="primary_key"
        )
    if stream.selection.resource_field is not None and not stream.selection.resources:
        yield ManifestError(
            ErrorCode.RESOURCE_FIELD_WITHOUT_RESOURCES,
            "selection.resources is not true",
            stream=stream.name,
            field="selection.resource_field",
        )


def _resources(stream: StreamDecl) -> Faults:
    """What a run is narrowed by and what it is divided by have to be one field: the ledger knows partitions, and a run
    of one resource may only say that it has read what it was asked for."""
    named, partition = stream.selection.resource_field, stream.partition
    if named is not None and partition is not None and named != partition.field:
        yield ManifestError(
            ErrorCode.RESOURCE_FIELD_NOT_PARTITION,
            f"it names {named!r}, and partition.field names {partition.field!r}; name one field in both",
            stream=stream.name,
            field="selection.resource_field",
        )


def _mentioned(manifest: Manifest, stream: StreamDecl) -> Faults:
    mentions = {} if stream.reading is None else stream.reading.mentions
    for kind, name in mentions.items():
        meant = manifest.stream(name)
        if meant is None or len(meant.primary_key) != 1:
            yield ManifestError(
                ErrorCode.UNKNOWN_READING_FIELD,
                f"{name!r}, whose records {kind!r} means, is not a stream with a key of one field",
                stream=stream.name,
                field="reading.mentions",
            )


def _dependencies(manifest: Manifest, stream: StreamDecl) -> Faults:
    if stream.state_stream is not None and stream.parent_streams is not None:
        yield ManifestError(
            ErrorCode.STATE_AND_PARENT_STREAMS,
            "state_stream and parent_streams exclude each other",
            stream=stream.name,
            field="parent_streams",
        )
    if stream.parent_streams == ():
        yield ManifestError(
            ErrorCode.EMPTY_PARENT_STREAMS, "no parent is named", stream=stream.name, field="parent_streams"
        )
    if stream.parent_streams is not None and len(set(stream.parent_streams)) != len(stream.parent_streams):
        yield ManifestError(
            ErrorCode.DUPLICATE_PARENT, "a parent is named twice", stream=stream.name, field="parent_streams"
        )
    for field, parent in _edges(stream):
        if parent == stream.name:
            yield ManifestError(
                ErrorCode.SELF_REFERENCE, "a stream cannot depend on itself", stream=stream.name, field=field
            )
        if manifest.stream(parent) is None:
            yield ManifestError(
                ErrorCode.UNKNOWN_PARENT, f"there is no stream {parent!r}", stream=stream.name, field=field
            )
    yield from _strategy(stream)


def _edges(stream: StreamDecl) -> list[tuple[str, str]]:
    if stream.state_stream is not None:
        return [("state_stream", stream.state_stream)]
    return [("parent_streams", parent) for parent in stream.parent_streams or ()]


def _strategy(stream: StreamDecl) -> Faults:
    wanted = STATE_STRATEGY if stream.state_stream else PARENT_STRATEGY if stream.parent_streams else None
    orphan = wanted is None and stream.coverage_strategy == PARENT_STRATEGY
    if orphan or (wanted is not None and stream.coverage_strategy != wanted):
        reason = "it names no parent_streams" if orphan else f"it has to be {wanted!r}"
        yield ManifestError(ErrorCode.STRATEGY_MISMATCH, reason, stream=stream.name, field="coverage_strategy")


def _partition(manifest: Manifest, stream: StreamDecl) -> Faults:
    partition = stream.partition
    if partition is None:
        return
    inventory = partition.inventory_stream
    if inventory is not None and manifest.stream(inventory) is None:
        yield ManifestError(
            ErrorCode.UNKNOWN_INVENTORY_STREAM,
            f"there is no stream {inventory!r}",
            stream=stream.name,
            field="partition.inventory_stream",
        )
        return
    labelled = manifest.by_name[inventory] if inventory is not None else stream
    if partition.label_field is not None and partition.label_field not in labelled.properties:
        yield ManifestError(
            ErrorCode.UNKNOWN_PARTITION_LABEL_FIELD,
            f"{partition.label_field!r} is not a property of stream {labelled.name!r}",
            stream=stream.name,
            field="partition.label_field",
        )


def _cycles(manifest: Manifest) -> Faults:
    """Depth first over all edges, without recursion: a manifest may name a chain as long as it likes."""
    done: set[str] = set()
    for root in manifest.by_name:
        on_path: dict[str, None] = {}
        stack: list[tuple[str, Sequence[tuple[str, str]]]] = [(root, ())]
        while stack:
            name, edges = stack.pop()
            if name not in on_path:
                if name in done:
                    continue
                on_path[name] = None
                edges = _edges(manifest.by_name[name])
            if not edges:
                del on_path[name]
                done.add(name)
                continue
            (field, parent), *rest = edges
            if parent in on_path:
                yield ManifestError(
                    ErrorCode.DEPENDENCY_CYCLE, "its parents lead back to it", stream=parent, field=field
                )
                return
            stack.append((name, rest))
            stack.append((parent, ()))
