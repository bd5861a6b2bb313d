"""How many files there are, by what became of them."""

from __future__ import annotations

import pytest

from polyhost.coverage.file_totals import are_all_here, file_totals
from polyhost.ledger.files import FileState

pytestmark = pytest.mark.requirement("SL-2")


def test_files_are_counted_by_state_and_bytes_where_they_are_here():
    totals = file_totals((str(state), number, 10 * number) for number, state in enumerate(FileState, start=1))
    assert totals == {
        "here": 1,
        "bytes": 10,
        "to_come": 2,
        "gone": 3,
        "hidden": 4,
        "external": 5,
        "refused": 6,
        "over_limit": 7,
    }


def test_every_state_has_a_count():
    assert file_totals([]).keys() == {*map(str, FileState), "bytes"}


@pytest.mark.parametrize(
    ("counts", "whole"),
    [
        ([], False),
        ([("here", 1, 5)], True),
        ([("here", 1, 5), ("gone", 2, 0), ("hidden", 1, 0), ("external", 1, 0), ("over_limit", 1, 0)], True),
        ([("here", 1, 5), ("to_come", 1, 0)], False),
        ([("here", 1, 5), ("refused", 1, 0)], False),
        ([("gone", 1, 0)], False),
    ],
)
def test_all_are_here_where_none_is_left_to_be_brought(counts: list[tuple[str, int, int]], whole: bool):
    assert are_all_here(file_totals(counts)) is whole
