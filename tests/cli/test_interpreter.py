"""A process that moves records looks for garbage seldom and still finds it, and its threads take short turns."""

import gc
import sys
import weakref

import pytest

from polyhost.cli.interpreter import tune_interpreter


@pytest.fixture(autouse=True)
def as_before():
    """The setting is the whole process's."""
    before, turn = gc.get_threshold(), sys.getswitchinterval()
    yield
    sys.setswitchinterval(turn)
    gc.set_threshold(*before)
    gc.unfreeze()


class Knot:
    """Refers to itself: counting references never frees it."""

    def __init__(self):
        self.end = self


def test_what_was_there_before_is_not_looked_at_again():
    tune_interpreter()
    assert gc.get_freeze_count() > 0


def test_garbage_that_refers_to_itself_is_still_freed():
    tune_interpreter()
    knot = weakref.ref(Knot())
    kept = [[] for _ in range(200_000)]
    assert knot() is None
    assert len(kept) == 200_000


def test_a_thread_that_computes_lets_the_others_have_their_turn_sooner():
    pythons_own = 0.005
    sys.setswitchinterval(pythons_own)  # the tests' process has been tuned already
    tune_interpreter()
    assert sys.getswitchinterval() < pythons_own / 2
