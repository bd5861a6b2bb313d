"""Which attempts decide a connection's health, and how the reach of its partitions is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evidences import evidence, run, stream
from polyhost.coverage.evidence import Attempt, PartitionReach, evidence_is_decisive
from polyhost.coverage.facts import Claim, Completeness
from polyhost.coverage.health import project

NARROWED = run(completeness=Completeness(Claim.PARTIAL, ("scope_narrowed",)))


@pytest.mark.parametrize(
    ("attempts", "decisive"),
    [
        ([run()], True),
        ([run(status="failed"), run()], True),
        ([run(status="failed")], False),
        ([NARROWED], False),
        ([run(streams={})], False),
        ([run(recorded=True)], False),
    ],
)
def test_older_attempts_change_nothing_once_one_got_in_and_looked_at_everything(
    attempts: list[Attempt], decisive: bool
):
    assert evidence_is_decisive(evidence(*attempts)) is decisive


def test_the_partitions_to_look_at_first_are_told_with_how_far_they_reach():
    reach = PartitionReach("C1", "partial", "2026-11-01T00:00:00.000Z")
    told = project(evidence(run(), streams=(replace(stream(), reach=(reach,)),)), "2026-11-22T08:00:00.000Z").as_json()
    expected = {"key": "C1", "extent": "partial", "covered_through": "2026-11-01T00:00:00.000Z"}
    assert [one["reach"] for one in told["streams"].values()] == [[expected]]
