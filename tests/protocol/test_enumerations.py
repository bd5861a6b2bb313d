"""Whether a stream without partitions was read from end to end, so that what was not met is gone (RS-4.5; ours)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from playbooks import MESSAGES, certified, done, looked, manifest, play, record, skip, stream, strict
from polyhost.protocol.commands import TerminateConnector
from polyhost.protocol.validation import build_validators

pytestmark = pytest.mark.requirement("RS-4.5")

PEOPLE = strict(stream("people", coverage_strategy="full_inventory"), "text")
ALL = manifest(PEOPLE, stream("notes", required=False), MESSAGES)
ENUMERATED = {"type": "STREAM_ENUMERATED", "stream": "people"}
ADA = record("people", "ada", {"text": "t"})


def whole(*messages: dict[str, Any], request: object = None, last: dict[str, Any] | None = None) -> Any:
    book = play(ALL, request, validators=build_validators(ALL))
    for one in messages:
        book >> one
    count = sum(one["type"] == "RECORD" for one in messages)
    return (book >> (done(count) if last is None else {**last, "records_emitted": count})).finish().outcome.enumerated


def test_a_stream_that_was_stated_to_be_read_whole_is_told_of_once_the_run_has_ended_well():
    assert whole(ADA, ENUMERATED) == {"people": frozenset()}
    assert whole(ADA) == {}


def test_a_record_that_was_refused_by_name_is_spared():
    wrong = record("people", "bob", {"text": 5})
    assert whole(ADA, wrong, ENUMERATED) == {"people": frozenset({"bob"})}


@pytest.mark.parametrize(
    "left_out",
    [
        skip("people", "limit_reached"),
        skip("people"),
        skip(None, "rate_limited"),
        {"type": "DETAIL_GAP", "stream": "people", "record_key": "bob"},
        {"type": "RECORD", "stream": "people", "key": "", "data": {"text": 5}, "emitted_at": ADA["emitted_at"]},
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_whatever_the_run_left_out_keeps_all_of_the_stream(left_out: dict[str, Any], after: bool):
    order: Sequence[dict[str, Any]] = [ADA, ENUMERATED, left_out] if after else [left_out, ADA, ENUMERATED]
    assert whole(*order) == {}


def test_what_another_stream_left_out_does_not():
    assert whole(ADA, ENUMERATED, skip("notes", "limit_reached")) == {"people": frozenset()}


@pytest.mark.parametrize("asked", [{"resources": {"people": ["ada"]}}, {"fields": {"people": ["text"]}}])
def test_a_run_that_was_narrowed_says_nothing_of_the_rest(asked: dict[str, Any]):
    assert whole(ADA, ENUMERATED, request=asked) == {}


@pytest.mark.parametrize("last", [done(status="failed", code="broken"), certified()])
def test_a_run_that_failed_says_nothing(last: dict[str, Any]):
    assert whole(ADA, ENUMERATED, skip("notes"), last=last) == {}


@pytest.mark.parametrize(
    ("of", "asked"),
    [("notes", None), ("messages", None), ("nobody", None), ("people", {"streams": ["notes"]}), (5, None)],
)
def test_what_is_no_full_inventory_cannot_be_called_read_whole(of: object, asked: object):
    assert play(ALL, asked) >> {"type": "STREAM_ENUMERATED", "stream": of} << [TerminateConnector]


def test_of_immutable_events_none_is_ever_gone():
    events = manifest(stream("events", coverage_strategy="full_inventory", semantics="append_only"))
    assert play(events) >> {"type": "STREAM_ENUMERATED", "stream": "events"} << [TerminateConnector]


def test_to_say_so_is_to_speak_of_the_stream():
    book = play(ALL) >> ENUMERATED >> looked("notes") >> done()
    assert ("inventory_unproven", "people", 1) not in book.finish().codes
