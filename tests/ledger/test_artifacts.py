"""What an artifact says of partitions: it names them and shows what it holds, and decides nothing about the source."""

from __future__ import annotations

import pytest

from polyhost.ledger.artifacts import import_inventory, import_range
from polyhost.ledger.state import CursorOrder, PartitionState
from polyhost.protocol.commands import CommitInventory, InventoryEntry

from .builders import ranges, state

FROM_FILES = PartitionState(stream="messages", key="C1", label="Gulls")


def named(*entries: InventoryEntry, complete: bool = False) -> CommitInventory:
    return CommitInventory("messages", entries, complete)


def test_a_partition_that_only_a_file_names_is_neither_present_nor_missing():
    assert import_inventory({}, named(InventoryEntry("C1", "Gulls", None), complete=True)) == [FROM_FILES]
    assert not FROM_FILES.is_known_live


def test_a_file_that_lists_everything_makes_nothing_of_what_it_leaves_out():
    assert import_inventory({"C2": state("C2", ("1.0", "2.0"))}, named(complete=True)) == []


@pytest.mark.parametrize(
    ("known", "label", "expected"),
    [
        (FROM_FILES, "Terns", "Terns"),
        (FROM_FILES, "Gulls", None),
        (FROM_FILES, None, None),
        (state("C1", label="Gulls"), "Terns", None),
        (state("C1", ("1.0", "2.0"), label="Gulls", last_seen=None), "Terns", None),
        (state("C1"), "Terns", "Terns"),
    ],
)
def test_a_label_of_a_file_stands_until_the_source_has_given_one(
    known: PartitionState, label: str | None, expected: str | None
):
    changed = import_inventory({"C1": known}, named(InventoryEntry("C1", label, None)))
    assert [one.label for one in changed] == ([] if expected is None else [expected])


def test_what_a_file_holds_is_kept_apart_from_what_the_source_has_proven():
    read = state("C1", ("1.0", "2.0"))
    once = import_range(read, None, "3.0", CursorOrder.DECIMAL)
    twice = import_range(once, "2.5", "4.0", CursorOrder.DECIMAL)
    assert (twice.covered, twice.imported) == (read.covered, ranges((None, "4.0")))


def test_a_range_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="begins no later than it ends"):
        import_range(FROM_FILES, "3.0", "2.0", CursorOrder.DECIMAL)
