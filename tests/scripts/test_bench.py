"""The benchmark measures what it says: every case brings all its records, and nothing here looks at how fast.

Provenance: docs/benchmarks.md. A case checks its own outcome and fails where records are missing.
"""

import json
import os
import subprocess
import sys

import pytest

from checkout import ROOT

SECONDS = 100


def bench(*arguments):
    """What `./scripts/bench …` prints, without its setting up."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'host'}:{ROOT / 'scripts'}"}
    command = [sys.executable, "-m", "benchmarks", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("case", ["store", "bridge", "naive"])
def test_every_way_out_of_the_page_brings_all_records(case):
    figures = json.loads(bench("case", "pipeline", case, "--records", "1200"))
    assert figures["records"] == 1200
    assert figures["records_per_second"] > 0
    assert figures["memory_peak_mib"] >= figures["memory_growth_mib"] >= 0


def test_settling_is_measured_over_partitions_that_vanish_and_come_back():
    figures = json.loads(bench("settle", "--records", "500", "--partitions", "50", "--json"))
    assert set(figures["rounds"][0]["settle"]) == {
        *(f"changed_{share}" for share in (0.0, 0.1, 0.2, 0.4, 0.8)),
        "run_unchanged",
    }
    assert figures["summary"]["seconds_at_most"] > 0


def test_commands_are_measured_over_a_store_that_they_can_read():
    printed = bench("cli", "--records", "200", "--partitions", "10", "--rounds", "1")
    for command in ("--help", "runs", "coverage", "records --limit 100"):
        assert f"polyhost {command}, s" in printed


def test_files_are_fetched_by_curl_and_by_us():
    amounts = ("--records", "3", "--tiny", "40", "--megabytes", "2", "--rounds", "1")
    figures = json.loads(bench("files", *amounts, "--json"))
    (found,) = figures["rounds"]
    assert len(found) == 12
    assert all(one["rate"] > 0 and one["files"] > 0 for one in found.values())


def test_a_case_that_fails_fails_the_bench():
    with pytest.raises(AssertionError, match="the case"):
        bench("settle", "--records", "5", "--partitions", "0")
