"""A whole polyfill, checked from its manifest to its behaviour, for its author.

Owns: what can be told without running it, and with what it is run: a process for real, a page from recordings. Must not
know: the experiments on its behaviour (conformance), how a report is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import orjson

from polyhost.browser.recordings.fixture import load_scenario
from polyhost.browser.recordings.recording_rules import RecordingRules
from polyhost.browser.recordings.verify import looked_for, verify_scenario
from polyhost.browser.reused_browser import ReusedBrowser
from polyhost.browser.session import UNTELLABLE
from polyhost.connectors.loading import MANIFEST, LoadedSource, load_connector_folder
from polyhost.connectors.stdio import StdioConnector, Timeouts
from polyhost.engine.clock import Clock
from polyhost.engine.development.conformance import BEHAVIOUR, check_behaviour
from polyhost.engine.development.earlier import replay_earlier, scenarios_before
from polyhost.engine.development.report import Check, Report, failed, not_checked, ok
from polyhost.engine.development.trials import Bench
from polyhost.engine.events import Answer, Watcher, ignore
from polyhost.engine.sessions.sign_in import HOW_TO_TELL
from polyhost.engine.sources.connectors import recorded_source, replay_connector
from polyhost.errors import ErrorCode, PolyhostError, RefusedError
from polyhost.files.contents import Contents
from polyhost.files.spool import Spool
from polyhost.protocol.declarations import BLOBS, SITE, PolyfillDecl, StdioDecl
from polyhost.protocol.manifest import ManifestError, manifest_faults
from polyhost.protocol.reach import Reach
from polyhost.store.base import ConnectionRow, Store

__all__ = ["check_folder"]

AT_ONCE = Timeouts(terminate=0.0)
"""A connector that is killed gets no time to tidy up: that is what the check is for."""


async def check_folder(
    folder: Path, scenarios: Sequence[Path] = (), *, answer: Answer, watch: Watcher = ignore
) -> Report:
    """Check a connector's folder. RefusedError where there is no such folder, or a process is given recordings."""
    _check_is_folder(folder)
    try:
        source = load_connector_folder(folder)
    except RefusedError as error:
        return Report(folder.name, None, _unloadable(folder, error))
    if scenarios and source.kind != "page":
        raise RefusedError(
            f"{source.name} does not run in a page, so no recording of it can be replayed",
            "Leave --scenario out.",
            code=ErrorCode.NO_POLYFILL,
        )
    count = len(source.manifest.streams)
    checks = [
        ok("manifest", f"every rule kept, {count} {'stream' if count == 1 else 'streams'}"),
        ok("schemas", "each is a JSON Schema (2020-12)"),
        ok("files", "all there, inside the folder"),
        *await _run(source, scenarios, answer, watch),
    ]
    return Report(source.name, source.kind, checks)


def _check_is_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise RefusedError(f"{folder} is not a folder", "Name the folder of a polyfill.", code=ErrorCode.UNKNOWN_SOURCE)


async def _fill(
    source: LoadedSource, earlier: Sequence[Path], browser: ReusedBrowser, store: Store, row: ConnectionRow
) -> None:
    await replay_earlier(source, earlier, store, row, Clock(), launcher=browser.launcher)


def _unloadable(folder: Path, error: RefusedError) -> list[Check]:
    """Every fault that can be told of a folder that cannot be run, by check."""
    try:
        faults = manifest_faults(orjson.loads((folder / MANIFEST).read_bytes()))
    except (OSError, orjson.JSONDecodeError):
        return [failed("manifest", error.reason, error.instruction), *_untouched("schemas", "files", *BEHAVIOUR)]
    schemas = [fault for fault in faults if fault.code is ErrorCode.SCHEMA_INVALID]
    others = [fault for fault in faults if fault.code is not ErrorCode.SCHEMA_INVALID]
    checks = [_fault("manifest", fault) for fault in others] or [ok("manifest", "every rule kept")]
    checks += [_fault("schemas", fault) for fault in schemas] or [ok("schemas", "each is a JSON Schema (2020-12)")]
    if faults:
        return [*checks, *_untouched("files", *BEHAVIOUR)]
    return [*checks, failed("files", error.reason, error.instruction), *_untouched(*BEHAVIOUR)]


