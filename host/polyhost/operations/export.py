"""Exporting what is stored into files, for use without polyhost.

Owns: reading the request, and what the owner is told came of it. Must not know: formats, files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from polyhost.engine.export.export_json import ExportClaim, ExportedCounts
from polyhost.errors import ErrorCode, RefusedError
from polyhost.instants import TimestampError, parse_timestamp
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import Names, flag, number, option
from polyhost.operations.operation import Result, Section, operation

if TYPE_CHECKING:
    from polyhost.engine.export.export import Wanted
    from polyhost.engine.sources.lookup import Loaded
    from polyhost.exports.folder import ExportFolder
    from polyhost.operations.context import Context
    from polyhost.protocol.declarations import StreamDecl
    from polyhost.store.base import ConnectionRow, Store

__all__ = ["ExportRequest", "Exported", "export"]

MAX_CHANGE = 2**63 - 1
"""Change numbers are 64-bit integers in every store."""


class Exported(TypedDict):
    """An export, or one more part of it. `after_sequence` and `through_sequence`: of which changes it tells; the next
    part goes on from there."""

    connection: str
    source: str
    format: str
    part: int
    after_sequence: int
    through_sequence: int
    streams: dict[str, ExportedCounts]
    coverage: dict[str, ExportClaim]
    directory: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    name: str = common.connection()
    format: str | None = option("jsonl, csv, sqlite, markdown, text or html.", metavar="FORMAT")
    to: str | None = option(
        "The directory to write into; new, empty, or an earlier export.", metavar="DIR", names=Names.FOLDER
    )
    stream: tuple[str, ...] = common.streams()
    partition: str | None = common.partition("Only this partition of streams that have any.")
    since: str | None = common.since("Only from this time on, of streams ordered by time (ISO 8601).")
    until: str | None = option("Only before this time.", metavar="TIME")
    files: bool = flag("Put the files that are here beside it, and show pictures (html, markdown, sqlite).")
    deleted: bool = flag("Records the source has deleted, too.")
    versions: bool = flag("What records were before they were edited, too.")
    changes: bool = flag("Add what has changed since the export that is in the directory, deletions included.")
    changes_since: int | None = number(
        "Only what has changed after this change number.", most=MAX_CHANGE, code=ErrorCode.BAD_CHANGES_SINCE
    )


@operation(
    "export",
    "Write what is stored into files, for use without polyhost.",
    section=Section.READING,
    examples=(
        "polyhost export slack --format jsonl --to ~/slack-export",
        "polyhost export slack --format html --to ~/slack-pages --stream messages --since 2026-01-01",
        "polyhost export slack --format jsonl --to ~/slack-export --changes",
    ),
    only="It writes into a directory of this machine that is named.",
    all_or_nothing=True,
)
async def export(context: Context, request: ExportRequest) -> Result[Exported]:
    """One export, or one more part of it. RefusedError before anything is written."""
    from polyhost.engine.export.export import Wanted
    from polyhost.engine.export.export import export as write_export
    from polyhost.engine.files.indexing import catch_up_files
    from polyhost.engine.sources.lookup import find_source
    from polyhost.exports.formats import format_named
    from polyhost.operations.shown import known_stream
    from polyhost.protocol.record_files import file_rules

    chosen = format_named(request.format)
    if not request.to:
        raise RefusedError("no folder to export to was given", "Give --to DIR.", code=ErrorCode.NO_DIRECTORY)
    for name, moment in (("since", request.since), ("until", request.until)):
        _check_moment(name, moment)
    folder = _folder(request.to)
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        source = find_source(connection.source, context.home)
        names = request.stream or tuple(stream.name for stream in source.manifest.streams)
        streams = [known_stream(source, name) for name in names]
        wanted = Wanted(
            format_name=request.format or "",
            format=chosen,
            streams=streams,
            partition=await _partition(store, connection, source, streams, request.partition),
            since=request.since,
            until=request.until,
            deleted=request.deleted,
            versions=request.versions,
            changes_since=_changes_since(request, folder),
            files_of=context.home if request.files else None,
        )
        _check(request, wanted, folder)
        if request.files:
            await catch_up_files(store, connection.id, file_rules(source.manifest))
        made = await write_export(
            store, connection, source.manifest, wanted, folder, clock=context.clock, cancelled=context.cancelled
        )
    value = Exported(
        connection=made["connection"],
        source=made["source"],
        format=made["format"],
        part=made["part"],
        after_sequence=made["after_sequence"],
        through_sequence=made["through_sequence"],
        streams=made["streams"],
        coverage=made["coverage"],
        directory=request.to,
        files=len(made["files"]),
        bytes=sum(file["bytes"] for file in made["files"]),
    )
    return Result(value)


async def _partition(
    store: Store, connection: ConnectionRow, source: Loaded, streams: Sequence[StreamDecl], name: str | None
) -> str | None:
    """The key of the one that is asked for."""
    from polyhost.operations.naming import partition_named

    if name is None:
        return None
    parted = [stream.name for stream in streams if stream.partition is not None]
    if not parted:
        raise RefusedError(
            f"{source.name} has no partitions in what is exported",
            "Leave --partition out.",
            code=ErrorCode.NO_PARTITIONS,
        )
    return await partition_named(store, connection, parted, name)


def _folder(text: str) -> ExportFolder:
    from polyhost.exports.folder import ExportFolder

    return ExportFolder(Path(text).expanduser().absolute())


def _check_moment(name: str, moment: str | None) -> None:
    try:
        if moment is not None:
            parse_timestamp(moment)
    except TimestampError:
        raise RefusedError(
            f"--{name} is not a time that can be read",
            "Give ISO 8601 with a time zone, e.g. 2026-01-31T09:30:00Z, or a bare date (midnight UTC).",
            code=ErrorCode.BAD_SINCE if name == "since" else ErrorCode.BAD_UNTIL,
        ) from None


def _changes_since(request: ExportRequest, folder: ExportFolder) -> int | None:
    """From which change number on: as given, or where the export that is there ends."""
    if request.changes_since is not None:
        return request.changes_since
    if not request.changes:
        return None
    if folder.previous is None:
        raise RefusedError(
            "there is no earlier export in that directory to go on from",
            "Export without --changes first, or give --changes-since N.",
            code=ErrorCode.NO_EARLIER_EXPORT,
        )
    return int(folder.previous["sequence"])


def _check(request: ExportRequest, wanted: Wanted, folder: ExportFolder) -> None:
    if request.files and not wanted.format.files:
        raise RefusedError(
            f"{wanted.format_name} is exported without files", "Use html, markdown or sqlite, or leave --files out."
        )
    if wanted.changes_since is None:
        return
    if not wanted.format.adds:
        raise RefusedError(
            f"{wanted.format_name} is exported as a whole",
            "Use jsonl or csv for changes.",
            code=ErrorCode.FORMAT_NOT_INCREMENTAL,
        )
    if request.since is not None or request.until is not None:
        raise RefusedError(
            "--since and --until cannot be used with changes", "Leave them out.", code=ErrorCode.CHANGES_NOT_NARROWED
        )
    before = folder.previous
    if before is not None and (before["connection"], before["format"]) != (request.name, wanted.format_name):
        raise RefusedError(
            f"the directory holds a {before['format']} export of {before['connection']}",
            "Name another directory.",
            code=ErrorCode.OTHER_EXPORT,
        )
