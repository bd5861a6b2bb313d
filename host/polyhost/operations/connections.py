"""Making and listing connections.

Owns: what a connection is when it is made (name, nature, options, session). Must not know: how it is collected.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from polyhost.browser.launch import BrowserOptions
from polyhost.connectors.loading import LoadedSource
from polyhost.engine.finding import find_source
from polyhost.engine.home import delete_session, read_storage_state, save_session
from polyhost.engine.rules import partition_rules
from polyhost.engine.run_ledger import LEGACY_MEMO
from polyhost.errors import RefusedError
from polyhost.ledger.legacy import LegacyState, read_legacy
from polyhost.operations.context import Context
from polyhost.operations.parsing import connection_name, host_mappings
from polyhost.operations.registry import Result
from polyhost.operations.requests import ConnectionsRequest, ConnectRequest
from polyhost.protocol.scope_request import resolve_scope
from polyhost.store.base import DISCONNECTED, ConnectionRow, SavePartitions, Store

__all__ = ["connect", "connections"]


async def connect(context: Context, request: ConnectRequest) -> Result:
    """Check everything first, then write the session and the connection."""
    source = find_source(request.source, context.home)
    name = connection_name(request.name or source.name)
    mapped = host_mappings(request.map_host)
    BrowserOptions(map_hosts=mapped, insecure_tls=request.insecure_tls)
    state = _session(request, source)
    watched = _watched(request, source)
    legacy = _legacy(request.legacy_state, source, context.clock.iso())
    notes: list[str] = []
    if request.renew:
        return await _renew(context, source, name, state)
    async with context.store() as store:
        if watched and await _watch(store, name, source, watched):
            notes.append(f"It watches a folder now; what arrives there comes in with: polyhost import {name} --watched")
            return Result(_connected(name, source, "live", notes))
        await _make_room(store, context, name, notes)
        options: dict[str, Any] = {"map_host": mapped, "insecure_tls": request.insecure_tls} if mapped else {}
        options |= watched
        row = await store.create_connection(
            name=name,
            source=source.reference,
            nature="test" if mapped else "live",
            options=options,
            account={},
            at=context.clock.iso(),
        )
        if state is not None:
            save_session(context.home, name, state)
        if legacy is not None:
            notes.append(await _apply_legacy(store, row, legacy))
    if mapped:
        notes.append("Its traffic goes to a loopback address: a test connection, and shown as one everywhere.")
    return Result(_connected(name, source, row.nature, notes))


def _connected(name: str, source: LoadedSource, nature: str, notes: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "source": source.name,
        "display_name": source.manifest.display_name,
        "nature": nature,
        "notes": notes,
    }


def _watched(request: ConnectRequest, source: LoadedSource) -> dict[str, str]:
    """The watched folder as an option of the connection."""
    if request.watch is None:
        return {}
    folder = Path(request.watch).expanduser().absolute()
    if source.manifest.importer is None:
        raise RefusedError(f"{source.name} cannot read files", "Leave --watch out.", code="no_importer")
    if not folder.is_dir():
        raise RefusedError("the folder to watch is not there", "Make it, or name another.", code="watch_unreadable")
    return {"watch": str(folder)}


async def _watch(store: Store, name: str, source: LoadedSource, watched: dict[str, str]) -> bool:
    """Let a connection that is there already watch a folder."""
    row = await store.connection(name)
    if row is None or row.nature != "live" or row.source != source.reference:
        return False
    await store.update_connection(row.id, options={**row.options, **watched})
    return True


async def _renew(context: Context, source: LoadedSource, name: str, state: dict[str, Any] | None) -> Result:
    """The same connection with another session. Whose account it is, the next run's ledger shows: it reads on."""
    async with context.store(create=False) as store:
        row = await context.connection(store, name)
        needs_none = row.disconnected_at is not None and source.kind != "page"
        unfit = row.source != source.reference or row.nature in {"demo", "replay"}
        if unfit or (state is None and not needs_none):
            raise RefusedError(
                f"{name} is no connection of {source.name} that has a session",
                "Make a new one: leave --renew out, and choose a name with --name.",
                code="not_renewable",
            )
        if state is not None:
            save_session(context.home, name, state)
        if row.disconnected_at is not None:
            options = {key: value for key, value in row.options.items() if key != DISCONNECTED}
            await store.update_connection(row.id, options=options)
    notes = ["It has a new session; what was collected stays."]
    return Result(
        {
            "name": name,
            "source": source.name,
            "display_name": source.manifest.display_name,
            "nature": row.nature,
            "notes": notes,
        }
    )


