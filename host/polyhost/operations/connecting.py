"""Making connections, and renewing them.

Owns: what a connection is when it is made (name, nature, options, account, session), and in which order it is written.
Must not know: how a session is come by (entering), how a connection is collected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from polyhost.browser.launch import BrowserOptions
from polyhost.browser.session import SessionReport, Workspace
from polyhost.browser.storage import SiteState
from polyhost.connectors.loading import LoadedSource
from polyhost.coverage.evidence import Nature
from polyhost.engine.run.result_json import RunResult
from polyhost.engine.sessions.account import account_at, place_of, same_account
from polyhost.engine.sessions.reach import accept_reach, agreed_source, reach_of
from polyhost.engine.sessions.saved import delete_session, save_session
from polyhost.engine.sessions.signed_in import note_sign_in
from polyhost.errors import ErrorCode, ExitStatus, NeedsOwnerError, RefusedError
from polyhost.ledger.legacy import LegacyState
from polyhost.operations.connect import Connected, ConnectRequest, SignInCancelled
from polyhost.operations.connect_site import at_named_hosts, chosen_source, site_options
from polyhost.operations.context import Context
from polyhost.operations.entering import (
    Entered,
    at_workspace,
    check_way,
    chosen_workspaces,
    enter,
    is_interactive,
    show_reach,
    signs_in_at_window,
    slug,
)
from polyhost.operations.legacy import apply_legacy, read_legacy_file
from polyhost.operations.operation import Result
from polyhost.operations.parsing import connection_name, host_mappings
from polyhost.operations.runs import RunRequest, run
from polyhost.store.base import DISCONNECTED, ConnectionRow, Store

__all__ = ["connect_source"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What was asked for, read and checked."""

    request: ConnectRequest
    source: LoadedSource
    name: str
    mapped: Mapping[str, str]
    watched: Mapping[str, str]
    legacy: Mapping[str, LegacyState] | None
    notes: list[str] = field(default_factory=list[str])

    @property
    def options(self) -> dict[str, Any]:
        mapping = {"map_host": dict(self.mapped), "insecure_tls": self.request.insecure_tls} if self.mapped else {}
        return {**mapping, **site_options(self.source), **self.watched}


async def connect_source(context: Context, request: ConnectRequest) -> Result[Connected | SignInCancelled]:
    """What `connect` does. RefusedError before anything is written."""
    notes: list[str] = []
    source = await chosen_source(context, request, notes)
    mapped = host_mappings(request.map_host)
    BrowserOptions(map_hosts=mapped, insecure_tls=request.insecure_tls)
    check_way(request, source)
    wanted = _Wanted(
        request=request,
        source=source,
        name=connection_name(request.name or source.name),
        mapped=mapped,
        watched=_watched(request, source),
        legacy=read_legacy_file(request.legacy_state, source, context.clock.iso()),
        notes=notes,
    )
    try:
        return await (_renew if request.renew else _make)(context, wanted)
    except NeedsOwnerError as error:
        if error.code == ErrorCode.SIGN_IN_CANCELLED:
            value = SignInCancelled(cancelled=True, name=wanted.name, source=source.name)
            return Result(value, ExitStatus.CANCELLED)
        raise


async def _make(context: Context, wanted: _Wanted) -> Result[Connected]:
    if wanted.watched:
        async with context.store() as store:
            if await _watch(store, wanted.name, wanted.source, wanted.watched):
                arrives = f"what arrives there comes in with: polyhost import {wanted.name} --watched"
                wanted.notes.append(f"It watches a folder now; {arrives}")
                return Result(_connected(wanted, wanted.name, "live"))
    if not wanted.request.all:
        await _check_name(context, wanted.name)
    if not wanted.watched:
        wanted = replace(wanted, source=await at_named_hosts(context, wanted.request, wanted.source, wanted.mapped))
    entered = await enter(context, wanted.request, wanted.source, wanted.name, wanted.mapped)
    show_reach(context, wanted.request, wanted.source, in_window=False)
    places = await chosen_workspaces(context, wanted.request, wanted.source, entered)
    accounts = [
        _account(await at_workspace(context, wanted.request, wanted.source, wanted.mapped, entered, place), place)
        for place in places
    ]
    async with context.store() as store:
        rows = [
            await _write(context, store, wanted, entered, place, account, alone=len(places) == 1)
            for place, account in zip(places, accounts, strict=True)
        ]
    if wanted.mapped:
        wanted.notes.append("Its traffic goes to a loopback address: a test connection, and shown as one everywhere.")
    made = [_connected(wanted, row.name, row.nature) for row in rows]
    value = _identified(made[0], entered, places)
    value["connections"], value["runs"] = [row.name for row in rows], []
    return await _first_run(context, wanted, value)


