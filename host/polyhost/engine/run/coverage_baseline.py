"""What was covered when the last run or import began, so that what came since can be shown apart.

Owns: keeping that picture, once a run. Must not know: what is judged new (`coverage.picture`), how it is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyhost.engine.run.ledger import RunLedger
from polyhost.ledger.ranges import Ranges
from polyhost.ledger.state import Range
from polyhost.store import memos
from polyhost.store.base import Store
from polyhost.store.memos import CoveredPartition

__all__ = ["covered_before", "remember_covered"]

MAX_REMEMBERED = 10_000
"""Partitions of a stream whose coverage is kept: about a megabyte. Of a stream with more, nothing is shown as new."""


async def remember_covered(store: Store, connection_id: int, ledger: RunLedger) -> None:
    """Keep what is covered now, before the run moves it: a run that is killed still shows what it brought."""
    streams = {
        name: {
            key: CoveredPartition(covered=_pairs(state.covered), imported=_pairs(state.imported))
            for key, state in stream.states.items()
        }
        for name, stream in ledger.streams().items()
        if len(stream.states) <= MAX_REMEMBERED
    }
    await store.connections.save_memo(connection_id, memos.COVERED_BEFORE, streams)


async def covered_before(store: Store, connection_id: int) -> Mapping[str, Mapping[str, tuple[Ranges, Ranges]]]:
    """Per stream that was in the last run's scope, and partition: covered and imported ranges as they were before."""
    kept = await store.connections.memo(connection_id, memos.COVERED_BEFORE)
    return {
        stream: {key: (_ranges(was["covered"]), _ranges(was["imported"])) for key, was in partitions.items()}
        for stream, partitions in kept.items()
    }


def _pairs(ranges: Ranges) -> list[list[str | None]]:
    return [[piece.since, piece.until] for piece in ranges]


def _ranges(pairs: Sequence[Sequence[Any]]) -> Ranges:
    return tuple(Range(since, until) for since, until in pairs)
