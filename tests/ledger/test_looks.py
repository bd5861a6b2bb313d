"""What was not looked for again since it was read is said (RS-4.7)."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from polyhost.ledger.looks import looks
from polyhost.ledger.plan import Unswept

from .builders import AT, EARLIER, missing, retired, rule, state

pytestmark = pytest.mark.requirement("RS-4.7")

READ = (None, "9.0")
FRESH = {"refreshed_at": AT, "swept_at": AT}


def test_the_last_look_and_how_many_wait_for_longer_than_wanted():
    states = [
        state("C1", READ, **FRESH),
        state("C2", READ, refreshed_at=EARLIER, swept_at=AT),
        state("C3", READ, refreshed_at=EARLIER, swept_at=EARLIER),
    ]
    found = looks(states, rule(), now_iso=AT)
    assert (found.partitions, found.overdue, found.oldest, found.unswept) == (3, 2, EARLIER, Unswept(1, EARLIER))
    assert found.as_json() == asdict(found)


def test_what_is_not_read_at_all_is_not_waited_for():
    states = [state("C1"), missing("C2", READ), retired("C3", READ)]
    found = looks(states, rule(), now_iso=AT)
    assert (found.partitions, found.overdue, found.oldest, found.explain) == (0, 0, None, None)


def test_one_that_was_never_looked_at_since_it_was_read_waits_longest():
    states = [state("C1", READ, **FRESH), state("C2", READ, swept_at=AT)]
    found = looks(states, rule(), now_iso=AT)
    assert (found.overdue, found.oldest) == (1, None)


@pytest.mark.parametrize(
    ("states", "of", "words"),
    [
        ([state("C1", READ, **FRESH)], rule(), ["since 2026-11-22 10:00", "found when"]),
        ([state("C1", READ, refreshed_at=EARLIER, swept_at=AT)], rule(), ["since 2026-11-20 10:00", "1 partition"]),
        ([state("C1", READ, refreshed_at=AT, swept_at=EARLIER)], rule(), ["Beyond the newest 2 records", "30 days"]),
        ([state("C1", READ, **FRESH)], rule(budget=0), ["full run only"]),
        ([state("C1", READ, **FRESH)], rule(lookback=0), ["edits and deletions are found by a full run only"]),
        (
            [state("C1", READ, **FRESH)],
            replace(rule(lookback=0), arrival="any_order"),
            ["that the source does not tell"],
        ),
    ],
    ids=["on time", "overdue", "older records", "no budget", "no look-back", "followed"],
)
def test_a_reader_is_told_what_may_be_unseen_and_what_finds_it(states, of, words):
    explain = looks(states, of, now_iso=AT).explain
    assert explain is not None
    assert [word for word in words if word not in explain] == []