async def _write(
    context: Context,
    store: Store,
    wanted: _Wanted,
    entered: Entered,
    place: Workspace | None,
    account: Mapping[str, Any],
    *,
    alone: bool,
) -> ConnectionRow:
    """One connection, of one workspace. One that this account has there already gets the new session."""
    known = None if alone or place is None else await _of_workspace(store, wanted.source, place, account)
    if known is not None:
        wanted.notes.append(f"{known.name} was connected already, and has the new session.")
        row = known
    else:
        name = wanted.name if alone or place is None else await _free_name(store, wanted.name, place)
        await _make_room(store, context, name, wanted.notes)
        row = await store.connections.create(
            name=name,
            source=wanted.source.reference,
            nature="test" if wanted.mapped else "live",
            options=wanted.options,
            account=account,
            at=context.clock.iso(),
        )
    if known is None or signs_in_at_window(wanted.request, wanted.source):
        await accept_reach(store, row, wanted.source)
    if entered.state is not None:
        await _save(context, store, wanted, row, entered.state)
    if wanted.legacy is not None:
        wanted.notes.append(await apply_legacy(store, row, wanted.legacy))
    return row


async def _first_run(context: Context, wanted: _Wanted, value: Connected) -> Result[Connected]:
    """Offered to whoever has just signed in; anybody else is told the command."""
    if not is_interactive(wanted.request, wanted.source):
        return Result(value)
    places = ", ".join(value.get("workspaces") or [])
    who = f"Signed in as {value.get('account') or 'you'}{f', workspace {places}' if places else ''}."
    answer = await context.choose(
        f"{who} Collect for the first time now?",
        {"yes": "what was read is kept whenever you stop (Ctrl-C)", "no": f"later: polyhost run {value['name']}"},
    )
    exit_code = 0
    names = value.get("connections", []) if answer == "yes" else []
    runs: list[RunResult] = []
    for name in names:
        ran = await run(context, RunRequest(name=name))
        runs.append(cast("RunResult", ran.value))
        exit_code = exit_code or ran.exit_code
    value["runs"] = runs
    return Result(value, exit_code)


def _connected(wanted: _Wanted, name: str, nature: Nature) -> Connected:
    return Connected(
        name=name,
        source=wanted.source.name,
        site=wanted.source.site,
        display_name=wanted.source.manifest.display_name,
        nature=nature,
        notes=wanted.notes,
        hosts=[] if (reach := reach_of(wanted.source)) is None else reach.lines(),
        next=_next(wanted, name),
    )


def _next(wanted: _Wanted, name: str) -> str:
    """What fills it: a run, or files where there is nothing to run, or no session to run it with."""
    if wanted.watched:
        return f"polyhost import {name} --watched"
    return f"polyhost import {name} FILE" if wanted.source.kind == "artifact" else f"polyhost run {name}"


def _identified(value: Connected, entered: Entered, places: list[Workspace | None]) -> Connected:
    """With who is signed in, to what, where the site has said it."""
    if (report := entered.report) is not None:
        value["account"] = None if report.account is None else report.account.label or report.account.id
        value["workspaces"] = [place.name for place in places if place is not None]
    return value


def _account(report: SessionReport | None, place: Workspace | None) -> dict[str, Any]:
    """What a connection keeps of whose it is. `workspace.url`: the page it is collected from."""
    if report is None:
        return {}
    signed_in = account_at(report, None if place is None else place.id)
    account = {} if signed_in is None else signed_in.model_dump()
    return account if place is None else {**account, "workspace": place.model_dump()}


async def _save(context: Context, store: Store, wanted: _Wanted, row: ConnectionRow, state: SiteState) -> None:
    note = save_session(context.home, row.name, state)
    await note_sign_in(store, row.id)
    if note is not None:
        wanted.notes.append(note)


def _watched(request: ConnectRequest, source: LoadedSource) -> dict[str, str]:
    """The watched folder as an option of the connection."""
    if request.watch is None:
        return {}
    folder = Path(request.watch).expanduser().absolute()
    if source.manifest.importer is None:
        raise RefusedError(f"{source.name} cannot read files", "Leave --watch out.", code=ErrorCode.NO_IMPORTER)
    if not folder.is_dir():
        raise RefusedError(
            "the folder to watch is not there", "Make it, or name another.", code=ErrorCode.WATCH_UNREADABLE
        )
    return {"watch": str(folder)}


