"""Polyfills: those there are to connect; and for their authors, one made, checked, and run again at every change.

Owns: what is developed with which session. Must not know: what is checked, how it is run, how messages are shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import TypedDict

from polyhost.engine.development.report import CheckJson, ReportJson
from polyhost.errors import ErrorCode, ExitStatus, RefusedError
from polyhost.operations.fields import Names, argument, flag, option
from polyhost.operations.operation import Group, Result, Route, Section, operation
from polyhost.operations.parsing import absolute_path, host_mappings, resources
from polyhost.operations.shared_fields import insecure_tls, map_host, resource, since, site, streams

if TYPE_CHECKING:
    from polyhost.connectors.loading import BrokenSource, LoadedSource
    from polyhost.engine.events import RunEvent
    from polyhost.operations.context import Context
    from polyhost.protocol.manifest import Manifest
    from polyhost.protocol.scope import Scope
    from polyhost.store.base import ConnectionRow

__all__ = [
    "CheckJson",
    "CheckRequest",
    "DevRequest",
    "Developed",
    "MadePolyfill",
    "NewPolyfillRequest",
    "ReportJson",
    "Source",
    "Sources",
    "SourcesRequest",
    "check",
    "dev",
    "list_sources",
    "new",
]

_GROUP = Group("polyfill", "The scripts that collect: list them, check them, write your own.", Section.POLYFILLS)
_AUTHORS = "It works on an author's files, on this machine."
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")


class _AnySource(TypedDict):
    name: str
    kind: Literal["page", "stdio", "artifact"] | None
    streams: list[str]
    error: str | None


class Source(_AnySource, total=False):
    """Something to connect. `error`: what is wrong with one that cannot be; of that, little more than a name
    is known."""

    display_name: str
    version: str


class Sources(TypedDict):
    """Everything that can be connected."""

    sources: list[Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesRequest:
    pass


@operation(
    "list",
    "List what can be connected.",
    group=_GROUP,
    examples=("polyhost polyfill list",),
    routes=(Route("GET", "/v1/sources"),),
)
async def list_sources(context: Context, request: SourcesRequest) -> Result[Sources]:
    """Every source that is found, the broken ones with what is wrong with them."""
    from polyhost.connectors.loading import find_sources

    del request
    return Result(Sources(sources=[_source(found) for found in find_sources(context.home / "polyfills")]))


def _source(found: LoadedSource | BrokenSource) -> Source:
    from polyhost.connectors.loading import BrokenSource

    if isinstance(found, BrokenSource):
        return Source(name=found.name, error=str(found.error), kind=None, streams=[])
    return Source(
        name=found.name,
        display_name=found.manifest.display_name,
        version=found.manifest.version,
        kind=found.kind,
        streams=[stream.name for stream in found.manifest.streams],
        error=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    folder: str = argument("The polyfill's folder.", metavar="DIR", names=Names.FOLDER)
    scenario: tuple[str, ...] = option(
        "Replay this recorded scenario of a page. Repeat for more.", metavar="DIR", default=(), names=Names.FOLDER
    )


@operation(
    "check",
    "Run a connector through every rule of the protocol and report what it keeps.",
    group=_GROUP,
    details=(
        "Every check is a line: what was found, and what to do about what was not kept. A script for a page can "
        "be run through the rules of behaviour only with a recording, given with --scenario."
    ),
    examples=(
        "polyhost polyfill check ./my-connector",
        "polyhost polyfill check polyfills/slack --scenario fixtures/slack/small",
    ),
    only="It runs code from a folder that is named.",
)
async def check(context: Context, request: CheckRequest) -> Result[ReportJson]:
    """Try everything that can be tried; fails where something failed. Nothing is stored."""
    from polyhost.engine.development.check_folder import check_folder
    from polyhost.engine.events import OwnerAsked

    def watch(event: RunEvent) -> None:
        """Trial runs are no owner's runs: only their questions are."""
        if isinstance(event, OwnerAsked):
            context.watch(event)

    scenarios = [absolute_path(text) for text in request.scenario]
    report = await check_folder(absolute_path(request.folder), scenarios, answer=context.answer, watch=watch)
    return Result(report.as_json(), ExitStatus.COMPLETE if report.passed else ExitStatus.FAILED)


class MadePolyfill(TypedDict):
    """A new polyfill: its folder, what is in it, and the recording it can be checked with."""

    name: str
    folder: str
    files: list[str]
    fixture: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPolyfillRequest:
    name: str = argument("What it is called: the site's name, in lower-case letters, digits and dashes.")
    to: str | None = option(
        "Where its folder goes. Default: a folder of that name, here.", metavar="DIR", names=Names.FOLDER
    )


@operation(
    "new",
    "Begin a polyfill of your own: a folder that passes every check as it stands.",
    group=_GROUP,
    examples=("polyhost polyfill new gulls", "polyhost polyfill new gulls --to ~/polyfills/gulls"),
    only=_AUTHORS,
)
async def new(context: Context, request: NewPolyfillRequest) -> Result[MadePolyfill]:
    """A folder that passes every check as it stands, with a recording of a site that does not exist."""
    from polyhost.engine.development.scaffold import FIXTURE, make_polyfill

    del context
    if not _NAME.fullmatch(request.name):
        raise RefusedError(
            f"{request.name[:80]!r} is not a valid name of a polyfill",
            "Use lower-case letters, digits and dashes, 40 at most, and begin with a letter.",
            code=ErrorCode.BAD_NAME,
        )
    folder = absolute_path(request.to or request.name)
    files = make_polyfill(request.name, folder)
    return Result(MadePolyfill(name=request.name, folder=str(folder), files=files, fixture=str(folder / FIXTURE)))


