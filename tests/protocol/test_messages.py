"""One message at a time, whatever it is: it is read, or says which rule it breaks."""

from __future__ import annotations

from typing import Any

import pytest

from playbooks import AT, delete, record, state
from polyhost.protocol.messages import ProtocolViolationError, RecordMessage, State, parse_message


def test_a_record_and_a_deletion_are_read_alike():
    assert parse_message(record("notes", "n1")) == RecordMessage("notes", "n1", {"id": "n1"}, AT, "upsert")
    assert parse_message(delete("notes", ["a", "b"])) == RecordMessage("notes", ["a", "b"], None, AT, "delete")


def test_every_other_message_is_read_by_its_type():
    read = parse_message(state("notes", {"page": 2}))
    assert isinstance(read, State)
    assert (read.stream, read.cursor) == ("notes", {"page": 2})


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        ([], "not_an_object"),
        ("RECORD", "not_an_object"),
        (None, "not_an_object"),
        ({}, "unknown_type"),
        ({"type": "RECROD"}, "unknown_type"),
        ({"type": ["RECORD"]}, "unknown_type"),
        ({"type": "RECORD"}, "stream_type"),
        ({"type": "STATE", "stream": 5, "cursor": 1}, "string_type"),
    ],
)
def test_what_is_no_message_breaks_a_rule_that_has_a_name(raw: Any, rule: str):
    with pytest.raises(ProtocolViolationError) as broken:
        parse_message(raw)
    assert broken.value.rule == rule
