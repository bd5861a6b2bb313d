"""For authors of polyfills: one that is run again whenever its files change.

Owns: what is developed with which session. Must not know: how it is run, how messages are shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyhost.engine.sessions.saved import load_session, read_storage_state
from polyhost.engine.sources.lookup import find_source
from polyhost.errors import ErrorCode, RefusedError
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.parsing import host_mappings, resources
from polyhost.operations.requests import DevRequest
from polyhost.protocol.manifest import Manifest
from polyhost.protocol.scope import Scope
from polyhost.protocol.scope_request import ABSENT, resolve_scope
from polyhost.store.base import ConnectionRow

__all__ = ["dev"]

EXIT_FAILED = 1


async def dev(context: Context, request: DevRequest) -> Result[Any]:
    """Run, show what passes, and run again on each change, until stopped. Nothing is stored; no session is written."""
    from polyhost.engine.development.live_reload import Bench, develop
    from polyhost.engine.sources.connectors import browser_options, page_of

    row = await _connection(context, request.polyfill)
    source = find_source(row.source if row is not None else request.polyfill, context.home)
    if source.manifest.polyfill is None:
        raise RefusedError(
            f"{source.name} does not run in a page",
            "Try it with: polyhost polyfill check DIR",
            code=ErrorCode.NO_POLYFILL,
        )

    def resolve(manifest: Manifest) -> Scope:
        return resolve_scope(
            manifest,
            streams=list(request.stream) if request.stream else ABSENT,
            resources=resources(request.resource) if request.resource else ABSENT,
            since=ABSENT if request.since is None else request.since,
        )

    resolve(source.manifest)
    bench = Bench(
        folder=source.folder,
        browser=browser_options(context.home, _hosts(request, row), headed=request.headed),
        resolve=resolve,
        clock=context.clock,
        watch=context.watch,
        answer=context.answer,
        tell=context.inspect,
        cancelled=context.cancelled,
        storage_state=_session(context, request, row),
        page=None if row is None else page_of(row),
        with_data=request.show_data,
        once=request.once,
    )
    await develop(bench)
    last = bench.last or {"status": "cancelled"}
    failed = request.once and last["status"] in {"failed", "needs_owner"}
    return Result({"polyfill": source.name, "runs": bench.runs, "last": last}, exit_code=EXIT_FAILED if failed else 0)


async def _connection(context: Context, reference: str) -> ConnectionRow | None:
    """The connection of that name; or the only one of that source or folder."""
    if not context.has_store:
        return None
    async with context.store(create=False) as store:
        rows = [row for row in await store.connections.all() if row.nature in {"live", "test"}]
    named = [row for row in rows if row.name == reference]
    of_source = [row for row in rows if row.source in {reference, _absolute(reference)}]
    return next(iter(named), None) or (of_source[0] if len(of_source) == 1 else None)


def _absolute(text: str) -> str:
    return str(Path(text).expanduser().absolute())


def _session(context: Context, request: DevRequest, row: ConnectionRow | None) -> dict[str, Any] | None:
    if request.storage_state is not None:
        return read_storage_state(Path(request.storage_state).expanduser())
    return None if row is None else load_session(context.home, row.name)


def _hosts(request: DevRequest, row: ConnectionRow | None) -> tuple[dict[str, str], bool]:
    if request.map_host:
        return host_mappings(request.map_host), request.insecure_tls
    if row is None:
        return {}, False
    return dict(row.options.get("map_host", {})), bool(row.options.get("insecure_tls", False))
