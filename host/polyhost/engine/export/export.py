"""An export, from what is stored to a folder that is whole: the same rows for every format, in one state of the store.

Owns: what is exported in which order, the counts, and what the manifest claims: never more than the ledger proves.
Must not know: what a file looks like; surfaces.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from polyhost.coverage.picture import stream_picture, stream_summary
from polyhost.coverage.picture_json import StreamSummary
from polyhost.engine.clock import Clock
from polyhost.engine.export._files import RowFiles
from polyhost.engine.export._rows import Rows
from polyhost.engine.export.export_json import (
    AskedFor,
    Claimed,
    ExportClaim,
    ExportedCounts,
    ExportManifest,
    ExportPart,
    Written,
)
from polyhost.errors import ErrorCode, RefusedError, StoppedError
from polyhost.exports.base import Plan, Row, StreamPlan, Writer
from polyhost.exports.folder import ExportFolder
from polyhost.exports.formats import Format
from polyhost.ledger.cursor import sort_key
from polyhost.ledger.cursor_time import position_at
from polyhost.ledger.partition_rule import partition_rule
from polyhost.protocol.manifest import Manifest, StreamDecl
from polyhost.store.base import ConnectionRow, RecordQuery, Store, StoredRecord

__all__ = ["Wanted", "export"]

PAGE = 2_000
"""Records in memory at once: some MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to export. `since`, `until`: moments; they narrow the streams that are ordered by time, and leave the others
    (people, rooms) whole. `changes_since`: only what has changed after this change number, as a further part.
    `files_of`: the home whose files are put beside it; None: none are."""

    format_name: str
    format: Format
    streams: Sequence[StreamDecl]
    partition: str | None = None
    since: str | None = None
    until: str | None = None
    deleted: bool = False
    versions: bool = False
    changes_since: int | None = None
    files_of: Path | None = None

    @property
    def narrowed(self) -> bool:
        return self.partition is not None or self.since is not None or self.until is not None

    def as_json(self) -> AskedFor:
        return AskedFor(
            streams=[stream.name for stream in self.streams],
            partition=self.partition,
            since=self.since,
            until=self.until,
            deleted=self.deleted,
            versions=self.versions,
        )


@dataclass(slots=True)
class _Counts:
    """By stream: live records, deleted ones, older versions."""

    streams: dict[str, ExportedCounts] = field(default_factory=dict[str, ExportedCounts])

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            counts = self.streams.setdefault(row.stream, ExportedCounts(records=0, deleted=0, versions=0))
            counts["versions" if not row.current else "deleted" if row.deleted else "records"] += 1


async def export(
    store: Store,
    connection: ConnectionRow,
    manifest: Manifest,
    wanted: Wanted,
    folder: ExportFolder,
    *,
    clock: Clock,
    cancelled: asyncio.Event,
) -> Written:
    """Write it; what the manifest says of it, with the files of this part. StoppedError: nothing was changed."""
    folder.check_is_ours()
    part = 1 if wanted.changes_since is None or folder.previous is None else len(folder.previous["parts"]) + 1
    async with store.snapshot() as snapshot:
        through = await snapshot.records.last_change(connection.id)
        claims = await _claims(snapshot, connection.id, wanted)
        plan = _plan(connection, wanted, part, claims)
        counts = _Counts()
        with folder.writing() as partial:
            writer = await asyncio.to_thread(wanted.format.load(), partial, plan)
            try:
                files = None
                if wanted.files_of is not None:
                    files = RowFiles(snapshot, connection.id, wanted.files_of, partial)
                rows = Rows(snapshot, connection.id, manifest, files)
                await _write(writer, _rows(snapshot, connection.id, rows, wanted), counts, cancelled)
                await asyncio.to_thread(writer.finish)
                _go_on_unless(cancelled)
            except BaseException:
                writer.abandon()
                raise
            about = ExportManifest(
                connection=connection.name,
                source=connection.source,
                nature=connection.nature,
                format=wanted.format_name,
                made_at=clock.iso(),
                sequence=through,
                asked_for=wanted.as_json(),
                coverage=claims,
            )
            this = ExportPart(
                part=part,
                made_at=about["made_at"],
                after_sequence=wanted.changes_since or 0,
                through_sequence=through,
                streams=counts.streams,
            )
            adds = wanted.changes_since is not None
            written = await asyncio.to_thread(folder.publish, partial, about, part=this, adds=adds)
    return {**about, **this, "files": written}


async def _write(writer: Writer, pages: AsyncGenerator[list[Row]], counts: _Counts, cancelled: asyncio.Event) -> None:
    async for rows in pages:
        _go_on_unless(cancelled)
        counts.add(rows)
        await asyncio.to_thread(writer.add, rows)
    _go_on_unless(cancelled)


def _go_on_unless(cancelled: asyncio.Event) -> None:
    if cancelled.is_set():
        raise StoppedError("the export was stopped", "What was there before is as it was; start it again.")


async def _rows(store: Store, connection_id: int, rows: Rows, wanted: Wanted) -> AsyncGenerator[list[Row]]:
    pages = (
        _in_order(store, connection_id, wanted)
        if wanted.changes_since is None
        else _changed(store, connection_id, wanted, wanted.changes_since)
    )
    async for records in pages:
        current = await rows.of(records)
        if not wanted.versions or all(record.version == 1 for record in records):
            yield current
            continue
        with_history: list[Row] = []
        for record, row in zip(records, current, strict=True):
            if record.version > 1:
                earlier = await store.records.versions(connection_id, record.stream, record.key)
                with_history += await rows.of(earlier[:-1], current=False)
            with_history.append(row)
        yield with_history


async def _in_order(store: Store, connection_id: int, wanted: Wanted) -> AsyncGenerator[Sequence[StoredRecord]]:
    """Stream by stream, partition by partition, by position."""
    for declared in wanted.streams:
        for partition in await _partitions(store, connection_id, declared, wanted):
            async for records in _partition(store, connection_id, declared, partition, wanted):
                yield records


async def _partitions(store: Store, connection_id: int, declared: StreamDecl, wanted: Wanted) -> Sequence[str | None]:
    """None comes last: tombstones of records that were never read are in no partition."""
    if declared.partition is None:
        return [None]
    if wanted.partition is not None:
        return [wanted.partition]
    keys = await store.records.partition_keys(connection_id, declared.name)
    known: list[str | None] = [key for key in keys if key is not None]
    return [*known, None] if wanted.deleted and None in keys else known


async def _partition(
    store: Store, connection_id: int, declared: StreamDecl, partition: str | None, wanted: Wanted
) -> AsyncGenerator[Sequence[StoredRecord]]:
    since, until = _bound(declared, wanted.since, "since"), _bound(declared, wanted.until, "until")
    query = RecordQuery(partition=partition, since=since, until=until, limit=PAGE, deleted=wanted.deleted)
    while True:
        page = await store.records.page(connection_id, declared.name, query)
        if records := [record for record in page.records if record.partition == partition]:
            yield records
        if page.next is None:
            break
        query = replace(query, after=page.next)


async def _changed(
    store: Store, connection_id: int, wanted: Wanted, after: int
) -> AsyncGenerator[Sequence[StoredRecord]]:
    """In the order of changes, deleted ones included: whoever follows has to hear of those."""
    names = {declared.name: declared for declared in wanted.streams}
    while records := await store.records.changes(connection_id, after=after, limit=PAGE):
        after = records[-1].sequence
        asked = [record for record in records if record.stream in names]
        if wanted.partition is not None:
            asked = [
                record
                for record in asked
                if names[record.stream].partition is None or record.partition == wanted.partition
            ]
        if asked:
            yield asked


def _bound(declared: StreamDecl, moment: str | None, name: str) -> str | None:
    """A moment as a sort key; None for a stream that is not ordered by time, which stays whole."""
    if moment is None or declared.partition is None or declared.partition.cursor_time is None:
        return None
    rule = partition_rule(declared.name, declared.partition)
    position = position_at(moment, rule.cursor_time)
    if position is None:
        raise RefusedError(
            f"--{name} is not a time that can be read",
            "Give ISO 8601, e.g. 2026-01-31.",
            code=ErrorCode.BAD_SINCE if name == "since" else ErrorCode.BAD_UNTIL,
        )
    return sort_key(position, rule.order)


async def _claims(store: Store, connection_id: int, wanted: Wanted) -> dict[str, ExportClaim]:
    """By stream: what the ledger proves of it, and whether all of that was asked for."""
    claims: dict[str, ExportClaim] = {}
    for declared in wanted.streams:
        summary = None
        if declared.partition is not None:
            rule = partition_rule(declared.name, declared.partition)
            summary = stream_summary(
                stream_picture(await store.ledger.partitions(connection_id, declared.name), rule), rule
            )
        claims[declared.name] = ExportClaim(claim=_claim(summary, wanted), ledger=summary)
    return claims


def _claim(summary: StreamSummary | None, wanted: Wanted) -> Claimed:
    """`proven`: every partition known is read from its beginning. Never said of what was narrowed, or has no ledger."""
    if summary is None or not summary["partitions"]:
        return "unproven"
    if wanted.narrowed or wanted.changes_since is not None:
        return "part_as_asked_for"
    return "proven" if summary["complete"] == summary["partitions"] else "partial"


_CLAIMS: Mapping[Claimed, str] = {
    "unproven": "what is stored; nothing proves that it is all there is",
    "part_as_asked_for": "the part that was asked for",
    "proven": "every conversation or part known, read from its beginning",
    "partial": "what is stored; parts of it are known to be missing or not proven to be whole",
}


def _plan(connection: ConnectionRow, wanted: Wanted, part: int, claims: Mapping[str, ExportClaim]) -> Plan:
    streams = [_stream_plan(declared) for declared in wanted.streams]
    statement = [f"{stream.title}: {_CLAIMS[claims[stream.name]['claim']]}." for stream in streams]
    return Plan(
        connection=connection.name,
        streams=streams,
        part=part,
        statement=statement,
        with_files=wanted.files_of is not None,
    )


def _stream_plan(declared: StreamDecl) -> StreamPlan:
    display = declared.display
    return StreamPlan(
        name=declared.name,
        title=declared.name if display is None or display.label is None else display.label,
        description=declared.description or "",
        columns={name: _is_number(schema) for name, schema in declared.properties.items()},
        partitioned=declared.partition is not None,
    )


def _is_number(schema: Any) -> bool:
    kind = schema.get("type") if isinstance(schema, dict) else None
    kinds = set(kind) if isinstance(kind, list) else {kind}
    return bool(kinds & {"integer", "number", "boolean"}) and "string" not in kinds
