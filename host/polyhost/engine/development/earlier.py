"""A recorded run over what earlier runs left: the scenarios it comes after are replayed first, into the same store.

Owns: the chain of scenarios, and replaying it. Must not know: what the last of them is tried for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from polyhost.browser.bridge.tab import Launcher
from polyhost.browser.launch import launch
from polyhost.browser.recordings.fixture import load_scenario
from polyhost.connectors.loading import LoadedSource
from polyhost.engine.clock import Clock
from polyhost.engine.events import OwnerAsked
from polyhost.engine.run.collect import Collection, RunContext, collect
from polyhost.engine.run.result_json import RunResult
from polyhost.engine.sources.connectors import Prepared, replay_connector
from polyhost.errors import ErrorCode, RefusedError, RunFailedError
from polyhost.protocol.diagnostics import FINISHED
from polyhost.protocol.scope import Scope
from polyhost.protocol.scope_request import resolve_scope
from polyhost.store.base import ConnectionRow, Store

__all__ = ["MOST_EARLIER", "narrowed", "replay_earlier", "replay_into", "scenarios_before", "scenarios_up_to"]

MOST_EARLIER = 10
"""Scenarios that one may come after, one after the other: each is replayed in a browser before it."""


def scenarios_before(directory: Path) -> list[Path]:
    """What this scenario comes after, the first of all first. RefusedError where they go in a circle, are too many, or
    one cannot be read."""
    return scenarios_up_to(directory)[:-1]


def scenarios_up_to(directory: Path) -> list[Path]:
    """The same, with this one as the last."""
    chain = [directory.absolute()]
    while (after := load_scenario(chain[0]).given.get("after")) is not None:
        earlier = (chain[0] / after).resolve()
        if earlier in [one.resolve() for one in chain]:
            raise RefusedError(
                f"The scenario {directory} comes after itself", "Correct `after` in given.json, or record it again."
            )
        if len(chain) > MOST_EARLIER:
            raise RefusedError(
                f"The scenario {directory} comes after more than {MOST_EARLIER} others",
                "Record it after an earlier one.",
            )
        chain.insert(0, earlier)
    return chain


async def replay_earlier(
    source: LoadedSource,
    scenarios: Sequence[Path],
    store: Store,
    connection: ConnectionRow,
    clock: Clock,
    *,
    launcher: Launcher = launch,
    home: Path | None = None,
) -> None:
    """Replay these, one run after the other. RunFailedError names the one that does not end well."""
    for scenario in scenarios:
        prepared = replay_connector(source, scenario, home, launcher)
        scope = resolve_scope(source.manifest)
        result = await replay_into(source, prepared, store, connection, scope, clock)
        if result["status"] not in FINISHED:
            error = result.get("error")
            raise RunFailedError(
                f"The scenario before it, {scenario.name}, ends {result['status']}"
                + ("" if error is None else f": {error['reason']}"),
                "Correct the polyfill until that one replays, or record both again.",
                code=ErrorCode.RECORDING_DIFFERS,
            )


async def replay_into(
    source: LoadedSource,
    prepared: Prepared,
    store: Store,
    connection: ConnectionRow,
    scope: Scope,
    clock: Clock,
    *,
    full: bool = False,
) -> RunResult:
    """One replayed run, narrowed as it was when it was recorded; who is asked beyond the recording does not answer."""
    what = Collection(
        connection=connection,
        manifest=source.manifest,
        scope=narrowed(scope, prepared.given),
        connector=prepared.connector,
        full=full,
        recorded=True,
    )
    around = RunContext(store=store, clock=clock, watch=lambda event: None, answer=prepared.answer(_nobody))
    return await collect(what, around)


def narrowed(scope: Scope, given: Mapping[str, Any]) -> Scope:
    """The scope with no more streams than the recorded run had, and its resources as the recording names them."""
    resources: Mapping[str, Sequence[str]] = given.get("resources", {})
    streams: Sequence[str] | None = given.get("streams")
    return replace(
        scope,
        streams=tuple(
            replace(stream, resources=tuple(resources[stream.name]), wanted=frozenset(resources[stream.name]))
            if stream.name in resources
            else stream
            for stream in scope.streams
            if streams is None or stream.name in streams
        ),
    )


async def _nobody(asked: OwnerAsked) -> tuple[str, None]:
    del asked
    return "timeout", None
