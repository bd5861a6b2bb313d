"""What is read of a line that is JSON but for a value in it, and what is not (ours; requirement RS-1.1)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.connectors.base import Malformed
from polyhost.connectors.lines import MAX_DEPTH, decode_message
from polyhost.connectors.odd_lines import MAX_BRACKETS, read_odd_line
from polyhost.protocol.left_out import UNCARRIED
from polyhost.protocol.messages import OddMessage

pytestmark = pytest.mark.requirement("RS-1.1")


def read(line: bytes) -> OddMessage:
    found = decode_message(line, 1)
    assert isinstance(found, Malformed)
    assert found.odd is not None
    return found.odd


def record(value: bytes) -> bytes:
    return b'{"type":"RECORD","stream":"notes","key":"n1","data":{"id":"n1","text":' + value + b'},"emitted_at":"x"}'


@pytest.mark.parametrize(
    ("value", "taken", "why"),
    [
        (rb'"cut \ud83d"', "cut \ufffd", "half_surrogate"),
        (rb'"\ude00 cut"', "\ufffd cut", "half_surrogate"),
        (rb'"whole \ud83d\ude00, half \ud83d"', "whole \U0001f600, half \ufffd", "half_surrogate"),
        (b'"bytes \xff\xfe"', "bytes \ufffd", "half_surrogate"),
        (b'"half \xf0\x9f"', "half \ufffd", "half_surrogate"),
        (rb'[NaN, "cut \ud83d", Infinity]', [None, "cut \ufffd", None], None),
        (b"NaN", None, "not_a_number"),
        (b"-Infinity", None, "infinite"),
        (b"1e999", None, "infinite"),
        (b"9" * 400, None, "infinite"),
        (b"9" * 100_000, None, "infinite"),
        (b"[" * 130 + b"]" * 130, None, "too_deep"),
        (b"[" * 50_000 + b"]" * 50_000, None, "too_deep"),
        (b'{"a":' * 2_000 + b"1" + b"}" * 2_000, None, "too_deep"),
        (b'{"a":' * 2_000 + b'"}\\"{"' + b"}" * 2_000, None, "too_deep"),
        (rb'{"a\ud800": 1, "b": 2}', {"a\ufffd": 1, "b": 2}, None),
    ],
)
def test_a_value_that_json_does_not_have_is_read_as_in_a_page_and_its_place_is_told(value: bytes, taken: Any, why: Any):
    odd = read(record(value))
    assert odd.message["data"] == {"id": "n1", "text": taken}
    if why is not None:
        assert odd.places == {("data", "text"): why}
    assert set(odd.places.values()) <= UNCARRIED
    assert (odd.message["key"], odd.message["emitted_at"]) == ("n1", "x")


def test_two_names_that_become_one_are_told():
    odd = read(record(rb'"x", "a\ud800": 1, "a\ud801": 2'))
    assert odd.places == {("data", "a\ufffd"): "name_taken"}


def test_a_control_character_that_is_not_escaped_is_taken_as_it_stands():
    odd = read(record(b'"a\tb"'))
    assert (odd.message["data"]["text"], odd.places) == ("a\tb", {})


def test_large_integers_become_floats_as_everywhere():
    odd = read(record(b"[NaN, 18446744073709551615, 18446744073709551616, -9223372036854775809]"))
    assert odd.message["data"]["text"] == [None, 2**64 - 1, float(2**64), float(-(2**63) - 1)]


def test_what_lies_beside_a_value_that_is_too_deep_is_kept():
    deep = b"[" * 3_000 + b"]" * 3_000
    line = b'{"type":"RECORD","key":' + deep + b',"data":{"a":[[1]],"b":' + deep + b',"c":"]"},"stream":"notes"}'
    odd = read(line)
    assert odd.message == {
        "type": "RECORD",
        "key": [None],
        "data": {"a": [[1]], "b": None, "c": "]"},
        "stream": "notes",
    }
    assert odd.places == {("key", 0): "too_deep", ("data", "b"): "too_deep"}


@pytest.mark.parametrize(
    "line",
    [
        record(b"1,}"),
        record(b"nan"),
        record(b'"torn'),
        record(b"NaN")[:-1],
        record(b"NaN") + record(b"NaN"),
        record(b"NaN") + b"]",
        b"Warning: " + record(b"NaN"),
        record(b"[" * 200 + b"]" * 199),
        record(b"[" * (MAX_BRACKETS + 1)),
        b"[NaN]",
        b"NaN",
    ],
    ids=lambda line: hashlib.sha256(line).hexdigest()[:8],
)
def test_a_line_whose_structure_is_not_whole_is_not_read(line: bytes):
    """Nobody could say what else it held: two records in one line would be one lost in silence."""
    found = decode_message(line, 1)
    assert isinstance(found, Malformed)
    assert found.odd is None


@pytest.mark.timeout(30)
@pytest.mark.parametrize("end", [b"", b"\\", b"\\\\\\"])
@pytest.mark.parametrize("text", [b'\\"', b'"', b"\\\\"])
def test_a_string_without_an_end_costs_no_more_than_its_length(text: bytes, end: bytes):
    """It is 16 MiB long at most: what takes the square of that keeps everything else waiting for hours."""
    assert read_odd_line(b"[" * (MAX_DEPTH + 1) + b'"' + text * 500_000 + end, MAX_DEPTH) is None


@pytest.mark.parametrize("text", [rb"\"", rb"\\", rb"\\\"", rb"\\\\", rb"\"]", rb"\u005c"])
def test_beside_a_value_that_is_too_deep_strings_end_where_they_end(text: bytes):
    deep = b"[" * 200 + b'"' + text + b'"' + b"]" * 200
    odd = read(record(b'"' + text + b'","more":' + deep + b',"last":"' + text + b'"'))
    said = json.loads(b'"' + text + b'"')
    assert odd.message["data"] == {"id": "n1", "text": said, "more": None, "last": said}


@pytest.mark.parametrize(
    "kind", ["STATE", "DONE", "PARTITION_COVERAGE", "DETAIL_COVERAGE", "EXCEPTION", "X", None, ["RECORD"]]
)
def test_a_message_that_moves_something_is_not_read_with_an_odd_value_in_it(kind: object):
    line = json.dumps({"type": kind, "stream": "notes", "cursor": float("nan")}).encode()
    found = decode_message(line, 1)
    assert isinstance(found, Malformed)
    assert found.odd is None


def test_a_partition_is_not_named_by_a_text_that_was_changed():
    entries = rb'[{"key":"C\ud800","label":"x"},{"key":"C2","label":"cut \ud800"}]'
    odd = read(b'{"type":"PARTITION_INVENTORY","stream":"messages","complete":true,"partitions":' + entries + b"}")
    assert odd.message["partitions"] == [{"key": None, "label": "x"}, {"key": "C2", "label": "cut \ufffd"}]


def test_nothing_of_it_is_shown():
    assert "hunter2" not in repr(decode_message(record(b'"hunter2 \\ud800"'), 1))


@given(st.binary(max_size=80) | st.text(max_size=40).map(lambda text: record(text.encode("utf-8", "replace"))))
def test_any_bytes_are_read_or_not_and_raise_nothing(line: bytes):
    odd = read_odd_line(line, MAX_DEPTH)
    assert odd is None or odd.message["type"] in {"RECORD", "PARTITION_INVENTORY", "PROGRESS"}


@pytest.mark.requirement("RS-4.4")
@pytest.mark.parametrize("odd", [b'"became":"\\ud83d"', b'"deleted":NaN', b'"became":NaN'])
def test_an_entry_that_may_be_over_is_not_called_there_by_what_is_left_of_it(odd: bytes):
    line = b'{"type":"PARTITION_INVENTORY","stream":"m","complete":true,"partitions":[{"key":"C1",' + odd + b"}]}"
    assert read(line).message["partitions"][0]["key"] is None
