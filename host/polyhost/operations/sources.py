"""What can be connected: the bundled polyfills and the owner's own.

Must not know: connections, runs.
"""

from __future__ import annotations

from typing import Any

from polyhost.connectors.loading import BrokenSource, LoadedSource, find_sources
from polyhost.operations.context import Context
from polyhost.operations.operation import Result
from polyhost.operations.requests import SourcesRequest

__all__ = ["list_sources"]


async def list_sources(context: Context, request: SourcesRequest) -> Result[Any]:
    """Every source that is found, the broken ones with what is wrong with them."""
    del request
    return Result({"sources": [_source_json(source) for source in find_sources(context.home / "polyfills")]})


def _source_json(source: LoadedSource | BrokenSource) -> dict[str, Any]:
    if isinstance(source, BrokenSource):
        return {"name": source.name, "error": str(source.error), "kind": None, "streams": []}
    manifest = source.manifest
    return {
        "name": source.name,
        "display_name": manifest.display_name,
        "version": manifest.version,
        "kind": source.kind,
        "streams": [stream.name for stream in manifest.streams],
        "error": None,
    }
