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
from polyhost.engine.run.partition_rules import partition_rules
from polyhost.errors import RefusedError
from polyhost.instants import later
from polyhost.ledger.cursor import compare, maximum
from polyhost.ledger.cursor_time import position_at
from polyhost.ledger.legacy import LegacyState, read_legacy
from polyhost.ledger.state import PartitionRule
from polyhost.protocol.scope_request import resolve_scope
from polyhost.small_files import A_PERSON_SECONDS, TooLargeError, read_small_file
from polyhost.store import memos
from polyhost.store.base import ConnectionRow, SavePartitions, Store

__all__ = ["apply_legacy", "read_legacy_file"]

MAX_STATE_BYTES = 16 * 1024 * 1024
"""A cursor for each of 100,000 channels is a tenth of it."""
_DAY_SECONDS = 86_400


def read_legacy_file(path: str | None, source: LoadedSource, at: str) -> Mapping[str, LegacyState] | None:
    """What another tool's file comes to for each partitioned stream."""
    if path is None:
        return None
    try:
        text = read_small_file(Path(path).expanduser(), MAX_STATE_BYTES, patience=A_PERSON_SECONDS)
    except TooLargeError:
        raise RefusedError(f"{path} is too large for a state file", "Name the other tool's state file.") from None
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}", "Name the other tool's state file.") from None
    rules = partition_rules(source.manifest, resolve_scope(source.manifest))
    value = _legacy_value(text)
    found = {stream: read_legacy(value, rule, at=at) for stream, rule in rules.items()}
    for stream, read in found.items():
        _refuse_the_future(read, rules[stream], at)
    return found


def _refuse_the_future(read: LegacyState, rule: PartitionRule, at: str) -> None:
    """A cursor far ahead is another unit by mistake (milliseconds): nothing after it would ever be looked for."""
    tomorrow = position_at(later(at, _DAY_SECONDS) or at, rule.cursor_time)
    told = maximum([read.high_water, *(state.legacy_floor for state in read.states)], rule.order)
    if tomorrow is not None and told is not None and compare(told, tomorrow, rule.order) > 0:
        unit = str(rule.cursor_time).replace("_", " ")
        raise RefusedError(
            f"In the legacy state the cursor {told[:40]!r} lies in the future",
            f"The cursors of {rule.stream} are {unit}; write them so.",
        )


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
    await store.connections.save_memo(row.id, memos.LEGACY_HIGH_WATER, cursors)
    partitions = sum(len(read.states) for read in legacy.values())
    several = "1 partition" if partitions == 1 else f"{partitions:,} partitions"
    what = f"{several} and a cursor for all others" if cursors else several
    return f"Took over {what} from the other tool; what it read before is read again, newest first."
