"""A recording is replayed once before it is kept: what does not give its own records again is none.

Owns: the rehearsal, and comparing what comes of it with what the recorded run brought, in whatever order. Must not
know: how a run is recorded, what is secret.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from polyhost.browser.bridge.tab import Launcher
from polyhost.browser.launch import launch
from polyhost.browser.recordings.fixture import Scenario, write_scenario
from polyhost.browser.recordings.record import cleaned
from polyhost.browser.recordings.verify import Waiver
from polyhost.connectors.loading import LoadedSource
from polyhost.engine.clock import Clock
from polyhost.engine.events import OwnerAsked
from polyhost.engine.run.collect import Collection, RunContext, collect
from polyhost.engine.sources.connectors import Prepared, replay_connector
from polyhost.engine.sources.expected_records import expected_records
from polyhost.errors import ErrorCode, RunFailedError
from polyhost.protocol.diagnostics import FINISHED
from polyhost.protocol.scope import Scope
from polyhost.store.base import ConnectionRow, Store
from polyhost.store.memory import MemoryStore

__all__ = ["differences", "keep_recording", "rehearse"]


async def keep_recording(
    prepared: Prepared,
    directory: Path,
    source: LoadedSource,
    home: Path,
    store: Store,
    connection: ConnectionRow,
    scope: Scope,
    *,
    full: bool,
    waived: Sequence[Waiver] = (),
    launcher: Launcher | None = None,
) -> None:
    """Scrub what was recorded, verify it, replay it once, and put it in its place as a whole. RunFailedError says what
    is left in it, or what a replay does not give; then nothing is written."""
    raw = await prepared.raw(store, connection, scope)
    if raw is None or prepared.rules is None:
        return
    [scenario] = cleaned([raw], prepared.rules, waived)
    await rehearse(scenario, source, home, scope, full=full, launcher=launcher)
    write_scenario(directory, scenario)


async def rehearse(
    scenario: Scenario, source: LoadedSource, home: Path, scope: Scope, *, full: bool, launcher: Launcher | None = None
) -> None:
    """Replay into a store in memory. RunFailedError `recording_differs` where other records come of it."""
    prepared = replay_connector(source, scenario, home, launcher or launch)
    store, clock = MemoryStore(), Clock()
    connection = await store.connections.create(
        name=source.name, source=source.reference, nature="replay", options={}, account={}, at=clock.iso()
    )
    narrowed = _narrowed(scope, scenario.given.get("resources", {}))
    what = Collection(
        connection=connection,
        manifest=source.manifest,
        scope=narrowed,
        connector=prepared.connector,
        full=full,
        recorded=True,
    )
    answer = prepared.answer(_nobody)
    result = await collect(what, RunContext(store=store, clock=clock, watch=lambda event: None, answer=answer))
    if result["status"] not in FINISHED:
        error = result.get("error")
        why = error["reason"] if error is not None else result["status"]
        raise _differs(f"its replay ends {result['status']}: {why}")
    missing, more = differences(scenario.expected, await expected_records(store, connection, narrowed))
    if missing or more:
        raise _differs(
            f"{missing:,} records do not come out of its replay, and {more:,} come out that were not recorded"
        )


def differences(wanted: Iterable[Mapping[str, Any]], found: Iterable[Mapping[str, Any]]) -> tuple[int, int]:
    """How many of the wanted records are not found, and how many are found and not wanted; order does not count."""
    one, other = Counter(map(_bytes, wanted)), Counter(map(_bytes, found))
    return (one - other).total(), (other - one).total()


def _bytes(record: Mapping[str, Any]) -> bytes:
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)


def _narrowed(scope: Scope, resources: Mapping[str, Sequence[str]]) -> Scope:
    """The scope with its resources as the recording names them."""
    return replace(
        scope,
        streams=tuple(
            replace(stream, resources=tuple(resources[stream.name]), wanted=frozenset(resources[stream.name]))
            if stream.name in resources
            else stream
            for stream in scope.streams
        ),
    )


def _differs(why: str) -> RunFailedError:
    return RunFailedError(
        f"The recording does not give its own records again: {why}",
        "Nothing was written. If the site changed meanwhile, record again; otherwise declare what a request is told by "
        "under polyfill.recording in the manifest.",
        code=ErrorCode.RECORDING_DIFFERS,
    )


async def _nobody(asked: OwnerAsked) -> tuple[str, Any]:
    del asked
    return "timeout", None
