"""Sources and the connectors made from them: a folder with a manifest becomes something a run can open.

Owns: which connector a source and a connection come to, live, replayed or recorded, and what of it is kept between runs
(the governor's memory). Must not know: surfaces, how a run goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from polyhost.boot_clock import Moment, up_seconds
from polyhost.bounds import RunBounds
from polyhost.browser.bridge.scripts import PageScript
from polyhost.browser.bridge.tab import Launcher
from polyhost.browser.fence import KINDS
from polyhost.browser.governor import Governor
from polyhost.browser.launch import BrowserOptions, launch
from polyhost.browser.recordings.fixture import Scenario, load_scenario
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.connectors.base import Connector, Traffic
from polyhost.connectors.loading import LoadedSource, bundled_folder
from polyhost.connectors.page import PageConnector, PagePolyfill, stream_rules
from polyhost.connectors.stdio import StdioConnector
from polyhost.engine.clock import Clock
from polyhost.engine.events import Answer, OwnerAsked, Watcher, ignore
from polyhost.engine.sessions.connector import SessionConnector, SessionInUse
from polyhost.engine.sessions.naming import Naming
from polyhost.engine.sessions.reach import agreed_source
from polyhost.engine.sessions.saved import SavedSession, load_saved
from polyhost.engine.sessions.sign_in import site_of
from polyhost.engine.sessions.site_browser import for_site
from polyhost.engine.settings.config import load_config
from polyhost.engine.sources._recorded import RecordedConnector, ReplayConnector
from polyhost.engine.sources._recorded_session import Heard
from polyhost.engine.sources.answers import answering
from polyhost.engine.sources.expected_records import expected_records
from polyhost.errors import ErrorCode, NeedsOwnerError, RefusedError
from polyhost.files.spool import Spool
from polyhost.protocol.declarations import BLOBS
from polyhost.protocol.manifest import PolyfillDecl
from polyhost.protocol.named_hosts import read_named_hosts
from polyhost.protocol.scope import Scope
from polyhost.protocol.scope_request import resolve_scope
from polyhost.protocol.site_address import site_address
from polyhost.store import memos
from polyhost.store.base import ConnectionRow, Store

__all__ = [
    "NOBODY",
    "Owner",
    "Prepared",
    "browser_options",
    "demo_scenario",
    "live_connector",
    "page_of",
    "page_polyfill",
    "recorded_source",
    "recording_connector",
    "replay_connector",
    "run_bounds",
]

DEMO_SCENARIO = Path("slack") / "small"

Hosts = tuple[Mapping[str, str], bool]
"""Hosts mapped to loopback addresses, and whether any certificate is accepted there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """How whoever started a run is reached, and whether they want to watch it in a window."""

    answer: Answer
    watch: Watcher = ignore
    headed: bool = False


async def _nobody(asked: OwnerAsked) -> tuple[str, Any]:
    del asked
    return "timeout", None


NOBODY = Owner(answer=_nobody)


@dataclass(slots=True)
class Prepared:
    """A connector ready to be opened once, and what has to be remembered afterwards."""

    connector: Connector
    recorded: bool = False
    governor: Governor | None = None
    recording: RecordedConnector | None = None
    rules: RecordingRules | None = None
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What a replayed recording says that its run was given."""
    streams: frozenset[str] = frozenset()
    """All that a recorded run reads where it is not narrowed."""
    heard: Heard | None = None
    """What passed in the replay of one that comes after others."""

    def brought(self, records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Of stored records, in the form of expected.jsonl, those that a replay brought, as it alone would store them;
        all of them where there was nothing before it."""
        heard = self.heard
        return [*records] if heard is None else [heard.alone(record) for record in records if heard.brought(record)]

    spool: Spool | None = None
    """Where it puts files that it hands over, if it does."""

    async def remember(self, store: Store, connection: ConnectionRow) -> None:
        """Keep what the governor has learned for the next run."""
        if self.governor is not None:
            await store.connections.save_memo(
                connection.id, memos.GOVERNOR, self.governor.snapshot(_gate_time(Clock()))
            )

    def answer(self, otherwise: Answer) -> Answer:
        """Who answers a question: the recording, as long as it holds an answer."""
        return answering(self.given.get("answers", ()), otherwise)

    async def raw(self, store: Store, connection: ConnectionRow, scope: Scope) -> Scenario | None:
        """What was recorded, before scrubbing, with the records that it must yield; None where nothing was."""
        if self.recording is None:
            return None
        brought = self.recording.brought(await expected_records(store, connection, scope))
        narrowed = {stream.name: stream.resources for stream in scope.streams if stream.resources}
        streams = [stream.name for stream in scope.streams]
        return self.recording.raw(brought, narrowed, streams if self.streams.difference(streams) else ())


