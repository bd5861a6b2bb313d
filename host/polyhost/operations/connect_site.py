"""Which site is connected: its address, its authority, and the hosts that it names.

Owns: that a connection stays at its own site, and what it keeps of it. Must not know: how a site is asked, sessions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from polyhost.connectors.loading import LoadedSource
from polyhost.engine.sessions.discovery import at_its_hosts
from polyhost.engine.sessions.naming import as_option
from polyhost.engine.sources.connectors import browser_options
from polyhost.engine.sources.lookup import find_source, source_of
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.authority import read_authority
from polyhost.operations.connect import ConnectRequest
from polyhost.operations.context import Context
from polyhost.operations.parsing import settings
from polyhost.protocol.named_hosts import MAX_NAMED
from polyhost.store.base import DISCOVERED, SETTINGS, ConnectionRow

__all__ = ["at_named_hosts", "chosen_source", "site_options"]


async def chosen_source(context: Context, request: ConnectRequest, notes: list[str]) -> LoadedSource:
    """The source, at the site that was named; a connection that is renewed stays at its own. `notes`: for the owner."""
    source = find_source(request.source, context.home)
    site = settings(request.set, request.site).get("site")
    row = await _renewed(context, request, source)
    bound = source if row is None or row.site is None else source_of(row, context.home)
    chosen = bound if site is None else source.at(site)
    if bound.site is not None and chosen.site != bound.site:
        raise RefusedError(
            f"{request.name or source.name} is a connection of {bound.site}, and its records are of that site alone",
            "Connect the other one under another --name, without --renew.",
            code=ErrorCode.OTHER_SITE,
        )
    chosen = replace(chosen.naming(()), begins_at=None, authority=bound.authority)
    if request.watch is None:
        chosen.check_site()
    return chosen if request.ca is None else _trusting(chosen, request.ca, notes)


def _trusting(source: LoadedSource, file: str, notes: list[str]) -> LoadedSource:
    if not (source.site or "").startswith("https://"):
        raise RefusedError(
            "--ca is for a site that is reached by https",
            "Leave it out, or give --site https://…",
            code=ErrorCode.BAD_AUTHORITY,
        )
    given = read_authority(Path(file).expanduser())
    notes.append(f"Certificates of {given.shown} are taken at {source.site}, and nowhere else.")
    return replace(source, authority=given.pem)


async def _renewed(context: Context, request: ConnectRequest, source: LoadedSource) -> ConnectionRow | None:
    """The connection that is to be renewed, where it is one of this source."""
    if not request.renew or not context.has_store:
        return None
    async with context.store(create=False) as store:
        row = await store.connections.get(request.name or source.name)
    return None if row is None or row.source != source.reference else row


def site_options(source: LoadedSource) -> dict[str, Any]:
    """What a connection keeps of the site it is bound to."""
    if source.site is None:
        return {}
    authority = {} if source.authority is None else {"authority": source.authority}
    bound: dict[str, Any] = {SETTINGS: {"site": source.site, **authority}}
    named = source.named or source.begins_at
    return {**bound, DISCOVERED: as_option(source.named, source.begins_at)} if named else bound


async def at_named_hosts(
    context: Context,
    request: ConnectRequest,
    source: LoadedSource,
    mapped: Mapping[str, str],
    row: ConnectionRow | None = None,
) -> LoadedSource:
    """The source with the hosts that its site names, now or, for a connection that is there, ever."""
    insecure = request.insecure_tls or bool(row and row.options.get("insecure_tls"))
    found = await at_its_hosts(source, browser_options(context.home, (mapped, insecure)))
    if row is None or found.site is None:
        return found
    known = {host.host: host for host in (*source_of(row, context.home).named, *found.named)}
    return found.naming([*known.values()][:MAX_NAMED])
