"""Sources and the connectors made from them: a folder with a manifest becomes something a run can open.

Owns: which connector a source and a connection come to, live, replayed or recorded, and what of it is kept between runs
(the governor's memory). Must not know: surfaces, how a run goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyhost.browser.bridge.scripts import PageScript
from polyhost.browser.governor import Governor
from polyhost.browser.launch import BrowserOptions
from polyhost.browser.locate import find_browser
from polyhost.browser.recordings.fixture import load_scenario
from polyhost.browser.recordings.rules import RecordingRules
from polyhost.connectors.base import Connector
from polyhost.connectors.loading import LoadedSource, bundled_folder
from polyhost.connectors.page import PageConnector, PagePolyfill
from polyhost.connectors.stdio import StdioConnector
from polyhost.engine.clock import Clock
from polyhost.engine.config import load_config
from polyhost.engine.expected import expected_records
from polyhost.engine.home import load_session
from polyhost.engine.recordings import RecordedConnector, ReplayConnector
from polyhost.errors import NeedsOwnerError, RefusedError
from polyhost.protocol.manifest import PolyfillDecl
from polyhost.protocol.scope import Scope
from polyhost.store.base import ConnectionRow, Store

__all__ = [
    "Prepared",
    "demo_scenario",
    "live_connector",
    "page_polyfill",
    "recording_connector",
    "replay_connector",
]

GOVERNOR_MEMO = "governor"
"""Name under which a connection keeps what its governor has learned about the site."""
DEMO_SCENARIO = Path("slack") / "small"

Hosts = tuple[Mapping[str, str], bool]
"""Hosts mapped to loopback addresses, and whether any certificate is accepted there."""


@dataclass(slots=True)
class Prepared:
    """A connector ready to be opened once, and what has to be remembered afterwards."""

    connector: Connector
    recorded: bool = False
    governor: Governor | None = None
    recording: RecordedConnector | None = None

    async def remember(self, store: Store, connection: ConnectionRow) -> None:
        """Keep what the governor has learned for the next run."""
        if self.governor is not None:
            await store.set_memo(connection.id, GOVERNOR_MEMO, self.governor.snapshot())

    async def save(self, directory: Path, store: Store, connection: ConnectionRow, scope: Scope) -> None:
        """Write the recording, with what it must yield."""
        if self.recording is not None:
            self.recording.save(directory, await expected_records(store, connection, scope))


def demo_scenario() -> Path:
    """The bundled recording that `demo` replays."""
    return bundled_folder().parent / "fixtures" / DEMO_SCENARIO


def replay_connector(source: LoadedSource, directory: Path, home: Path | None = None) -> Prepared:
    """A run that is answered from a recording and reaches nothing else. `home`: whose settings name the browser."""
    executable = None if home is None else load_config(home).browser.executable
    declared, polyfill = _page(source, executable)
    scenario = load_scenario(directory)
    return Prepared(ReplayConnector(polyfill, scenario, _rules(declared), executable), recorded=True)


async def live_connector(
    source: LoadedSource, connection: ConnectionRow, hosts: Hosts, home: Path, store: Store, clock: Clock
) -> Prepared:
    """A run with the owner's session, or a process of its own."""
    if source.kind == "artifact":
        raise RefusedError(
            f"{source.name} is not collected but imported, from files you export yourself",
            f"Import one: polyhost import {connection.name} FILE",
            code="import_only",
        )
    stdio = source.manifest.stdio
    if stdio is not None:
        return Prepared(StdioConnector(stdio.command, source.folder))
    _, polyfill = _page(source, load_config(home).browser.executable)
    governor = await _governor(store, connection, clock)
    return Prepared(PageConnector(polyfill, governor=governor, **_session(connection, hosts, home)), governor=governor)


async def recording_connector(
    source: LoadedSource, connection: ConnectionRow, hosts: Hosts, home: Path, store: Store, clock: Clock
) -> Prepared:
    """A live run whose traffic is recorded."""
    declared, polyfill = _page(source, load_config(home).browser.executable)
    governor = await _governor(store, connection, clock)
    recording = RecordedConnector(polyfill, _rules(declared), governor=governor, **_session(connection, hosts, home))
    return Prepared(recording, governor=governor, recording=recording)


async def _governor(store: Store, connection: ConnectionRow, clock: Clock) -> Governor:
    governor = Governor()
    if (memory := await store.get_memo(connection.id, GOVERNOR_MEMO)) is not None:
        governor.restore(memory, clock.now())
    return governor


def _session(connection: ConnectionRow, hosts: Hosts, home: Path) -> dict[str, Any]:
    state = load_session(home, connection.name)
    if state is None:
        raise NeedsOwnerError(
            f"{connection.name} has no saved session",
            f"Give it one: polyhost connect {connection.source} --name {connection.name} --renew --storage-state FILE",
            code="signed_out",
        )
    mapped, insecure_tls = hosts
    set_to = load_config(home).browser
    options = BrowserOptions(
        map_hosts=mapped,
        insecure_tls=insecure_tls,
        executable=set_to.executable,
        headless=set_to.headless,
        load_images=set_to.load_images,
    )
    return {"browser": options, "storage_state": state}


def _page(source: LoadedSource, executable: Path | None = None) -> tuple[PolyfillDecl, PagePolyfill]:
    declared = source.manifest.polyfill
    if declared is None:
        raise RefusedError(
            f"{source.name} does not run in a browser",
            "Only polyfills can be recorded and replayed.",
            code="no_polyfill",
        )
    find_browser(executable)  # none: said now, before anything is written
    polyfill = PagePolyfill(
        page=declared.page,
        hosts=declared.hosts,
        script=source.read_script(),
        libraries=tuple(PageScript(f"{source.name}/{name}", text) for name, text in source.read_libraries()),
        script_name=f"{source.name}/{declared.script}",
        signed_out=declared.session.signed_out,
    )
    return declared, polyfill


def page_polyfill(source: LoadedSource) -> PagePolyfill:
    """What a page needs of a source that runs in one."""
    return _page(source)[1]


def _rules(declared: PolyfillDecl) -> RecordingRules:
    return RecordingRules.declared(declared.recording.model_dump(exclude_defaults=True), declared.hosts)
