"""What a receipt says of files, of what was interrupted and of what stands out, in one sentence and one advice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evidences import run
from polyhost.coverage.facts import ArtifactFacts, BatchFacts, Claim, Completeness, Counts, Gap, Method
from polyhost.coverage.file_totals import FilesTaken, file_totals
from polyhost.coverage.receipt import receipt

BATCH = replace(run().facts or pytest.fail("it has facts"), gaps=(), completeness=Completeness(Claim.PARTIAL))
FILE = ArtifactFacts(digest="d", format="f")


def imported(artifact: ArtifactFacts = FILE, **counts: int) -> BatchFacts:
    return replace(
        BATCH, method=Method.OWNER_ARTIFACT, artifact=artifact, streams={"messages": Counts(**counts)}, event_time=None
    )


def reaching(*, to: str = "2026-03-01T12:00:00Z", before: str | None = None, through: str | None = None) -> BatchFacts:
    facts = imported(replace(FILE, covered_before=before, covered_through=through), new=1)
    return replace(facts, event_time=("2026-01-01T00:00:00Z", to))


@pytest.mark.requirement("CH-2.3")
@pytest.mark.parametrize(
    ("facts", "summary"),
    [
        (imported(new=2, deleted=1), "2 new, 1 known to be deleted at the source."),
        (imported(new=2, unchanged=5), "2 new, 5 known already."),
        (
            imported(replace(FILE, same_as="bat_0", truncated=True), unchanged=1_200),
            "Nothing new: this very file was imported before, all 1,200 records in it are known.",
        ),
        (
            imported(replace(FILE, truncated=True), new=1),
            "1 new; the file ends early or is damaged, and what could be read of it is kept.",
        ),
        (
            reaching(before="2026-10-01T00:00:00.000Z", through="2026-10-01T00:00:00.000Z"),
            "1 new; it reaches to 2026-03-01, and 2026-10-01 was covered before.",
        ),
        (reaching(through="2026-03-01T12:00:00.000Z"), "1 new; covered through 2026-03-01."),
        (
            reaching(before="2026-02-01T00:00:00.000Z", through="2026-03-01T12:00:00.000Z"),
            "1 new; covered through 2026-03-01, before 2026-02-01.",
        ),
        (
            reaching(to="2026-03-01T12:00:00.000900Z", before="2026-03-01T12:00:00.000Z"),
            "1 new.",
        ),
        (
            replace(BATCH, streams={"m": Counts(new=1, unparsable=3, mended=2)}),
            "1 new; 3 could not be read; 2 kept without a part in an unexpected shape.",
        ),
        (replace(BATCH, files=FilesTaken(taken=1, bytes=9, known=file_totals([]))), "3 new; 1 file taken."),
        (
            replace(BATCH, files=FilesTaken(taken=2, bytes=9, known=file_totals([]), preview=True)),
            "3 new; 2 files would be taken.",
        ),
        (replace(BATCH, files=FilesTaken(taken=1_200, bytes=9, known=file_totals([]))), "3 new; 1,200 files taken."),
        (
            replace(BATCH, gaps=(Gap(code="record_exception", count=1),)),
            "3 new; 1 stands out as an exception; 1 gap.",
        ),
        (
            replace(BATCH, gaps=(Gap(code="record_exception", count=2), Gap(code="group_exception", count=1_000))),
            "3 new; 1,002 stand out as exceptions; 2 gaps.",
        ),
    ],
)
def test_one_sentence_says_what_came_of_it_and_how_far_it_reaches(facts: BatchFacts, summary: str):
    assert receipt(facts)["summary"] == summary


@pytest.mark.parametrize(
    ("facts", "mend", "advice"),
    [
        (BATCH, "the next run goes on from there", None),
        (imported(new=1), "import the file again", "import_again"),
    ],
)
def test_what_was_interrupted_claims_nothing_and_says_how_to_go_on(facts: BatchFacts, mend: str, advice: str | None):
    opened = replace(facts, status="running", finished_at=None, completeness=Completeness(Claim.COMPLETE))
    assert not opened.are_final
    ended = opened.interrupted("2026-11-22T09:00:00.000Z")
    assert (ended.are_final, ended.was_interrupted, facts.was_interrupted) == (True, True, False)
    made = receipt(ended)
    assert (made["status"], made["finished_at"]) == ("failed", "2026-11-22T09:00:00.000Z")
    assert made["completeness"] == {"claim": "unproven", "evidence": ["interrupted"]}
    assert mend in made["summary"]
    assert (made["advice"] or {}).get("code") == advice


@pytest.mark.requirement("CH-2.4")
@pytest.mark.parametrize(
    ("told", "action"),
    [
        ("Ask the site for a new export.", "Ask the site for a new export."),
        (None, "Export again at the source, and import that file too."),
    ],
)
def test_only_a_newer_file_takes_a_file_further_and_its_owner_is_told_how(told: str | None, action: str):
    file = replace(FILE, covered_through="2026-03-01T00:00:00.000Z", next_artifact=told)
    expected = {"code": "add_newer_artifact", "covered_through": "2026-03-01T00:00:00.000Z", "action": action}
    assert receipt(imported(file))["advice"] == expected
    assert receipt(BATCH)["advice"] is None