def recorded_source(source: LoadedSource, scenario: Scenario) -> LoadedSource:
    """The source at the site that was recorded, with the hosts that it had named; one that a connection has put there
    already is as it was. RefusedError where they are none."""
    site = scenario.given.get("site")
    if site is None or not source.takes_site:
        return source
    try:
        named = read_named_hosts(site_address(site, allow_private=True), scenario.given.get("named", ()))
    except ValueError as error:
        raise RefusedError(f"the recording names what is no site: {error}", "Record the scenario again.") from None
    return source if (source.site, source.named) == (site, named) else source.at(site, named)


def demo_scenario() -> Path:
    """The bundled recording that `demo` replays."""
    return bundled_folder().parent / "fixtures" / DEMO_SCENARIO


def replay_connector(
    source: LoadedSource, recording: Path | Scenario, home: Path | None = None, launcher: Launcher = launch
) -> Prepared:
    """A run that is answered from a recording, in a folder or not written yet, and reaches nothing else. `home`: whose
    settings name the browser."""
    executable = None if home is None else load_config(home).browser.executable
    browser = BrowserOptions(offline=True, executable=executable)
    scenario = load_scenario(recording) if isinstance(recording, Path) else recording
    source = recorded_source(source, scenario)
    declared, polyfill = _page(source, browser, page=scenario.given.get("page"))
    heard = _listening(source, has_earlier=True) if "after" in scenario.given else None
    connector = ReplayConnector(polyfill, scenario, _rules(declared), browser, launcher, heard)
    return Prepared(connector, recorded=True, given=scenario.given, heard=heard)


async def live_connector(
    source: LoadedSource,
    connection: ConnectionRow,
    hosts: Hosts,
    home: Path,
    store: Store,
    clock: Clock,
    owner: Owner = NOBODY,
    launcher: Launcher | None = None,
) -> Prepared:
    """A run with the owner's session, or a process of its own. `launcher`: None for a browser of its own, too."""
    if source.kind == "artifact":
        raise RefusedError(
            f"{source.name} is not collected but imported, from files you export yourself",
            f"Import one: polyhost import {connection.name} FILE",
            code=ErrorCode.IMPORT_ONLY,
        )
    stdio = source.manifest.stdio
    if stdio is not None:
        spool = Spool(home) if BLOBS in source.manifest.protocol_capabilities else None
        folder = None if spool is None else spool.folder
        process = StdioConnector(stdio.command, source.folder, bounds=run_bounds(home), spool=folder)
        return Prepared(process, spool=spool)
    named = source.named
    source = await agreed_source(store, connection, source)
    browser = for_site(browser_options(home, hosts, headed=owner.headed), source)
    declared, polyfill = _page(source, browser, page=_page_of(connection))
    governor = await _governor(store, connection, clock)
    naming = Naming(store, connection, named)
    bounds = run_bounds(home)

    def make(state: Mapping[str, Any], traffic: Traffic) -> PageConnector:
        return PageConnector(
            polyfill,
            governor=governor,
            browser=browser,
            storage_state=state,
            traffic=traffic,
            launcher=launcher or launch,
            bounds=bounds,
            named=naming,
        )

    use = SessionInUse(
        home=home,
        connection=connection.name,
        source=connection.source,
        site=site_of(source, replace(browser, headless=False), page=polyfill.page),
        saved=_saved(connection, declared.hosts, home),
        account=connection.account,
        learn=partial(_learn, store, connection),
        answer=owner.answer,
        watch=owner.watch,
        clock=clock,
        wait_seconds=60.0 * load_config(home).run.sign_in_wait_minutes,
    )
    return Prepared(SessionConnector(make, use), governor=governor)


