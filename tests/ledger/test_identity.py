"""Of two contents of one record the newer counts, whichever came first."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from polyhost.ledger.identity import age

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


@pytest.mark.parametrize(
    "ages",
    [
        [age({}, "edited", LATE), age({"edited": "2026-01-01"}, "edited", EARLY)],
        [
            age({"edited": None}, "edited", LATE),
            age({"edited": ""}, "edited", LATE),
            age({"edited": 0}, "edited", EARLY),
        ],
        [age({"edited": n}, "edited", LATE) for n in (9, 10, 11, 100)],
        [age({"edited": text}, "edited", LATE) for text in ("2026-01-01", "2026-01-02", "2026-11-01")],
        [age({"edited": 5}, "edited", moment) for moment in (EARLY, LATE)],
        [age({"edited": 9}, None, EARLY), age({"edited": 1}, None, LATE)],
        [age(None, "edited", EARLY), age(None, "edited", LATE)],
    ],
)
def test_the_declared_field_counts_first_then_the_moment_it_speaks_of(ages: list[Any]):
    """Each of them is at least as new as the one before it, and no later one is older."""
    assert all(older <= newer and not newer < older for older, newer in pairwise(ages))
    assert ages[0] < ages[-1]
