"""A recording is replayed once before it is kept: what does not give its own records again is none.

Owns: the rehearsal, and comparing what comes of it with what the recorded run brought, in whatever order. Must not
know: how a run is recorded, what is secret.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from polyhost.browser.bridge.tab import Launcher
from polyhost.browser.launch import launch
from polyhost.browser.recordings.fixture import Scenario, in_order, write_scenario
from polyhost.browser.recordings.record import cleaned
from polyhost.browser.recordings.verify import Waiver
from polyhost.connectors.loading import LoadedSource
from polyhost.engine.clock import Clock
from polyhost.engine.development.earlier import narrowed, replay_earlier, replay_into, scenarios_up_to
from polyhost.engine.sources.connectors import Prepared, replay_connector
from polyhost.engine.sources.expected_records import expected_records
from polyhost.errors import ErrorCode, RunFailedError
from polyhost.protocol.diagnostics import FINISHED
from polyhost.protocol.scope import Scope
from polyhost.protocol.scope_request import resolve_scope
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
    after: Path | None = None,
) -> None:
    """Scrub what was recorded, verify it, replay it once, and put it in its place as a whole. RunFailedError says what
    is left in it, or what a replay does not give; then nothing is written. `after`: the scenario whose run it follows;
    what is kept then begins with what that one leaves."""
    raw = await prepared.raw(store, connection, scope)
    if raw is None or prepared.rules is None:
        return
    [scenario] = cleaned([raw], prepared.rules, waived)
    if after is not None:
        scenario = _following(scenario, after, directory)
    earlier = () if after is None else scenarios_up_to(after)
    whole = await rehearse(scenario, source, home, scope, full=full, launcher=launcher, earlier=earlier)
    write_scenario(directory, scenario if after is None else replace(scenario, expected=tuple(in_order(whole))))


def _following(scenario: Scenario, after: Path, directory: Path) -> Scenario:
    """What it was told of earlier runs comes from the replay of those, instead of from the recording."""
    given = {name: value for name, value in scenario.given.items() if name != "earlier"}
    return replace(scenario, given={**given, "after": Path(os.path.relpath(after, directory)).as_posix()})


async def rehearse(
    scenario: Scenario,
    source: LoadedSource,
    home: Path,
    scope: Scope,
    *,
    full: bool,
    launcher: Launcher | None = None,
    earlier: Sequence[Path] = (),
) -> list[dict[str, Any]]:
    """Replay into a store in memory, after the scenarios that are `earlier`; all that is stored then. RunFailedError
    `recording_differs` where the run brings other records than the recorded one."""
    store, clock, browser = MemoryStore(), Clock(), launcher or launch
    connection = await store.connections.create(
        name=source.name, source=source.reference, nature="replay", options={}, account={}, at=clock.iso()
    )
    await replay_earlier(source, earlier, store, connection, clock, launcher=browser, home=home)
    prepared = replay_connector(source, scenario, home, browser)
    result = await replay_into(source, prepared, store, connection, scope, clock, full=full)
    if result["status"] not in FINISHED:
        error = result.get("error")
        raise _differs(f"its replay ends {result['status']}: {error['reason'] if error else ''}", earlier)
    reach = narrowed(scope, prepared.given)
    if found := differences(scenario.expected, prepared.brought(await expected_records(store, connection, reach))):
        raise _differs(f"of its records, in its replay, {found}", earlier)
    return await expected_records(store, connection, resolve_scope(source.manifest))


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


def _differs(why: str, earlier: Sequence[Path]) -> RunFailedError:
    after = (
        f" Between {earlier[-1].name} and this run the connection may not have run, nor may the manifest call a key, a "
        "partition or a position secret or an id: two recordings have different stand-ins for it."
        if earlier
        else ""
    )
    return RunFailedError(
        f"The recording does not give its own records again: {why}",
        "Nothing was written. If the site changed meanwhile, record again; otherwise declare what a request is told by "
        f"under polyfill.recording in the manifest.{after}",
        code=ErrorCode.RECORDING_DIFFERS,
    )
