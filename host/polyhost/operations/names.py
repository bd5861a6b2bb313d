"""The names that a request's fields may hold, for whoever is typing one: connections, streams, partitions, sources.

Owns: where the names of each kind come from; what a field names is said where it is declared (`names=`). Must not know:
shells, operations. Nothing here raises, and nothing heavy is loaded: the owner is waiting with a finger on Tab.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polyhost
from polyhost.operations.fields import Names
from polyhost.store.sqlite import peek

__all__ = ["Name", "names_for"]

_PACKAGE = Path(polyhost.__file__).parent


@dataclass(frozen=True, slots=True)
class Name:
    """A name and what it is, in a few words."""

    value: str
    help: str = ""


def names_for(names: Names, home: Path, given: Mapping[str, Any], beginning: str) -> list[Name]:
    """What a field that names such a thing may be, as far as it is typed. `given`: the fields before it."""
    find = _FINDERS.get(names)
    try:
        found = find(home, given, beginning) if find is not None else []
    except OSError:  # a folder that cannot be read names nothing
        found = []
    return [name for name in found if name.value.startswith(beginning)]


def _connections(home: Path, given: Mapping[str, Any], beginning: str) -> list[Name]:
    del given, beginning
    return [Name(one.name, one.source if one.nature == "live" else one.nature) for one in peek.connections(home)]


def _streams(home: Path, given: Mapping[str, Any], beginning: str) -> list[Name]:
    """Those that hold something; before the first run, those the manifest declares."""
    del beginning
    connection = str(given.get("name") or "")
    return [Name(name) for name in peek.streams(home, connection) or _declared(home, connection)]


def _partitions(home: Path, given: Mapping[str, Any], beginning: str) -> list[Name]:
    found = peek.partitions(home, str(given.get("name") or ""), str(given.get("stream") or ""), beginning)
    return [Name(key, label) for key, label in found]


def _resources(home: Path, given: Mapping[str, Any], beginning: str) -> list[Name]:
    """`messages=C1,C2`: the stream, then its partitions, each once."""
    stream, equals, keys = beginning.partition("=")
    if not equals:
        return [Name(f"{one.value}=") for one in _streams(home, given, "")]
    before, comma, last = keys.rpartition(",")
    taken = before.split(",")
    found = peek.partitions(home, str(given.get("name") or ""), stream, last)
    return [Name(f"{stream}={before}{comma}{key}", label) for key, label in found if key not in taken]


def _sources(home: Path, given: Mapping[str, Any], beginning: str) -> list[Name]:
    del given, beginning
    return [Name(folder.name) for folder in _source_folders(home)]


def _runs(home: Path, given: Mapping[str, Any], beginning: str) -> list[Name]:
    del given, beginning
    return [Name(run, f"{connection}: {status}") for run, connection, status in peek.runs(home)]


def _running(home: Path, given: Mapping[str, Any], beginning: str) -> list[Name]:
    del given, beginning
    going = peek.going(home)
    return [*(Name(connection, run) for run, connection in going), *(Name(run, name) for run, name in going)]


_FINDERS: Mapping[Names, Callable[[Path, Mapping[str, Any], str], list[Name]]] = {
    Names.CONNECTION: _connections,
    Names.STREAM: _streams,
    Names.PARTITION: _partitions,
    Names.RESOURCES: _resources,
    Names.SOURCE: _sources,
    Names.RUN: _runs,
    Names.RUNNING: _running,
}
"""Files and folders are not here: a shell completes those better than anybody else."""


def _source_folders(home: Path) -> list[Path]:
    installed = _PACKAGE / "_bundled" / "polyfills"
    bundled = installed if installed.is_dir() else _PACKAGE.parents[1] / "polyfills"
    roots = [root for root in (home / "polyfills", bundled) if root.is_dir()]
    return sorted(path.parent for root in roots for path in root.glob("*/manifest.json"))


def _declared(home: Path, connection: str) -> list[str]:
    source = next((one.source for one in peek.connections(home) if one.name == connection), None)
    folder = next((folder for folder in _source_folders(home) if folder.name == source), None)
    if folder is None:
        return []
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        return [stream["name"] for stream in manifest["streams"]]
    except (ValueError, KeyError, TypeError):
        return []
