"""Runs over a real MediaWiki, recorded by servers/mediawiki/recorded.py and replayed offline in a real browser."""

from __future__ import annotations

from collections import Counter

import pytest

from checkout import ROOT

pytest_plugins = ["polyhost.testing.plugin"]
pytestmark = pytest.mark.requirement("RS-6", "HO-2")

POLYFILL = ROOT / "polyfills" / "mediawiki"
FIXTURES = ROOT / "fixtures" / "mediawiki"


@pytest.mark.parametrize("scenario", ["first", "second"])
def test_a_recorded_wiki_replays_to_exactly_the_records_it_was_made_with(replay_polyfill, scenario):
    replayed = replay_polyfill(POLYFILL, FIXTURES / scenario)
    assert replayed.result["status"] == "complete", replayed.result.get("error")
    assert replayed.records == replayed.expected


def test_a_later_run_takes_what_changed_and_calls_deleted_what_is_gone(replay_polyfill):
    replay_polyfill(POLYFILL, FIXTURES / "first")
    second = replay_polyfill(POLYFILL, FIXTURES / "second")
    counts = {name: Counter(found) for name, found in second.result["streams"].items()}
    assert counts["contributions"]["deleted"] > 0, "a page with edits of the owner's was deleted"
    assert counts["revisions"]["new"] > 0, "others wrote to the owner, one of them long ago"
    assert counts["revisions"]["updated"] > 0, "a text was hidden"
    assert counts["watchlist"]["deleted"] > 0, "a page is watched no more"
    assert counts["uploads"]["updated"] > 0, "a file has another version"
    assert [one["code"] for one in second.result["diagnostics"] if one["severity"] == "gap"] == []
