"""A recording is replayed once before it is kept: what does not give its own records again is none.

Owns: the rehearsal, and comparing what comes of it with what the recorded run brought, in whatever order. Must not
know: how a run is recorded, what is secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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

__all__ = ["Differences", "differences", "keep_recording", "rehearse"]

_SHOWN = 3
_KEY_CHARACTERS = 80
_NOT_THERE = {"": "not there"}
"""Stands for a field that is not there, which is something else than null."""


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
    if found := differences(scenario.expected, await expected_records(store, connection, narrowed)):
        raise _differs(f"of its records, in its replay, {found}")


@dataclass(frozen=True, slots=True)
class Differences:
    """Names of records, `stream key`: those that did not come, that came and were not expected, and that came in
    another way, with the fields that differ. Never what a field holds."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    changed: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.changed)

    def __str__(self) -> str:
        told = (
            ("did not come", self.missing),
            ("came and were not expected", self.unexpected),
            ("came in another way", self.changed),
        )
        return "; ".join(f"{len(names):,} {words}: {_listed(names)}" for words, names in told if names)


def differences(wanted: Iterable[Mapping[str, Any]], found: Iterable[Mapping[str, Any]]) -> Differences:
    """Which of the wanted records are not found as they are, and which are found and not wanted, in any order."""
    one, other = ({(record["stream"], record["key"]): record for record in records} for records in (wanted, found))
    changed = [(of, _fields_apart(record, other[of])) for of, record in one.items() if of in other]
    return Differences(
        missing=tuple(_name(of) for of in one if of not in other),
        unexpected=tuple(_name(of) for of in other if of not in one),
        changed=tuple(f"{_name(of)} ({', '.join(fields[:_SHOWN])})" for of, fields in changed if fields),
    )


def _name(of: tuple[str, str]) -> str:
    stream, key = of
    return f"{stream} {key[:_KEY_CHARACTERS]}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")


def _fields_apart(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What differs: fields of the data by name, and what stands beside them."""
    if _bytes(wanted) == _bytes(found):
        return []
    one, other = (record.get("data") or {} for record in (wanted, found))
    fields = [
        name for name in {**one, **other} if _bytes(one.get(name, _NOT_THERE)) != _bytes(other.get(name, _NOT_THERE))
    ]
    beside = [name for name in ("partition", "deleted", "data") if _bytes(wanted.get(name)) != _bytes(found.get(name))]
    return fields or beside


def _bytes(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


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
