"""Batch facts survive being stored, and a receipt says what they support and no more."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.coverage.facts import BatchFacts, Claim, Completeness, Counts, Gap, Method
from polyhost.coverage.receipt import receipt

FACTS = BatchFacts(
    batch_id="bat_1",
    connection="slack",
    source="slack",
    method=Method.BROWSER_POLYFILL,
    trigger="owner",
    started_at="2026-11-22T08:00:00.000Z",
    finished_at="2026-11-22T08:01:00.000Z",
    status="complete",
    streams={"messages": Counts(new=3, updated=1, unchanged=10, deleted=2, rejected=4), "users": Counts(new=2)},
    event_time=("2026-11-01T00:00:00Z", "2026-11-22T07:59:00Z"),
    gaps=(Gap(code="partition_missing", stream="messages", count=1, action="retire"),),
    completeness=Completeness(Claim.PARTIAL, ("gaps_reported",)),
)

_counts = st.builds(
    Counts,
    **dict.fromkeys(("new", "updated", "unchanged", "deleted", "rejected", "mended", "unnamed"), st.integers(0, 10**9)),
)
_facts = st.builds(
    BatchFacts,
    batch_id=st.text(),
    connection=st.text(),
    source=st.text(),
    method=st.sampled_from(Method),
    trigger=st.text(),
    started_at=st.text(),
    finished_at=st.none() | st.text(),
    status=st.text(),
    streams=st.dictionaries(st.text(), _counts, max_size=3),
    event_time=st.none() | st.tuples(st.text(), st.text()),
    gaps=st.lists(st.builds(Gap, code=st.text(), count=st.none() | st.integers(0)), max_size=3).map(tuple),
    completeness=st.builds(Completeness, st.sampled_from(Claim), st.lists(st.text(), max_size=3).map(tuple)),
    recorded=st.booleans(),
    blocked=st.dictionaries(st.text(), st.integers(1), max_size=3),
)


@given(_facts)
def test_facts_come_back_as_they_were_stored(facts: BatchFacts):
    assert BatchFacts.from_json(facts.as_json()) == facts


@given(_facts)
@pytest.mark.requirement("CH-2.2")
def test_a_receipt_is_the_same_from_stored_facts_as_from_fresh_ones(facts: BatchFacts):
    assert receipt(BatchFacts.from_json(facts.as_json())) == receipt(facts)


@pytest.mark.requirement("CH-2.3")
def test_a_receipt_names_source_method_time_range_counts_and_gaps():
    made = receipt(FACTS)
    assert (made["source"], made["method"], made["trigger"]) == ("slack", "browser_polyfill", "owner")
    assert made["event_time"] == {"first": "2026-11-01T00:00:00Z", "last": "2026-11-22T07:59:00Z"}
    assert made["counts"] == {
        "parsed": 20,
        "accepted": 5,
        "updated": 1,
        "duplicate": 10,
        "deleted": 2,
        "mended": 0,
        "unnamed": 0,
        "skipped": 4,
        "failed": 0,
    }
    assert [gap["code"] for gap in made["gaps"]] == ["partition_missing"]


@pytest.mark.requirement("CH-2.3")
def test_a_record_that_broke_its_schema_counts_as_failed_and_not_as_skipped_too():
    streams = {
        "messages": Counts(new=1, rejected=4, invalid=3, unparsable=2),
        "users": Counts(unchanged=1, rejected=1, invalid=1),
    }
    counts = receipt(replace(FACTS, streams=streams))["counts"]
    assert (counts["parsed"], counts["skipped"], counts["failed"]) == (7, 1, 6)
    assert counts["parsed"] == sum(counts[name] for name in ("accepted", "updated", "duplicate", "skipped")) + 4


@pytest.mark.requirement("CH-2.7")
def test_there_are_exactly_five_acquisition_methods():
    assert {str(method) for method in Method} == {
        "provider_api",
        "owner_artifact",
        "device_sync",
        "device_backup",
        "browser_polyfill",
    }


@pytest.mark.parametrize(
    ("facts", "summary"),
    [
        (FACTS, "5 new, 1 updated, 2 deleted; 4 refused as out of scope or invalid; 1 gap."),
        (replace(FACTS, streams={}, gaps=()), "Nothing new."),
        (
            replace(FACTS, streams={"messages": Counts(unchanged=7)}, gaps=()),
            "Nothing new: all 7 records read were known already.",
        ),
        (
            replace(FACTS, streams={"messages": Counts(new=1)}, gaps=(), completeness=Completeness(Claim.COMPLETE)),
            "1 new; everything asked for is covered.",
        ),
    ],
    ids=["mixed", "empty", "known already", "complete"],
)
def test_the_summary_is_one_sentence_about_what_happened(facts: BatchFacts, summary: str):
    assert receipt(facts)["summary"] == summary


@pytest.mark.requirement("CH-2.4")
def test_completeness_is_only_spoken_of_where_it_is_claimed():
    """A batch with gaps, or with an unproven claim, never says that everything is covered."""
    for claim in (Claim.PARTIAL, Claim.UNPROVEN):
        facts = replace(FACTS, gaps=(), completeness=Completeness(claim))
        assert "everything" not in receipt(facts)["summary"]
        assert receipt(facts)["completeness"]["claim"] == claim


@pytest.mark.requirement("HO-5")
def test_a_receipt_names_the_hosts_that_were_tried_and_blocked():
    tried = {"tracker.test": 3, "(webrtc)": 1}
    assert receipt(replace(FACTS, blocked=tried))["blocked"] == tried
    stored = FACTS.as_json()
    del stored["blocked"]  # facts of before there was this one
    assert receipt(BatchFacts.from_json(stored))["blocked"] == {}
