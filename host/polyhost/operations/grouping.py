"""Records that hang together: which group a record belongs to, who else does, in which order they were said.

Owns: that, by the manifest's partition rule. Must not know: any one source, how threads look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polyhost.ledger.cursor import sort_key
from polyhost.ledger.partition_rule import partition_rule
from polyhost.ledger.position import Located, locate
from polyhost.ledger.state import PartitionRule
from polyhost.ledger.succession import predecessors
from polyhost.protocol.manifest import StreamDecl
from polyhost.store.base import Store, StoredRecord

__all__ = ["count_members", "in_group_order", "located", "predecessors_of", "rule_of"]


def rule_of(declared: StreamDecl) -> PartitionRule | None:
    """How this stream is partitioned and grouped; None where it is not."""
    return None if declared.partition is None else partition_rule(declared.name, declared.partition)


def located(record: StoredRecord, rule: PartitionRule | None) -> Located | None:
    """Where a record belongs; None for one without content, or without a place."""
    if rule is None or record.data is None:
        return None
    found = locate(record.data, rule)
    return found if isinstance(found, Located) else None


async def predecessors_of(store: Store, connection_id: int, stream: str, partition: str | None) -> Sequence[str]:
    """The partitions that became this one: their records are the beginning of its history."""
    if partition is None:
        return ()
    states = await store.ledger.partitions(connection_id, stream)
    return predecessors(states).get(partition, ())


async def count_members(
    store: Store, connection_id: int, declared: StreamDecl, heads: Sequence[StoredRecord]
) -> Mapping[str, int]:
    """By key of each head: how many live members its group has."""
    rule = rule_of(declared)
    places = {head.key: place for head in heads if (place := located(head, rule)) is not None}
    by_partition: dict[str, set[str]] = {}
    for place in places.values():
        by_partition.setdefault(place.partition, set()).add(place.key)
    counts: dict[tuple[str, str], int] = {}
    if rule is not None and rule.group_field is not None:
        for partition, positions in by_partition.items():
            found = await store.records.groups(connection_id, declared.name, partition, sorted(positions))
            counts |= {(partition, position): count for position, (count, _) in found.items()}
    places_of = {key: (place.partition, place.key) for key, place in places.items()}
    return {head.key: counts.get(places_of.get(head.key, ("", "")), 0) for head in heads}


def in_group_order(records: Sequence[StoredRecord], rule: PartitionRule) -> list[StoredRecord]:
    """The head first, members by their own cursors; those whose cursor says nothing come last, by key."""

    def order(record: StoredRecord) -> tuple[Any, ...]:
        place = located(record, rule)
        if place is None:
            return 2, "", record.key
        return int(not place.is_head), sort_key(place.cursor, rule.order), record.key

    return sorted(records, key=order)
