"""Which attempts decide a connection's health, and how the reach of its partitions is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evidences import EARLIER, evidence, gap, imported, run, stream
from polyhost.coverage.evidence import Attempt, PartitionReach, evidence_is_decisive, open_gaps
from polyhost.coverage.facts import Claim, Completeness
from polyhost.coverage.file_totals import FilesTaken, FileTotals, file_totals
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


def _files(**counts: int) -> FileTotals:
    return {**file_totals([]), **counts}  # type: ignore[typeddict-item]


@pytest.mark.requirement("SL-2")
@pytest.mark.parametrize(
    ("files", "is_open"),
    [
        (None, True),
        (_files(), True),
        (_files(here=3, bytes=9), False),
        (_files(here=3, gone=1, hidden=1, external=1, over_limit=1), False),
        (_files(here=3, to_come=1), True),
        (_files(here=3, refused=1), True),
        (_files(gone=3), True),
    ],
)
@pytest.mark.parametrize("attempt", [run, imported])
def test_missing_media_is_a_gap_until_the_files_are_here_whichever_way_they_came(attempt, files, is_open: bool):
    missing = gap("media_missing", count=3)
    streams = (replace(stream(), files=files), stream("people"))
    found = open_gaps(evidence(attempt(gaps=(missing, gap("detail_gap"))), streams=streams))
    assert [one.gap.code for one in found] == (["media_missing"] if is_open else []) + ["detail_gap"]


@pytest.mark.requirement("SL-2")
def test_files_of_one_stream_close_no_gap_of_another():
    streams = (stream(), replace(stream("people"), files=_files(here=3)))
    found = open_gaps(evidence(run(gaps=(gap("media_missing"),)), streams=streams))
    assert [one.gap.code for one in found] == ["media_missing"]


@pytest.mark.requirement("SL-2")
@pytest.mark.parametrize(("asked", "is_open"), [(False, True), (True, False)])
def test_only_an_attempt_that_asked_for_files_closes_a_gap_of_one_that_did(asked: bool, is_open: bool):
    taken = FilesTaken(taken=0, bytes=0, known=_files(to_come=3))
    earlier = run(EARLIER, gaps=(gap("media_missing"),), files=taken)
    later = run(files=taken) if asked else run()
    assert bool(open_gaps(evidence(later, earlier))) is is_open
