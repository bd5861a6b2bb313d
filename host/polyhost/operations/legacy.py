"""State that another tool kept, taken over when a connection is made.

Owns: reading the owner's file and writing what it comes to into the ledger. Must not know: what any tool's file looks
like (`ledger.legacy` does).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from polyhost.connectors.loading import LoadedSource
from polyhost.engine.rules import partition_rules
from polyhost.engine.run_ledger import LEGACY_MEMO
from polyhost.errors import RefusedError
from polyhost.ledger.legacy import LegacyState, read_legacy
from polyhost.protocol.scope_request import resolve_scope
from polyhost.store.base import ConnectionRow, SavePartitions, Store

__all__ = ["apply_legacy", "read_legacy_file"]


def read_legacy_file(path: str | None, source: LoadedSource, at: str) -> Mapping[str, LegacyState] | None:
    """What another tool's file comes to for each partitioned stream."""
    if path is None:
        return None
    try:
        text = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}", "Name the other tool's state file.") from None
    rules = partition_rules(source.manifest, resolve_scope(source.manifest))
    value = _legacy_value(text)
    return {stream: read_legacy(value, rule, at=at) for stream, rule in rules.items()}


def _legacy_value(text: bytes) -> Any:
    """JSON, or one cursor. A bare cursor may look like a number, and would lose digits as one."""
    bare = text.decode(errors="replace").strip()
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return bare
    return bare if isinstance(value, int | float) else value


async def apply_legacy(store: Store, row: ConnectionRow, legacy: Mapping[str, LegacyState]) -> str:
    for read in legacy.values():
        await store.write(row.id, None, [SavePartitions(read.states)])
    cursors = {stream: read.high_water for stream, read in legacy.items() if read.high_water is not None}
    await store.set_memo(row.id, LEGACY_MEMO, cursors)
    partitions = sum(len(read.states) for read in legacy.values())
    return f"Took over {partitions:,} partitions from the other tool; what it read before is read again, newest first."