async def connections(context: Context, request: ConnectionsRequest) -> Result:
    """Every connection with its last run and its record count."""
    del request
    rows: list[dict[str, Any]] = []
    if not context.has_store:
        return Result({"connections": rows})
    async with context.store() as store:
        for row in await store.connections():
            last = await store.runs(row.id, limit=1)
            counts = await store.count_records(row.id)
            rows.append(
                {
                    "name": row.name,
                    "source": row.source,
                    "nature": row.nature,
                    "disconnected_at": row.disconnected_at,
                    "created_at": row.created_at,
                    "records": sum(live for live, _ in counts.values()),
                    "last_run": {"run_id": last[0].id, "status": last[0].status, "started_at": last[0].started_at}
                    if last
                    else None,
                }
            )
    return Result({"connections": rows})


async def _make_room(store: Store, context: Context, name: str, notes: list[str]) -> None:
    """The demo gives way to the real thing; anything else keeps its name."""
    existing = await store.connection(name)
    if existing is None:
        return
    if existing.nature != "demo":
        raise RefusedError(
            f"there is a connection called {name!r} already",
            "Choose another with --name, or give it a new session with --renew.",
            code="name_taken",
        )
    await store.delete_connection(existing.id)
    delete_session(context.home, name)
    notes.append("The demo that had this name is gone; polyhost demo brings it back.")


def _session(request: ConnectRequest, source: LoadedSource) -> dict[str, Any] | None:
    if source.kind != "page":
        if request.storage_state is not None:
            raise RefusedError(f"{source.name} does not run in a browser", "Leave --storage-state out.")
        return None
    if request.storage_state is None and request.watch is not None:
        return None  # files only, until it gets a session with --renew
    if request.storage_state is None:
        raise RefusedError(
            f"{source.name} needs a signed-in session",
            "Hand one over with --storage-state FILE (Playwright: context.storage_state(path=...)).",
            code="session_needed",
        )
    return read_storage_state(Path(request.storage_state).expanduser())


def _legacy(path: str | None, source: LoadedSource, at: str) -> Mapping[str, LegacyState] | None:
    """What another tool's file comes to for each partitioned stream."""
    if path is None:
        return None
    try:
        text = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}", "Name the other tool's state file.") from None
    rules = partition_rules(source.manifest, resolve_scope(source.manifest))
    value = _legacy_value(text)
    return {stream: read_legacy(value, rule, at=at) for stream, rule in rules.items()}


def _legacy_value(text: bytes) -> Any:
    """JSON, or one cursor. A bare cursor may look like a number, and would lose digits as one."""
    bare = text.decode(errors="replace").strip()
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return bare
    return bare if isinstance(value, int | float) else value


async def _apply_legacy(store: Store, row: ConnectionRow, legacy: Mapping[str, LegacyState]) -> str:
    for read in legacy.values():
        await store.write(row.id, None, [SavePartitions(read.states)])
    cursors = {stream: read.high_water for stream, read in legacy.items() if read.high_water is not None}
    await store.set_memo(row.id, LEGACY_MEMO, cursors)
    partitions = sum(len(read.states) for read in legacy.values())
    return f"Took over {partitions:,} partitions from the other tool; what it read before is read again, newest first."
