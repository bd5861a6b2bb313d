"""Which source a reference names in a home, apart from how it is run: reading what is stored needs no connector.

Must not know: connectors, sessions.
"""

from __future__ import annotations

from pathlib import Path

from polyhost.connectors import loading
from polyhost.connectors.loading import LoadedSource

__all__ = ["Loaded", "find_source"]

Loaded = LoadedSource


def find_source(reference: str, home: Path) -> LoadedSource:
    """A bundled source by name, one of the home's own, or a folder by path. RefusedError names what there is."""
    return loading.find_source(reference, home / "polyfills")