def _untouched(*names: str) -> list[Check]:
    return [not_checked(name, "the folder has to be right first") for name in names]


def _fault(name: str, fault: ManifestError) -> Check:
    return failed(name, f"{fault.code}: {fault.reason}", "Correct manifest.json; docs/writing-a-polyfill.md has one.")


async def _run(source: LoadedSource, scenarios: Sequence[Path], answer: Answer, watch: Watcher) -> list[Check]:
    stdio, page = source.manifest.stdio, source.manifest.polyfill
    if stdio is not None:
        with TemporaryDirectory() as home:
            return await check_behaviour(_process(source, stdio, answer, watch, Path(home)))
    if page is None:
        return [not_checked(name, "it imports files and collects nothing") for name in BEHAVIOUR]
    checks = [_page(page)]
    if not scenarios:
        why = "a page runs here only from a recording"
        give = "Give --scenario DIR; make one with: polyhost fixture record NAME DIR"
        return [*checks, *(not_checked(name, why, give) for name in BEHAVIOUR)]
    async with ReusedBrowser() as browser:
        for scenario in scenarios:
            found = await _replay(source, page, scenario, answer, watch, browser)
            checks += [replace(check, scenario=scenario.name) for check in found]
    return checks


def _process(source: LoadedSource, stdio: StdioDecl, answer: Answer, watch: Watcher, home: Path) -> Bench:
    """`home`: where files are kept that it hands over, as long as it is checked."""
    spool = Spool(home) if BLOBS in source.manifest.protocol_capabilities else None
    folder = None if spool is None else spool.folder
    return Bench(
        manifest=source.manifest,
        make=lambda: StdioConnector(stdio.command, source.folder, patience=AT_ONCE, spool=folder),
        answer=answer,
        watch=watch,
        taking=None if spool is None else (Contents(home), spool),
    )


def _page(page: PolyfillDecl) -> Check:
    if not page.session.can_tell:
        return not_checked("page", UNTELLABLE, HOW_TO_TELL)
    if not page.session.signed_out:
        return not_checked(
            "page",
            "nothing says how a signed-out session looks",
            "If the site has a sign-in page, name its URL in polyfill.session.signed_out.",
        )
    begins = "the address that its owner gives" if page.page.startswith(SITE) else urlsplit(page.page).netloc
    return ok("page", f"starts at {begins} and may reach: {'; '.join(_hosts(page))}")


def _hosts(page: PolyfillDecl) -> list[str]:
    """Whom it may reach, in plain words; a site's own address is not known here."""
    named = page.setup_host
    at_home = (
        f", also this machine or one of your private network ({named.rationale})"
        if named and named.allow_private
        else ""
    )
    return [*([f"the address that its owner gives{at_home}"] if named else []), *Reach.of(page).lines()]


async def _replay(
    source: LoadedSource, page: PolyfillDecl, scenario: Path, answer: Answer, watch: Watcher, browser: ReusedBrowser
) -> list[Check]:
    try:
        recorded, earlier = load_scenario(scenario), scenarios_before(scenario)
    except PolyhostError as error:
        why = "the recording cannot be read"
        first = failed("recording", error.reason, error.instruction)
        return [first, *(not_checked(name, why) for name in BEHAVIOUR)]
    bound = recorded_source(source, recorded).manifest.polyfill or page
    rules = RecordingRules.declared(page.recording.model_dump(exclude_defaults=True), bound.hosts)
    left = verify_scenario(recorded, rules)
    clean = ok("recording", f"nothing was found in it of what was looked for ({len(looked_for(rules))} kinds)")
    if left:
        told = f"{len(left)} places hold what must go: {', '.join(str(finding) for finding in left[:3])}"
        clean = failed("recording", told, "Name the fields in polyfill.recording.redact and record it again.")
    bench = Bench(
        manifest=source.manifest,
        make=lambda: replay_connector(source, scenario, launcher=browser.launcher).connector,
        answer=answer,
        answers=recorded.given.get("answers", ()),
        watch=watch,
        recorded=True,
        request={name: recorded.given[name] for name in ("streams", "resources") if name in recorded.given},
        prepare=partial(_fill, source, earlier, browser) if earlier else None,
    )
    return [clean, *await check_behaviour(bench, [dict(record) for record in recorded.expected])]
