"""Which source a recording is replayed with, where the source is the software of many sites."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout import ROOT
from polyhost.browser.recordings.fixture import load_scenario
from polyhost.engine.sources.connectors import recorded_source
from polyhost.engine.sources.lookup import find_source

SCENARIO = ROOT / "fixtures" / "mediawiki" / "first"


@pytest.mark.requirement("RS-5", "HO-2")
def test_a_recording_is_replayed_at_the_site_it_was_made_at_also_right_after_it_was_made(tmp_path: Path) -> None:
    """A connection has put the source at its site already."""
    scenario = load_scenario(SCENARIO)
    source = find_source("mediawiki", tmp_path)
    there = recorded_source(source, scenario)
    assert (source.site, there.site) == (None, scenario.given["site"])
    assert recorded_source(there, scenario) is there
