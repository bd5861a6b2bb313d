"""Who may stay connected: the owner always; of strangers the newest."""

import logging
from dataclasses import dataclass

import pytest

from polyhost.server.connections import Connections
from polyhost.server.malformed import Kind

pytestmark = pytest.mark.requirement("SE-4")


@dataclass(eq=False)
class One:
    dropped: bool = False

    def drop(self) -> None:
        self.dropped = True


def arrive(there: Connections, number: int) -> list[One]:
    made = [One() for _ in range(number)]
    for one in made:
        there.arrived(one)
    return made


def test_the_stranger_who_was_first_leaves_for_whoever_comes():
    there = Connections(most_strangers=2, grace=0)
    assert [one.dropped for one in arrive(there, 5)] == [True, True, True, False, False]


def test_who_has_just_come_has_a_moment_to_show_a_token_unless_there_are_too_many_of_them():
    """A thousand of the owner's connections come at once, and are all accepted before the first is read."""
    time = 0.0
    there = Connections(most_strangers=2, most_at_once=5, grace=2, now=lambda: time)
    burst = arrive(there, 5)
    assert not any(one.dropped for one in burst)
    [sixth] = arrive(there, 1)
    assert [one.dropped for one in burst] == [True, False, False, False, False]
    there.admitted(sixth)
    time = 2.0
    [late] = arrive(there, 1)
    assert [one.dropped for one in (*burst, sixth, late)] == [True, True, True, True, False, False, False]


def test_whoever_has_shown_a_token_is_no_stranger_and_stays():
    there = Connections(most_strangers=2, grace=0)
    [owner] = arrive(there, 1)
    there.admitted(owner)
    assert [one.dropped for one in arrive(there, 300)][-2:] == [False, False]
    assert not owner.dropped


def test_a_stranger_does_not_become_one_of_the_owners_by_resting():
    there = Connections(most_strangers=1, most_idle=1, grace=0)
    [stranger] = arrive(there, 1)
    there.rests(stranger)
    arrive(there, 1)
    assert stranger.dropped


def test_of_the_owners_that_rest_the_one_that_rests_longest_goes():
    there = Connections(most_idle=2)
    first, second, third = arrive(there, 3)
    for one in (first, second, third):
        there.admitted(one)
    there.rests(first)
    there.rests(second)
    there.works(first)
    there.rests(first)
    there.rests(third)
    assert [one.dropped for one in (first, second, third)] == [False, True, False]


def test_whoever_is_gone_is_not_counted():
    there = Connections(most_strangers=1, grace=0)
    [gone] = arrive(there, 1)
    there.left(gone)
    [next_one] = arrive(there, 1)
    assert not next_one.dropped


def test_a_kind_is_logged_whenever_its_count_has_doubled(caplog: pytest.LogCaptureFixture):
    there = Connections()
    with caplog.at_level(logging.WARNING):
        for _ in range(1000):
            there.note(Kind.TARGET)
        there.note(Kind.BODY)
    told = [(vars(record)["kind"], vars(record)["count"]) for record in caplog.records]
    assert told == [("target", 2**power) for power in range(10)] + [("body", 1)]