async def recording_connector(
    source: LoadedSource,
    connection: ConnectionRow,
    hosts: Hosts,
    home: Path,
    store: Store,
    clock: Clock,
    owner: Owner = NOBODY,
    launcher: Launcher | None = None,
) -> Prepared:
    """A live run whose traffic is recorded. The session is not probed: a recording holds what the polyfill asked."""
    source = await agreed_source(store, connection, source)
    browser = for_site(browser_options(home, hosts, headed=owner.headed), source)
    declared, polyfill = _page(source, browser, page=_page_of(connection))
    governor = await _governor(store, connection, clock)
    state = _saved(connection, declared.hosts, home).state
    has_earlier = bool(await store.ledger.checkpoints(connection.id) or await store.ledger.partitions(connection.id))
    heard = _listening(source, has_earlier=has_earlier)
    recording = RecordedConnector(
        polyfill,
        _rules(declared),
        heard,
        governor=governor,
        browser=browser,
        storage_state=state,
        launcher=launcher or launch,
        bounds=run_bounds(home),
    )
    whole = frozenset(stream.name for stream in resolve_scope(source.manifest).streams)
    return Prepared(recording, governor=governor, recording=recording, rules=_rules(declared), streams=whole)


def _listening(source: LoadedSource, *, has_earlier: bool) -> Heard:
    streams = source.manifest.streams
    return Heard(
        key_parts={stream.name: len(stream.primary_key) for stream in streams},
        has_earlier=has_earlier,
        volatile={stream.name: stream.volatile_fields for stream in streams},
    )


async def _governor(store: Store, connection: ConnectionRow, clock: Clock) -> Governor:
    governor = Governor()
    if (memory := await store.connections.memo(connection.id, memos.GOVERNOR)) is not None:
        governor.restore(memory, _gate_time(clock))
    return governor


def _gate_time(clock: Clock) -> Moment:
    """Now, with the clock that a gate goes by: one that no test holds still."""
    return replace(clock.moment(), up=up_seconds())


def browser_options(home: Path, hosts: Hosts, *, headed: bool = False) -> BrowserOptions:
    """The browser as this home's settings have it, for traffic that goes where the connection says."""
    mapped, insecure_tls = hosts
    set_to = load_config(home).browser
    return BrowserOptions(
        map_hosts=mapped,
        insecure_tls=insecure_tls,
        executable=set_to.executable,
        headless=set_to.headless and not headed,
        load=KINDS if set_to.load_images else (),
    )


def run_bounds(home: Path) -> RunBounds:
    """What no run of this home may exceed."""
    return load_config(home).bounds.values


def _saved(connection: ConnectionRow, hosts: Sequence[str], home: Path) -> SavedSession:
    saved = load_saved(home, connection.name)
    if saved is None:
        raise NeedsOwnerError(
            f"{connection.name} has no saved session",
            f"Give it one: polyhost connect {connection.source} --name {connection.name} --renew",
            code=ErrorCode.SIGNED_OUT,
        )
    return saved.of(hosts)


async def _learn(store: Store, connection: ConnectionRow, account: Mapping[str, Any]) -> None:
    await store.connections.update(connection.id, account=account)


def _page_of(connection: ConnectionRow) -> str | None:
    """The page of the workspace this connection is of, where the account has several."""
    return (connection.account.get("workspace") or {}).get("url")


def _page(
    source: LoadedSource, browser: BrowserOptions, *, page: str | None = None
) -> tuple[PolyfillDecl, PagePolyfill]:
    declared = source.manifest.polyfill
    if declared is None:
        raise RefusedError(
            f"{source.name} does not run in a browser",
            "Only polyfills can be recorded and replayed.",
            code=ErrorCode.NO_POLYFILL,
        )
    source.check_site()
    browser.find()  # none: said now, before anything is written
    polyfill = PagePolyfill(
        page=page or source.page,
        hosts=declared.hosts,
        private_hosts=declared.private_hosts,
        script=source.read_script(),
        libraries=tuple(PageScript(f"{source.name}/{name}", text) for name, text in source.read_libraries()),
        script_name=f"{source.name}/{declared.script}",
        signed_out=declared.session.signed_out,
        load=declared.load,
        rules=stream_rules(source.manifest),
        site=source.site,
        named=source.named,
    )
    return declared, polyfill


def page_polyfill(source: LoadedSource, browser: BrowserOptions, *, page: str | None = None) -> PagePolyfill:
    """What a page needs of a source that runs in one. `page`: where it starts, instead of where the manifest says."""
    return _page(source, browser, page=page)[1]


def page_of(connection: ConnectionRow) -> str | None:
    """The page a connection starts at, where that is its account's own."""
    return _page_of(connection)


def _rules(declared: PolyfillDecl) -> RecordingRules:
    return RecordingRules.declared(declared.recording.model_dump(exclude_defaults=True), declared.hosts)
