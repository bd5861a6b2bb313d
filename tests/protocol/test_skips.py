"""What a connector says it left out: codes, numbers and places, and none of its words."""

from __future__ import annotations

from typing import Any

import pytest

from playbooks import done, gap, manifest, play, record, skip, stream

NOTES = {"streams": ["notes"]}


def told(*messages: dict[str, Any], request: Any = None) -> list[Any]:
    of = manifest(stream("notes"), stream("tags"))
    book = play(of, request)
    for message in messages:
        book >> message
    (book >> done(0)).finish()
    # Whatever was never mentioned is told of too.
    return [found for found in book.diagnostics if found.code != "inventory_unproven"]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ({"entry": 2, "item": 5, "line": 17}, "entry 2, item 5, line 17"),
        ({"line": 17, "rule": "no_date"}, "line 17, no_date"),
        ({"line": "Anna", "entry": True, "rule": "Anna is ill"}, None),
        ({"line": 1.5, "rule": 5}, None),
        ("Anna", None),
        (None, None),
    ],
)
def test_where_in_a_file_it_was_is_told_by_numbers_and_codes_alone(place: Any, expected: str | None):
    [found] = told(skip("notes", "unparsable", diagnostics=place))
    assert found.code == "invalid_record"
    assert "Anna" not in found.message
    assert found.message.endswith(f"(unparsable at {expected})" if expected else "(unparsable)")


def test_pieces_of_a_file_that_could_not_be_read_are_counted_by_stream():
    book = play() >> skip("notes", "unparsable", count=3) >> skip("notes", "unparsable") >> skip(None, "unparsable")
    assert dict(book.machine.unparsable) == {"notes": 4}


@pytest.mark.parametrize(("stream_name", "severity"), [("notes", "gap"), (None, "gap"), ("tags", "info")])
def test_what_was_left_out_of_what_nobody_asked_for_is_no_gap(stream_name: str | None, severity: str):
    found = told(skip(stream_name, "rate_limited"), request=NOTES)
    assert [(one.code, one.severity) for one in found] == [("rate_limited", severity)]


@pytest.mark.parametrize(("retryable", "hint"), [(True, "retry_by_runtime"), (False, "not_retriable"), (None, None)])
def test_a_detail_that_was_not_reached_says_whether_another_run_may_reach_it(retryable: bool | None, hint: str | None):
    book = play() >> record("notes", "n1") >> {**gap("notes", None), "retryable": retryable}
    (book >> done(1)).finish()
    assert [(one.code, one.recovery_hint) for one in book.diagnostics] == [("detail_gap", hint)]