async def _watch(store: Store, name: str, source: LoadedSource, watched: Mapping[str, str]) -> bool:
    """Let a connection that is there already watch a folder."""
    row = await store.connections.get(name)
    if row is None or row.nature != "live" or row.source != source.reference:
        return False
    await store.connections.update(row.id, options={**row.options, **watched})
    return True


async def _renew(context: Context, wanted: _Wanted) -> Result[Connected]:
    """The same connection with another session, of the same account where that is known."""
    name, source = wanted.name, wanted.source
    async with context.store(create=False) as store:
        row = await context.connection(store, name)
        _check_renewable(row, source)
        hosts = wanted.mapped or row.options.get("map_host", {})
        wanted = replace(wanted, source=await at_named_hosts(context, wanted.request, source, hosts, row))
        source = whole = wanted.source
        if not signs_in_at_window(wanted.request, source):  # nobody is told first what it has come to reach since
            source = await agreed_source(store, row, source)
            wanted = replace(wanted, source=source)
    entered = await enter(context, wanted.request, source, name, hosts, row=row)
    show_reach(context, wanted.request, source, in_window=False)
    if entered.state is None and source.kind == "page":
        raise _not_renewable(name, source)
    account = dict(row.account) if entered.state is None else same_account(name, row.account, entered.report)
    options = {key: value for key, value in row.options.items() if key != DISCONNECTED}
    options |= site_options(whole)  # one that only files were imported into has none yet
    async with context.store(create=False) as store:
        await accept_reach(store, row, source)
        if entered.state is not None:
            await _save(context, store, wanted, row, entered.state)
        await store.connections.update(row.id, options=options, account=account)
    wanted.notes.append("It has a new session; what was collected stays.")
    value = _identified(_connected(wanted, name, row.nature), entered, [])
    value["connections"], value["runs"] = [name], []
    return Result(value)


def _check_renewable(row: ConnectionRow, source: LoadedSource) -> None:
    needs_none = row.disconnected_at is not None and source.kind != "page"
    unfit = row.source != source.reference or row.nature in {"demo", "replay"}
    if unfit or (source.kind != "page" and not needs_none):
        raise _not_renewable(row.name, source)


def _not_renewable(name: str, source: LoadedSource) -> RefusedError:
    return RefusedError(
        f"{name} is not a connection of {source.name} that has a session",
        "Make a new one: leave --renew out, and choose a name with --name.",
        code=ErrorCode.NOT_RENEWABLE,
    )


async def _check_name(context: Context, name: str) -> None:
    """Said before the owner has signed in for nothing."""
    if context.has_store:
        async with context.store(create=False) as store:
            existing = await store.connections.get(name)
        if existing is not None and existing.nature != "demo":
            raise _name_taken(name)


async def _of_workspace(
    store: Store, source: LoadedSource, place: Workspace, account: Mapping[str, Any]
) -> ConnectionRow | None:
    """The connection of this very account there; where it was not said whose the session is, it is nobody's."""
    whose = (source.reference, place.id, account.get("id"))
    for row in await store.connections.all():
        if (
            None not in whose
            and row.site == source.site
            and (row.source, place_of(row.account), row.account.get("id")) == whose
        ):
            return row
    return None


async def _free_name(store: Store, base: str, place: Workspace) -> str:
    """`slack-lantern-bay`; the same with a number where that is taken."""
    wanted = f"{base}-{slug(place)}"
    taken = {row.name for row in await store.connections.all() if row.nature != "demo"}
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


async def _make_room(store: Store, context: Context, name: str, notes: list[str]) -> None:
    """The demo gives way to the real thing; anything else keeps its name."""
    existing = await store.connections.get(name)
    if existing is None:
        return
    if existing.nature != "demo":
        raise _name_taken(name)
    await store.connections.delete(existing.id)
    delete_session(context.home, name)
    notes.append("The demo that had this name is gone; polyhost demo brings it back.")


def _name_taken(name: str) -> RefusedError:
    return RefusedError(
        f"there is a connection called {name!r} already",
        "Choose another with --name, or give it a new session with --renew.",
        code=ErrorCode.NAME_TAKEN,
    )
