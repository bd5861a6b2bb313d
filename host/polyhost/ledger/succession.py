"""Partitions that went on under another key: which came before one, so that its history can be read as one.

Owns: the chains that `successor` makes. Must not know: how a partition came to have one, what is stored of it.

A source may tell of a chain in pieces, merge several into one, or contradict itself: a chain is followed as far as it
is known, and no partition is named twice, whatever circles there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from polyhost.ledger.state import PartitionState

__all__ = ["Predecessors", "predecessors"]

Predecessors = Mapping[str, Sequence[str]]
"""By key: those that became it, at once or by way of others, the nearest first."""


def predecessors(states: Iterable[PartitionState]) -> Predecessors:
    """Of one stream. Only partitions that have any are named."""
    became: defaultdict[str, list[str]] = defaultdict(list)
    for state in states:
        if state.successor is not None:
            became[state.successor].append(state.key)
    return {key: _before(key, became) for key in became}


def _before(key: str, became: Mapping[str, Sequence[str]]) -> Sequence[str]:
    found: dict[str, None] = {}
    nearest = [key]
    while nearest:
        before = sorted({one for later in nearest for one in became.get(later, ())})
        nearest = [one for one in before if one != key and one not in found]
        found |= dict.fromkeys(nearest)
    return [*found]
