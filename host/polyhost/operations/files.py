"""The files of stored records: which there are, why some are not here, their bytes, and putting them into a folder.

Owns: turning what is known of files into these results. Must not know: how a file is fetched, how it looks on a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NotRequired

from typing_extensions import TypedDict

from polyhost.coverage.file_totals import FileTotals
from polyhost.errors import ErrorCode, RefusedError
from polyhost.ledger.files import FileReason, FileState
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import Names, argument, flag, limit, option
from polyhost.operations.operation import Exchange, Result, Route, Section, operation
from polyhost.operations.shown_files import ShownFile

if TYPE_CHECKING:
    from polyhost.operations.context import Context
    from polyhost.store.base import ConnectionRow, FileQuery, FileRow, RecordFile, Store

__all__ = [
    "FileContent",
    "FileContentRequest",
    "Files",
    "FilesRequest",
    "ListedFile",
    "MissingFiles",
    "PutFiles",
    "content",
    "files",
]

MAX_LISTED = 100_000
"""Files one command prints; the folder holds any number."""
_LISTED = 50


class ListedFile(ShownFile):
    """A file with where it stands: the first record that holds it. `label`: what its partition is called; `time`: of
    the newest record that holds it; `address`: where the source says that it is."""

    stream: str
    key: str | None
    partition: str | None
    label: str | None
    time: str | None
    address: str | None


class MissingFiles(TypedDict):
    """Files that are not here for one reason. `bytes`: what the source says of them; `instruction`: what brings them,
    empty where nothing does."""

    state: FileState
    reason: FileReason | None
    files: int
    bytes: int
    why: str
    instruction: str


class PutFiles(TypedDict):
    """What was put into a folder: `linked` and `copied` are new there, `already`: it had their content; `lost`: their
    bytes are not in the home any more, and are to come again. A file that is linked is the very file in the home."""

    directory: str
    linked: int
    copied: int
    already: int
    lost: int


class Files(TypedDict):
    """Files of a connection's records, newest first. `totals`: of all there are, thumbnails aside; `missing`: why those
    that are not here are not. `next`: `after` of the following page; null where it ends. `put`: with --to, in place of
    a list."""

    connection: str
    source: str
    totals: FileTotals
    missing: list[MissingFiles]
    files: list[ListedFile]
    next: str | None
    put: NotRequired[PutFiles]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesRequest:
    name: str = common.connection()
    missing: bool = flag("Only those that are not here, with why and what brings them.")
    state: tuple[str, ...] = option(
        f"Only those in this state: {', '.join(FileState)}. Repeat for more.", metavar="STATE", default=()
    )
    partition: str | None = common.partition("Only those of this partition, e.g. one channel's id.")
    type: tuple[str, ...] = option(
        "Only those of this kind (image) or type (application/pdf), as the source says. Repeat for more.",
        metavar="TYPE",
        default=(),
    )
    thumbnails: bool = flag("Smaller likenesses of files, too.")
    limit: int = limit("At most this many.", default=_LISTED, most=MAX_LISTED)
    after: str | None = common.after()
    to: str | None = option("Put those that are here into this folder.", metavar="DIR", names=Names.FOLDER)


@operation(
    "files",
    "List the files of stored records, say what is missing and why, put them into a folder.",
    section=Section.READING,
    details="Files are fetched by polyhost run NAME --files. With --to they are put into a folder, by partition, under "
    "the names the source gives them, made safe; nothing that is there is written over, and a second time only what is "
    "new comes. Where the disk can, a file there is the very file in polyhost's own folder (a hard link): change "
    "copies only.",
    examples=(
        "polyhost files slack",
        "polyhost files slack --missing",
        "polyhost files slack --type image --to ~/slack-pictures",
    ),
    routes=(Route("GET", "/v1/connections/{name}/files", hidden=("to",)),),
    refusals=(ErrorCode.BAD_CURSOR,),
)
async def files(context: Context, request: FilesRequest) -> Result[Files]:
    """One page of files, with the totals of all; or, with a folder, what was put there."""
    from polyhost.coverage.file_totals import file_totals
    from polyhost.engine.files.indexing import catch_up_files
    from polyhost.engine.sources.lookup import find_source
    from polyhost.protocol.record_files import file_rules

    if request.to is not None and (request.after is not None or request.limit != _LISTED):
        raise RefusedError(
            "--limit and --after are about a list, and --to puts all files there are into the folder",
            "Leave them out; --type, --partition and --state say which files.",
            code=ErrorCode.BAD_REQUEST,
        )
    query = _query(request)
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        query = replace(query, partition=await _partition(store, connection, request.partition))
        source = find_source(connection.source, context.home)
        await catch_up_files(store, connection.id, file_rules(source.manifest))
        value = Files(
            connection=connection.name,
            source=source.name,
            totals=file_totals([]),
            missing=[],
            files=[],
            next=None,
        )
        if request.to is not None:
            value["put"] = await _put(context, store, connection, query, request.to)
        else:
            page = await store.files.find(connection.id, query)
            value["files"] = await _listed(context, store, connection, page.files)
            value["next"] = page.next
        counts = [one for one in await store.files.count(connection.id) if not one.is_thumbnail]
    value["totals"] = file_totals((one.state, one.files, one.bytes) for one in counts)
    value["missing"] = _missing(
        connection.name,
        source.manifest.runner is not None,
        [(one.state, one.reason, one.files, one.bytes) for one in counts],
    )
    return Result(value)


async def _partition(store: Store, connection: ConnectionRow, name: str | None) -> str | None:
    """The key of the one that is asked for."""
    from polyhost.operations.naming import partition_named

    if name is None:
        return None
    streams = {state.stream for state in await store.ledger.partitions(connection.id)}
    return await partition_named(
        store, connection, sorted(streams | set(await store.records.count(connection.id))), name
    )


def _query(request: FilesRequest) -> FileQuery:
    from polyhost.store.base import FileQuery

    wanted = frozenset(_state(text) for text in request.state)
    if request.missing:
        wanted = (wanted or frozenset(FileState)) - {FileState.HERE}
    return FileQuery(
        states=wanted,
        types=[text.lower() if "/" in text else f"{text.lower()}/" for text in request.type],
        thumbnails=None if request.thumbnails else False,
        after=request.after,
        limit=request.limit,
    )


def _state(text: str) -> FileState:
    try:
        return FileState(text)
    except ValueError:
        raise RefusedError(
            f"{text!r} is not a state of files", f"Use one of: {', '.join(FileState)}.", code=ErrorCode.BAD_REQUEST
        ) from None


async def _listed(
    context: Context, store: Store, connection: ConnectionRow, rows: Sequence[FileRow]
) -> list[ListedFile]:
    from polyhost.instants import iso_from_instant
    from polyhost.operations.shown_files import shown_file

    first = await _first_records(store, connection, rows)
    labels = await _labels(store, connection, first.values())
    listed: list[ListedFile] = []
    for row in rows:
        place = first.get(row.id)
        stream = row.facts.stream if place is None else place.stream
        listed.append(
            ListedFile(
                **shown_file(context.home, row),
                stream=stream,
                key=None if place is None else place.key,
                partition=None if place is None else place.partition,
                label=None if place is None else labels.get((stream, place.partition or "")),
                time=iso_from_instant(None if row.facts.moment is None else (row.facts.moment, "")),
                address=row.facts.address,
            )
        )
    return listed


async def _first_records(store: Store, connection: ConnectionRow, rows: Sequence[FileRow]) -> Mapping[int, RecordFile]:
    """The first record that holds each."""
    held = await store.files.records(connection.id, [row.id for row in rows])
    return {file_id: records[0] for file_id, records in held.items() if records}


async def _labels(
    store: Store, connection: ConnectionRow, places: Iterable[RecordFile]
) -> Mapping[tuple[str, str], str]:
    """What the partitions of these are called, by stream and key."""
    keys: dict[str, set[str]] = {}
    for place in places:
        if place.partition is not None:
            keys.setdefault(place.stream, set()).add(place.partition)
    found: dict[tuple[str, str], str] = {}
    for stream, partitions in keys.items():
        labels = await store.ledger.labels(connection.id, stream, sorted(partitions))
        found |= {(stream, key): label for key, label in labels.items()}
    return found


def _missing(
    connection: str, runs: bool, counts: Iterable[tuple[FileState, FileReason | None, int, int]]
) -> list[MissingFiles]:
    """By why they are not here, most files first."""
    from polyhost.ledger.file_words import what_helps, why_not_here

    found: dict[tuple[FileState, FileReason | None], MissingFiles] = {}
    for state, reason, number, size in counts:
        why = why_not_here(state, reason)
        if why is None:
            continue
        group = found.setdefault(
            (state, reason),
            MissingFiles(
                state=state,
                reason=reason,
                files=0,
                bytes=0,
                why=why,
                instruction=what_helps(state, reason, connection, runs=runs),
            ),
        )
        group["files"] += number
        group["bytes"] += size
    return sorted(found.values(), key=lambda one: -one["files"])


async def _put(context: Context, store: Store, connection: ConnectionRow, query: FileQuery, to: str) -> PutFiles:
    """All that are asked for and here, a page at a time."""
    import asyncio
    from dataclasses import replace

    from polyhost.engine.files.copies import OwnersFolder
    from polyhost.engine.files.vanished import glance, note_absence
    from polyhost.files.contents import Contents

    folder, contents = OwnersFolder(_absolute(to), context.home), Contents(context.home)
    put = PutFiles(directory=to, linked=0, copied=0, already=0, lost=0)
    here = frozenset({FileState.HERE})
    query = replace(query, states=here if not query.states else query.states & here, limit=_AT_ONCE)
    if not query.states:
        raise RefusedError(
            "only files that are here can be put into a folder", "Leave --missing out.", code=ErrorCode.BAD_REQUEST
        )
    while True:
        page = await store.files.find(connection.id, query)
        first = await _first_records(store, connection, page.files)
        labels = await _labels(store, connection, first.values())
        for row in page.files:
            kept, place = row.facts.content, first.get(row.id)
            if kept is None:
                continue
            reason = await asyncio.to_thread(glance, contents, kept)
            if reason is not None:
                await note_absence(store, kept, reason, at=context.clock.iso())
                put["lost"] += 1
                continue
            called = _folder_name(place, labels)
            how = await asyncio.to_thread(
                folder.put, contents.path(kept.digest), kept, folder=called, name=row.facts.name
            )
            put[how] += 1
        if page.next is None:
            return put
        query = replace(query, after=page.next)


def _absolute(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _folder_name(place: RecordFile | None, labels: Mapping[tuple[str, str], str]) -> str:
    """Of the partition; two of one name are told apart by their keys, and stay so whatever comes later."""
    if place is None or place.partition is None:
        return "files" if place is None else place.stream
    label = labels.get((place.stream, place.partition))
    return place.partition if label is None else f"{label} ({place.partition})"


_AT_ONCE = 500
"""Files of a page that are put into a folder."""


class FileContent(TypedDict):
    """Bytes of a file that is here, at `path`. `name`: a safe one; `type`: what they are; `etag`: the same for the
    same bytes."""

    path: str
    name: str
    type: str
    size: int
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContentRequest:
    name: str = common.connection()
    id: str = argument("The file's number, as files shows it.")


@operation(
    "file content",
    "The bytes of a file. Pictures, audio, video, PDF and plain text are what they are; all else is a download.",
    section=Section.READING,
    routes=(Route("GET", "/v1/connections/{name}/files/{id}/content", exchange=Exchange.CONTENT),),
    refusals=(ErrorCode.UNKNOWN_FILE, ErrorCode.FILE_NOT_HERE, ErrorCode.BAD_RANGE),
    command=False,
    only="A command says where the file lies (`path`), or puts it into a folder: polyhost files NAME --to DIR.",
)
async def content(context: Context, request: FileContentRequest) -> Result[FileContent]:
    """Where they lie, and as what they may be served. What is not there as it was is noted, so that it comes again."""
    import asyncio

    from polyhost.engine.files.vanished import glance, note_absence
    from polyhost.files.contents import Contents
    from polyhost.files.names import safe_name
    from polyhost.ledger.file_words import what_helps, why_not_here

    contents = Contents(context.home)
    async with context.store(create=False) as store:
        connection = await context.connection(store, request.name)
        number = int(request.id) if request.id.isascii() and request.id.isdecimal() and len(request.id) < 19 else 0
        row = await store.files.get(connection.id, number)
        if row is None:
            raise RefusedError(
                f"{connection.name} knows no such file",
                f"Numbers are shown by: polyhost files {connection.name}",
                code=ErrorCode.UNKNOWN_FILE,
            )
        state, reason, kept = row.facts.state, row.facts.reason, row.facts.content
        if state is FileState.HERE and kept is not None:
            reason = await asyncio.to_thread(glance, contents, kept)
            if reason is None:
                value = FileContent(
                    path=str(contents.path(kept.digest)),
                    name=safe_name(row.facts.name),
                    type=kept.type,
                    size=kept.size,
                    etag=f'"{kept.digest}"',
                )
                return Result(value)
            await note_absence(store, kept, reason, at=context.clock.iso())
            state = FileState.TO_COME
    raise RefusedError(
        f"this file is not here: {why_not_here(state, reason)}",
        what_helps(state, reason, connection.name),
        code=ErrorCode.FILE_NOT_HERE,
    )