class Developed(TypedDict):
    """How often a polyfill ran, and what the last run came to."""

    polyfill: str
    runs: int
    last: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DevRequest:
    polyfill: str = argument(
        "A connection, whose session is used; or a polyfill's folder.", metavar="NAME|DIR", names=Names.CONNECTION
    )
    stream: tuple[str, ...] = streams()
    resource: tuple[str, ...] = resource()
    since: str | None = since()
    headed: bool = flag("Show the browser, with its developer tools at hand.")
    show_data: bool = flag("Show what records hold, too. Otherwise it is never shown.")
    once: bool = flag("Run once, and do not wait for a change.")
    after: str | None = option(
        "Begin each run with what a replay of this recorded scenario leaves: the run after it.",
        metavar="DIR",
        names=Names.FOLDER,
    )
    storage_state: str | None = option(
        "A saved browser session, where there is no connection.", metavar="FILE", names=Names.FILE
    )
    site: str | None = site()
    map_host: tuple[str, ...] = map_host()
    insecure_tls: bool = insecure_tls()


@operation(
    "dev",
    "Run a polyfill whenever its files change, and show every message that passes.",
    group=_GROUP,
    details=(
        "One browser stays open and keeps its login. Each run starts from nothing and stores nothing, so what you see"
        " is what your script does; with --after it starts from what a recorded run leaves. What a record holds is"
        " shown only with --show-data; an error names your own file and line. With --once it runs once: exit 1 where"
        " that failed."
    ),
    examples=(
        "polyhost polyfill dev gulls --headed",
        "polyhost polyfill dev ./gulls --resource posts=b1 --show-data",
    ),
    only=_AUTHORS,
    shows_messages=True,
)
async def dev(context: Context, request: DevRequest) -> Result[Developed]:
    """Run, show what passes, and run again on each change, until stopped. Nothing is stored; no session is written."""
    from polyhost.engine.development.earlier import scenarios_up_to
    from polyhost.engine.development.live_reload import Bench, develop
    from polyhost.engine.sessions.reach import agreed_source
    from polyhost.engine.sessions.site_browser import for_site
    from polyhost.engine.sources.connectors import browser_options, page_of
    from polyhost.engine.sources.lookup import find_source, source_of

    row = await _connection(context, request.polyfill)
    source = find_source(request.polyfill, context.home) if row is None else source_of(row, context.home)
    if request.site is not None:
        source = source.at(request.site)
    if source.manifest.polyfill is None:
        raise RefusedError(
            f"{source.name} does not run in a page",
            "Try it with: polyhost polyfill check DIR",
            code=ErrorCode.NO_POLYFILL,
        )
    source.check_site()
    _scope(source.manifest, request)
    if row is not None and request.storage_state is None:  # its session is what a wider source is not given
        async with context.store(create=False) as store:
            source = await agreed_source(store, row, source)
    bench = Bench(
        folder=source.folder,
        browser=for_site(browser_options(context.home, _hosts(request, row), headed=request.headed), source),
        resolve=lambda manifest: _scope(manifest, request),
        clock=context.clock,
        watch=context.watch,
        answer=context.answer,
        tell=context.inspect,
        cancelled=context.cancelled,
        storage_state=_session(context, request, row),
        page=None if row is None else page_of(row),
        at=None if source.site is None else source,
        with_data=request.show_data,
        once=request.once,
        after=() if request.after is None else scenarios_up_to(absolute_path(request.after)),
    )
    await develop(bench)
    last = bench.last or {"status": "cancelled"}
    failed = request.once and last["status"] in {"failed", "needs_owner"}
    value = Developed(polyfill=source.name, runs=bench.runs, last=dict(last))
    return Result(value, ExitStatus.FAILED if failed else ExitStatus.COMPLETE)


def _scope(manifest: Manifest, request: DevRequest) -> Scope:
    from polyhost.protocol.scope_request import ABSENT, resolve_scope

    return resolve_scope(
        manifest,
        streams=list(request.stream) if request.stream else ABSENT,
        resources=resources(request.resource) if request.resource else ABSENT,
        since=ABSENT if request.since is None else request.since,
    )


async def _connection(context: Context, reference: str) -> ConnectionRow | None:
    """The connection of that name; or the only one of that source or folder."""
    if not context.has_store:
        return None
    async with context.store(create=False) as store:
        rows = [row for row in await store.connections.all() if row.nature in {"live", "test"}]
    named = [row for row in rows if row.name == reference]
    of_source = [row for row in rows if row.source in {reference, str(absolute_path(reference))}]
    return next(iter(named), None) or (of_source[0] if len(of_source) == 1 else None)


def _session(context: Context, request: DevRequest, row: ConnectionRow | None) -> dict[str, Any] | None:
    from polyhost.engine.sessions.saved import load_session, read_storage_state

    if request.storage_state is not None:
        return read_storage_state(absolute_path(request.storage_state))
    return None if row is None else load_session(context.home, row.name)


def _hosts(request: DevRequest, row: ConnectionRow | None) -> tuple[dict[str, str], bool]:
    if request.map_host:
        return host_mappings(request.map_host), request.insecure_tls
    if row is None:
        return {}, False
    return dict(row.options.get("map_host", {})), bool(row.options.get("insecure_tls", False))
