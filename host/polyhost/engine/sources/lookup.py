"""Which source a reference names in a home, apart from how it is run: reading what is stored needs no connector.

Owns: remembering sources while their files are as they were, since a server asks for them with every request. Must not
know: connectors, sessions.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from polyhost.connectors import loading
from polyhost.connectors.loading import MANIFEST, LoadedSource
from polyhost.protocol.named_hosts import NamedHost
from polyhost.store.base import DISCOVERED, SETTINGS, ConnectionRow

__all__ = ["Loaded", "find_source", "source_of"]

Loaded = LoadedSource
_Looks = tuple[tuple[int, int, int], ...]
_remembered: dict[tuple[str, Path], tuple[_Looks, LoadedSource]] = {}
_MOST_REMEMBERED = 256
"""Sources; past that, all are forgotten and found again."""


def find_source(reference: str, home: Path) -> LoadedSource:
    """A bundled source by name, one of the home's own, or a folder by path. RefusedError names what there is."""
    known = _remembered.get((reference, home))
    if known is not None and _looks(known[1]) == known[0]:
        return known[1]
    source = loading.find_source(reference, home / "polyfills")
    looks = _looks(source)
    if looks is not None:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        _remembered[reference, home] = looks, source
    return source


def source_of(connection: ConnectionRow, home: Path) -> LoadedSource:
    """The source of a connection, at the site that it is bound to where it is bound to one, with
    every host which that has named, agreed to or not. RefusedError too where the
    source does not take that address any more."""
    source = find_source(connection.source, home)
    if connection.site is None or not source.takes_site:
        return source
    kept = connection.options.get(DISCOVERED, {})
    named = [NamedHost(entry["host"], entry["why"]) for entry in kept.get("hosts", ())]
    there = source.at(connection.site, named, kept.get("page"))
    return replace(there, authority=connection.options[SETTINGS].get("authority"))


def _looks(source: LoadedSource) -> _Looks | None:
    """Tells a manifest or script that was changed or taken away; None where one is not there."""
    files = (source.folder / MANIFEST, *(() if source.script is None else (source.script,)))
    try:
        return tuple((found.st_mtime_ns, found.st_size, found.st_ino) for found in (file.stat() for file in files))
    except OSError:
        return None
