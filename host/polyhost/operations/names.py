"""The names that a request's fields may hold, for whoever is typing one: connections, streams, partitions, sources.

Owns: which field of which operation names what. Must not know: shells. Nothing here raises, and nothing heavy is
loaded: the owner is waiting with a finger on Tab.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polyhost
from polyhost.store.sqlite import peek

__all__ = ["FILES", "FOLDERS", "Name", "names_for"]

FILES = frozenset({"file", "storage_state", "legacy_state"})
FOLDERS = frozenset({"folder", "to_folder", "watch", "replay", "record", "scenario", "trace"})
"""Fields that hold a path; a shell completes those better than anybody else."""
_PACKAGE = Path(polyhost.__file__).parent


@dataclass(frozen=True, slots=True)
class Name:
    """A name and what it is, in a few words."""

    value: str
    help: str = ""


def names_for(operation: str, field: str, home: Path, given: Mapping[str, Any], beginning: str) -> list[Name]:
    """What the field may be, as far as it is typed. `given`: the fields before it."""
    find = _BY_FIELD.get(f"{operation}:{field}") or _BY_FIELD.get(field)
    try:
        found = find(home, given, beginning) if find is not None else []
    except OSError:  # a folder that cannot be read names nothing
        found = []
    return [name for name in found if name.value.startswith(beginning)]


def _connections(home: Path, given: Mapping[str, Any], beginning: str) -> list[Name]:
    del given, beginning
    return [Name(one.name, one.source if one.nature == "live" else one.nature) for one in peek.connections(home)]


def _nothing(home: Path, given: Mapping[str, Any], beginning: str) -> list[Name]:
    """A name that is to be new."""
    del home, given, beginning
    return []


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
    return [Name(run, connection) for run, connection, status in peek.runs(home) if status == "running"]


_BY_FIELD: Mapping[str, Callable[[Path, Mapping[str, Any], str], list[Name]]] = {
    "name": _connections,
    "connect:name": _nothing,
    "polyfill new:name": _nothing,
    "polyfill dev:name": _sources,
    "stream": _streams,
    "partition": _partitions,
    "partitions retire:key": _partitions,
    "partitions restore:key": _partitions,
    "resource": _resources,
    "source": _sources,
    "run": _runs,
    "batch": _runs,
    "cancel:run": _running,
    "pause:run": _running,
    "resume:run": _running,
}
"""By field, or by operation and field where the same word means something else there."""


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
