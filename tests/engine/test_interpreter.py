"""A process that moves records looks for garbage seldom, and still finds it. Provenance: docs/benchmarks.md."""

import gc
import weakref

import pytest

from polyhost.engine.garbage import collect_garbage_seldom


@pytest.fixture(autouse=True)
def as_before():
    """The setting is the whole process's."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


class Knot:
    """Refers to itself: counting references never frees it."""

    def __init__(self):
        self.end = self


def test_what_was_there_before_is_not_looked_at_again():
    collect_garbage_seldom()
    assert gc.get_freeze_count() > 0


def test_garbage_that_refers_to_itself_is_still_freed():
    collect_garbage_seldom()
    knot = weakref.ref(Knot())
    kept = [[] for _ in range(200_000)]
    assert knot() is None
    assert len(kept) == 200_000
