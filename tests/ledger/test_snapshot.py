"""START.state under the partition extension (PROTOCOL: our extension)."""

import pytest

from polyhost.ledger.snapshot import start_state
from polyhost.ledger.state import PartitionStatus

from .builders import RULE, missing, state


def test_every_partition_shows_its_own_ranges_and_status():
    states = {
        "C1": state("C1", (None, "5.0"), ("7.0", "9.0"), label="#general", source_status="archived"),
        "C2": missing("C2", ("3.0", "4.0"), limited_before="3.0"),
    }
    assert start_state(states, RULE) == {
        "partitions": {
            "C1": {
                "high_water": "5.0",
                "covered": [[None, "5.0"], ["7.0", "9.0"]],
                "status": "present",
                "label": "#general",
                "source_status": "archived",
            },
            "C2": {"high_water": "4.0", "covered": [["3.0", "4.0"]], "status": "missing", "limited_before": "3.0"},
        }
    }


def test_a_scoped_run_sees_its_scope_only():
    states = {"C1": state("C1"), "C2": state("C2")}
    assert list(start_state(states, RULE, scope_keys={"C2"})["partitions"]) == ["C2"]


@pytest.mark.requirement("PR-2.3", "PR-2.4")
def test_a_legacy_high_water_is_passed_on_only_where_no_partition_has_state():
    assert start_state({}, RULE, legacy_high_water="7.0") == {"partitions": {}, "legacy_high_water": "7.0"}
    assert "legacy_high_water" not in start_state({"C1": state()}, RULE, legacy_high_water="7.0")


@pytest.mark.requirement("RS-4.4")
def test_what_a_partition_goes_on_as_is_told():
    became = state("C1", (None, "5.0"), status=PartitionStatus.BECAME, successor="C2")
    entry = start_state({"C1": became}, RULE)["partitions"]["C1"]
    assert (entry["status"], entry["successor"]) == ("became", "C2")


def test_the_token_of_what_arrives_is_told():
    states = {"C1": state("C1", arrivals="own")}
    told = start_state(states, RULE, arrivals="all")
    assert (told["arrivals"], told["partitions"]["C1"]["arrivals"]) == ("all", "own")
