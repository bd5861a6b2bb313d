"""Claims that a refused record spoils where no exceptions are kept, as in a file, or too many would be (ours; trap 12:
what was not stored was not covered)."""

import pytest

from playbooks import MESSAGES, coverage, done, manifest, play, record, strict
from polyhost.protocol import refusals
from polyhost.protocol.commands import CommitCoverage
from polyhost.protocol.validation import build_validators

CHATS = manifest(strict(MESSAGES, "text"))


def refused(ts: object, channel: object = "C1") -> dict:
    """Its text is not a text."""
    return record("messages", "m", {"id": "m", "channel": channel, "ts": ts, "text": 5})


def claims(*messages: dict, request: object = None, keeps: bool = False) -> list[tuple[str | None, str]]:
    book = play(CHATS, request, validators=build_validators(CHATS), keeps_exceptions=keeps)
    for message in messages:
        book >> message
    return [(claim.since, claim.until) for claim in book.of(CommitCoverage)]


@pytest.mark.parametrize(
    ("ts", "spoilt"), [("1.9", False), ("2.0", True), ("3.5", True), ("4.0", True), ("4.1", False)]
)
def test_a_claim_is_spoilt_by_what_lies_in_it_ends_included(ts: str, spoilt: bool):
    assert claims(refused(ts), coverage("messages", "C1", "2.0", "4.0")) == ([] if spoilt else [("2.0", "4.0")])


def test_a_claim_from_the_beginning_holds_everything_below_its_end():
    assert claims(refused("0.1"), coverage("messages", "C1", None, "4.0")) == []


def test_a_record_refused_after_a_claim_does_not_spoil_it_and_spoils_every_later_one_that_holds_it():
    claim = coverage("messages", "C1", "2.0", "4.0")
    assert claims(claim, refused("3.0"), claim, claim) == [("2.0", "4.0")]


def test_a_member_of_a_group_lies_where_its_head_does():
    member = record("messages", "m", {"id": "m", "channel": "C1", "ts": "9.0", "thread": "3.0", "text": 5})
    assert claims(member, coverage("messages", "C1", "2.0", "4.0"), coverage("messages", "C1", "5.0", "9.0")) == [
        ("5.0", "9.0")
    ]


def test_a_record_that_could_lie_anywhere_spoils_the_next_claim_of_each_partition_it_could_be_in():
    first, second = coverage("messages", "C1", "2.0", "4.0"), coverage("messages", "C2", "2.0", "4.0")
    assert claims(refused("3.0", None), first, second, first, second) == [("2.0", "4.0"), ("2.0", "4.0")]
    assert claims(refused(None), second, first, first) == [("2.0", "4.0"), ("2.0", "4.0")]


def test_a_record_nobody_asked_for_spoils_nothing():
    claim = coverage("messages", "C1", "2.0", "4.0")
    other = record("messages", "m", {"channel": "C2", "ts": "3.0"})
    assert claims(other, claim, request={"resources": {"messages": ["C1"]}}) == [("2.0", "4.0")]


@pytest.mark.parametrize("keeps", [False, True])
def test_too_many_refused_records_leave_a_stream_without_any_further_claim(
    monkeypatch: pytest.MonkeyPatch, keeps: bool
):
    monkeypatch.setattr(refusals, "MAX_REFUSED", 1)
    claim = coverage("messages", "C1", "2.0", "4.0")
    assert claims(refused("9.0"), claim, refused("9.0"), claim, claim, keeps=keeps) == [("2.0", "4.0")]


def test_a_spoilt_claim_is_told_with_its_partition_and_without_what_was_refused():
    book = play(CHATS, validators=build_validators(CHATS), keeps_exceptions=False)
    (book >> refused("3.0") >> coverage("messages", "C1", None, "4.0") >> done(1)).finish()
    told = [found for found in book.diagnostics if str(found.code) == "range_unproven"]
    assert [(found.stream, found.partitions, str(found.severity)) for found in told] == [("messages", ("C1",), "gap")]


def test_a_claim_names_what_came_by_and_was_refused_wherever_it_belongs():
    book = play(CHATS, validators=build_validators(CHATS))
    book >> refused("9.0", "C2") >> coverage("messages", "C1", "2.0", "4.0")
    [claim] = book.of(CommitCoverage)
    assert claim.spared == {"m"}
