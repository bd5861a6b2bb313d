"""The connections there are: listed, renamed, parted from.

Owns: in which order session, profile and store change, so that a crash in between loses no session and leaves no secret
behind unnamed. Must not know: how sessions are kept, what the data is.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from polyhost.coverage.evidence import Nature
from polyhost.errors import ErrorCode, PolyhostError, RefusedError, RunFailedError
from polyhost.humanize import byte_count, plural
from polyhost.operations import shared_fields as common
from polyhost.operations.fields import argument, flag
from polyhost.operations.operation import Result, Route, Section, operation
from polyhost.operations.parsing import connection_name
from polyhost.protocol.diagnostics import RunState

if TYPE_CHECKING:
    from polyhost.operations.context import Context
    from polyhost.store.base import ConnectionRow, Store

__all__ = [
    "Connection",
    "Connections",
    "ConnectionsRequest",
    "DisconnectRequest",
    "Disconnected",
    "RenameRequest",
    "Renamed",
    "connections",
    "disconnect",
    "rename",
]

KEEP, DELETE = "keep", "delete"


class LastRun(TypedDict):
    """The newest run of a connection."""

    run_id: str
    status: RunState
    started_at: str


class Connection(TypedDict):
    """One source with one account. `site`: the address of the site, where the source is the software of many.
    `disconnected_at`: since when its session is forgotten and its data kept; null where it is connected. `records`: how
    many it holds. `watches`: the folder whose files it imports."""

    name: str
    source: str
    site: str | None
    nature: Nature
    disconnected_at: str | None
    created_at: str
    records: int
    watches: str | None
    last_run: LastRun | None


class Connections(TypedDict):
    """Everything that is connected, or was and is kept."""

    connections: list[Connection]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionsRequest:
    pass


@operation(
    "connections",
    "List what is connected.",
    section=Section.UPKEEP,
    examples=("polyhost connections",),
    routes=(Route("GET", "/v1/connections"),),
)
async def connections(context: Context, request: ConnectionsRequest) -> Result[Connections]:
    """Every connection with its last run and its record count."""
    del request
    if not context.has_store:
        return Result(Connections(connections=[]))
    async with context.store() as store:
        rows = [await _connection(store, row) for row in await store.connections.all()]
    return Result(Connections(connections=rows))


async def _connection(store: Store, row: ConnectionRow) -> Connection:
    from polyhost.engine.imports.watched_folder import watched_folder

    last = next(iter(await store.runs.newest(row.id, limit=1)), None)
    counts = await store.records.count(row.id)
    folder = watched_folder(row)
    ran = None
    if last is not None:
        ran = LastRun(run_id=last.id, status=last.status, started_at=last.started_at)
    return Connection(
        name=row.name,
        source=row.source,
        site=row.site,
        nature=row.nature,
        disconnected_at=row.disconnected_at,
        created_at=row.created_at,
        records=sum(live for live, _ in counts.values()),
        watches=None if folder is None else str(folder),
        last_run=ran,
    )


class Disconnected(TypedDict):
    """What became of a connection's data; `records`: how many it held; `files`: of these, how many were here, and
    `file_bytes`, however many of them are the same."""

    connection: str
    data: Literal["kept", "deleted"]
    records: int
    files: int
    file_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectRequest:
    name: str = common.connection()
    keep_data: bool = flag("Keep what was collected, readable and searchable.")
    delete_data: bool = flag("Delete what was collected, with its history, receipts and runs.")


@operation(
    "disconnect",
    "Forget a connection's session, and keep or delete its data.",
    section=Section.UPKEEP,
    details="What was collected stays readable and searchable with --keep-data, and is deleted for good with "
    "--delete-data. At a terminal you are asked; elsewhere one of the two has to be given. Connecting again "
    "under the same name with --renew goes on where it was.",
    examples=(
        "polyhost disconnect slack",
        "polyhost disconnect slack --keep-data",
        "polyhost disconnect old --delete-data",
    ),
    routes=(Route("DELETE", "/v1/connections/{name}"),),
    refusals=(ErrorCode.ANSWER_NEEDED,),
)
async def disconnect(context: Context, request: DisconnectRequest) -> Result[Disconnected]:
    """Forget session and profile; keep the data, or delete that too. Refused while it is being collected."""
    from polyhost.engine.clock import new_id
    from polyhost.engine.run.lease import hold_lease

    if request.keep_data and request.delete_data:
        raise RefusedError(
            "--keep-data and --delete-data exclude each other", "Give one of them.", code=ErrorCode.BAD_REQUEST
        )
    async with context.store(create=False) as store:
        row = await context.connection(store, request.name)
        held = await _held(store, row)
        answer = await _answer(context, request, row, held)
        async with hold_lease(store, row, new_id("disconnect", context.clock.now()), context.clock):
            await (_keep if answer == KEEP else _delete)(context, store, row)
    return Result(
        Disconnected(
            connection=row.name,
            data="kept" if answer == KEEP else "deleted",
            records=held.records,
            files=held.files,
            file_bytes=held.bytes,
        )
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """What a connection holds; `bytes`: of its files that are here."""

    records: int
    files: int
    bytes: int

    def __str__(self) -> str:
        records = plural(self.records, "record")
        return f"{records} and {plural(self.files, 'file')} ({byte_count(self.bytes)})" if self.files else records


async def _held(store: Store, row: ConnectionRow) -> _Held:
    records = sum(live + deleted for live, deleted in (await store.records.count(row.id)).values())
    here = [count for count in await store.files.count(row.id) if count.state == "here"]
    return _Held(records, sum(count.files for count in here), sum(count.bytes for count in here))


async def _answer(context: Context, request: DisconnectRequest, row: ConnectionRow, held: _Held) -> str:
    """What is to become of the data. Nothing is deleted that nobody has said to delete."""
    if request.keep_data or request.delete_data:
        return KEEP if request.keep_data else DELETE
    answer = await context.choose(
        f"{row.name} holds {held}. What is to become of them?",
        {
            KEEP: "they stay readable and searchable; only the session goes",
            DELETE: "they, their history, receipts and runs are deleted for good",
            "cancel": "nothing happens",
        },
    )
    if answer not in {KEEP, DELETE}:
        raise RefusedError(
            f"it was not said what is to become of what {row.name} holds: {held}",
            "Give --keep-data or --delete-data.",
            code=ErrorCode.ANSWER_NEEDED,
        )
    return answer


async def _keep(context: Context, store: Store, row: ConnectionRow) -> None:
    """Marked first: a session that is still there when the process dies is then one nobody uses."""
    from polyhost.engine.sessions.saved import delete_session
    from polyhost.store.base import DISCONNECTED

    since = row.disconnected_at or context.clock.iso()
    await store.connections.update(row.id, options={**row.options, DISCONNECTED: since})
    delete_session(context.home, row.name)


async def _delete(context: Context, store: Store, row: ConnectionRow) -> None:
    """The session first: once the row is gone, nothing names it any more."""
    from polyhost.engine.files.rubbish import tidy_up
    from polyhost.engine.sessions.saved import delete_session

    delete_session(context.home, row.name)
    await store.connections.delete(row.id)
    await tidy_up(store, context.home)
    try:
        await store.forget_deleted()
    except PolyhostError as error:  # no room for it, or somebody writes for long
        raise RunFailedError(
            f"what was collected is deleted, but old text may be left in the file: {error.reason}",
            error.instruction,
            code=error.code,
        ) from error


class Renamed(TypedDict):
    """The new name, the old one, and what could not go along."""

    connection: str
    was: str
    notes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameRequest:
    name: str = common.connection(metavar="OLD")
    to: str = argument("What it is called from now on.", metavar="NEW")


@operation(
    "rename",
    "Give a connection another name.",
    section=Section.UPKEEP,
    details="Session, data and how far it is covered stay. Receipts written before keep the name of then.",
    examples=("polyhost rename slack work",),
    routes=(Route("POST", "/v1/connections/{name}/rename"),),
    refusals=(ErrorCode.NAME_TAKEN,),
)
async def rename(context: Context, request: RenameRequest) -> Result[Renamed]:
    """Another name for a connection; everything it has stays. Receipts written before keep the name of then."""
    from polyhost.engine.clock import new_id
    from polyhost.engine.run.lease import hold_lease
    from polyhost.engine.sessions.saved import copy_session, delete_session, profile_folder

    to = connection_name(request.to)
    notes: list[str] = []
    async with context.store(create=False) as store:
        row = await context.connection(store, request.name)
        if (await store.connections.get(to)) is not None:
            taken = f"there is a connection called {to!r} already"
            raise RefusedError(taken, "Choose another name.", code=ErrorCode.NAME_TAKEN)
        async with hold_lease(store, row, new_id("rename", context.clock.now()), context.clock):
            try:
                copy_session(context.home, row.name, to)
            except RefusedError as error:  # a session that cannot be opened cannot be sealed anew
                notes.append(f"Its session stays behind: {error.reason}. {error.instruction}".replace(row.name, to))
            await store.connections.update(row.id, name=to)
            with suppress(OSError):  # most have none: a profile is there only while its owner signs in
                profile_folder(context.home, row.name).rename(profile_folder(context.home, to))
            delete_session(context.home, row.name)
    return Result(Renamed(connection=to, was=row.name, notes=notes))
