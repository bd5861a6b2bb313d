"""The Matrix polyfill on recordings of a real homeserver: a first run, and one after a few changes."""

import pytest

from checkout import ROOT

pytest_plugins = ["polyhost.testing.plugin"]
pytestmark = pytest.mark.requirement("RS-6", "HO-2")

MATRIX = ROOT / "polyfills" / "matrix"
FIXTURES = ROOT / "fixtures" / "matrix"


def test_the_first_run_gives_the_records_it_was_recorded_with(replay_polyfill):
    replayed = replay_polyfill(MATRIX, FIXTURES / "small")
    assert replayed.result["status"] == "complete", replayed.result
    assert replayed.records == replayed.expected
    hidden = [one for one in replayed.result["diagnostics"] if one["code"] == "source_limited"]
    assert len(hidden) == 1, "what was said before she came is hidden, and said to be"


def test_the_second_takes_what_is_new_and_what_old_events_have_become(replay_polyfill):
    replayed = replay_polyfill(MATRIX, FIXTURES / "second")
    assert replayed.result["status"] == "complete", replayed.result
    assert replayed.records == replayed.expected
    figures = replayed.result["streams"]["messages"]
    assert (figures["updated"], figures["deleted"]) == (2, 0), "one was edited, one was redacted"
    assert replayed.result["streams"]["rooms"]["new"] == 1
