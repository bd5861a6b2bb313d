"""Parting from a connection, or from its name.

Owns: in which order session, profile and store change, so that a crash in between loses no session and leaves no secret
behind unnamed. Must not know: how sessions are kept, what the data is.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from polyhost.engine.clock import new_id
from polyhost.engine.run.lease import hold_lease
from polyhost.engine.sessions.saved import copy_session, delete_session, profile_folder
from polyhost.errors import ErrorCode, PolyhostError, RefusedError, RunFailedError
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.parsing import connection_name
from polyhost.operations.requests import DisconnectRequest, RenameRequest
from polyhost.store.base import DISCONNECTED, ConnectionRow, Store

__all__ = ["disconnect", "rename"]

KEEP, DELETE = "keep", "delete"


async def disconnect(context: Context, request: DisconnectRequest) -> Result[Any]:
    """Forget session and profile; keep the data, or delete that too. Refused while it is being collected."""
    if request.keep_data and request.delete_data:
        raise RefusedError(
            "--keep-data and --delete-data exclude each other", "Give one of them.", code=ErrorCode.BAD_REQUEST
        )
    async with context.store(create=False) as store:
        row = await context.connection(store, request.name)
        held = sum(live + deleted for live, deleted in (await store.records.count(row.id)).values())
        answer = await _answer(context, request, row, held)
        async with hold_lease(store, row, new_id("disconnect", context.clock.now()), context.clock):
            await (_keep if answer == KEEP else _delete)(context, store, row)
    return Result({"connection": row.name, "data": "kept" if answer == KEEP else "deleted", "records": held})


async def rename(context: Context, request: RenameRequest) -> Result[Any]:
    """Another name for a connection; everything it has stays. Receipts written before keep the name of then."""
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
    return Result({"connection": to, "was": row.name, "notes": notes})


async def _answer(context: Context, request: DisconnectRequest, row: ConnectionRow, records: int) -> str:
    """What is to become of the data. Nothing is deleted that nobody has said to delete."""
    if request.keep_data or request.delete_data:
        return KEEP if request.keep_data else DELETE
    answer = await context.choose(
        f"{row.name} holds {records:,} records. What is to become of them?",
        {
            KEEP: "they stay readable and searchable; only the session goes",
            DELETE: "they, their history, receipts and runs are deleted for good",
            "cancel": "nothing happens",
        },
    )
    if answer not in {KEEP, DELETE}:
        raise RefusedError(
            f"it was not said what is to become of the {records:,} records of {row.name}",
            "Give --keep-data or --delete-data.",
            code=ErrorCode.ANSWER_NEEDED,
        )
    return answer


async def _keep(context: Context, store: Store, row: ConnectionRow) -> None:
    """Marked first: a session that is still there when the process dies is then one nobody uses."""
    since = row.disconnected_at or context.clock.iso()
    await store.connections.update(row.id, options={**row.options, DISCONNECTED: since})
    delete_session(context.home, row.name)


async def _delete(context: Context, store: Store, row: ConnectionRow) -> None:
    """The session first: once the row is gone, nothing names it any more."""
    delete_session(context.home, row.name)
    await store.connections.delete(row.id)
    try:
        await store.forget_deleted()
    except PolyhostError as error:  # no room for it, or somebody writes for long
        raise RunFailedError(
            f"what was collected is deleted, but old text may be left in the file: {error.reason}",
            error.instruction,
            code=error.code,
        ) from error
