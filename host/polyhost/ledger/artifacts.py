"""What an artifact says of partitions: which it holds, and how far, as of when it was made.

Owns: entries that only artifacts have named, and imported ranges. Must not know: archives, records, runs.

An artifact proves what was there when it was made. Edits, deletions and late replies since then only the source can
tell, so an imported range is shown as covered and never keeps a run from reading the same range itself. Nor does an
artifact say what exists now: a partition it names is neither present nor missing until the source has named it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from polyhost.ledger.ranges import add, ordered
from polyhost.ledger.state import CursorOrder, PartitionState, Range
from polyhost.protocol.commands import CommitInventory

__all__ = ["import_inventory", "import_range"]


def import_inventory(states: Mapping[str, PartitionState], inventory: CommitInventory) -> list[PartitionState]:
    """The entries that change because an artifact names these partitions. What the source says of one goes first."""
    changed: list[PartitionState] = []
    for entry in inventory.partitions:
        known = states.get(entry.key)
        state = known or PartitionState(stream=inventory.stream, key=entry.key)
        if entry.label is not None and (state.label is None or not state.is_known_live):
            state = replace(state, label=entry.label)
        if state != known:
            changed.append(state)
    return changed


def import_range(state: PartitionState, since: str | None, until: str, order: CursorOrder) -> PartitionState:
    """The entry once all an artifact holds of [since, until] is durable. ValueError for a range that is reversed."""
    piece = Range(since, until)
    if not ordered(piece, order):
        raise ValueError("an imported range begins no later than it ends")
    return replace(state, imported=add(state.imported, piece, order))
