"""Lines and messages: every rule of framing, and that nothing of a bad line is kept (profile: messages)."""

import hashlib
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.connectors.base import Malformed
from polyhost.connectors.lines import MAX_DEPTH, MAX_LINE_BYTES, LineDecoder, decode_message


def decoded(*chunks: bytes, limit: int = MAX_LINE_BYTES) -> list:
    decoder = LineDecoder(limit=limit)
    taken = [message for chunk in chunks for message, _ in decoder.feed(chunk)]
    return taken + [message for message, _ in decoder.end()]


def rules(*chunks: bytes, limit: int = MAX_LINE_BYTES) -> list[str]:
    return [message.rule for message in decoded(*chunks, limit=limit) if isinstance(message, Malformed)]


def test_messages_come_in_order_without_their_line_ends():
    assert decoded(b'{"a":1}\r\n{"a":2}\n') == [{"a": 1}, {"a": 2}]


def test_blank_lines_are_ignored_but_counted():
    bad = decoded(b"\n \t\r\n\nx\n")[0]
    assert isinstance(bad, Malformed)
    assert bad.line == 4


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\u0085"])
def test_only_lf_ends_a_line(separator):
    """Line separators of Unicode may stand bare in a JSON string."""
    text = f"a{separator}b"
    assert decoded(json.dumps({"t": text}, ensure_ascii=False).encode() + b"\n") == [{"t": text}]


@pytest.mark.parametrize("control", [b"\x0b", b"\x0c", b"\r"])
def test_vertical_tab_form_feed_and_a_lone_cr_do_not_end_a_line(control):
    """They are not allowed bare in JSON either: one bad line, not two."""
    assert len(decoded(b'{"a":1}' + control + b'{"a":2}\n')) == 1


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (b'{"a":"\xff"}', "invalid_utf8"),
        (b'{"a":"\xed\xa0\x80"}', "invalid_utf8"),
        (b'{"a":NaN}', "invalid_json"),
        (b'{"a":-Infinity}', "invalid_json"),
        (b'{"a":1e999}', "invalid_json"),
        (b'{"a":"\\ud800"}', "invalid_json"),
        (b"{'a':1}", "invalid_json"),
        (b'{"a":1}{"a":2}', "invalid_json"),
        (b"{}\xef\xbb\xbf", "invalid_json"),
        (b"null", "not_an_object"),
        (b"[]", "not_an_object"),
        (b'"x"', "not_an_object"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "too_deep"),
        (b'{"a":' + b"[" * 300 + b"]" * 300 + b"}", "too_deep"),
    ],
)
def test_a_line_that_is_not_one_json_object_is_malformed(line, rule):
    assert decoded(line + b"\n") == [Malformed(1, len(line), hashlib.sha256(line).hexdigest()[:16], rule)]


@pytest.mark.requirement("RS-1.1")
@pytest.mark.parametrize("line", [b'{"a":1}\n', b'{"a":1}', b'{"a":1}\r\n'])
def test_a_byte_order_mark_before_a_line_is_dropped(line):
    """RFC 8259 (8.1) lets a reader pass over it."""
    assert decoded(b"\xef\xbb\xbf" + line) == [{"a": 1}]
    assert decoded(b"\xef\xbb\xbf\r\n" + line) == [{"a": 1}]


def test_many_brackets_side_by_side_are_not_deep():
    message = {"rows": [[1]] * 1000, "text": "[" * 1000}
    assert decoded(orjson.dumps(message) + b"\n") == [message]


def test_the_deepest_message_allowed_can_be_written_again():
    line = b'{"a":' * (MAX_DEPTH - 1) + b"{}" + b"}" * (MAX_DEPTH - 1)
    message = decode_message(line, 1)
    assert orjson.dumps(message) == line


def test_of_two_values_under_one_name_the_last_holds():
    """As in every JavaScript engine; the text is read only once, so nobody can hold the other one."""
    assert decoded(b'{"stream":"a","stream":"b"}\n') == [{"stream": "b"}]


@pytest.mark.requirement("PR-4.5")
def test_nothing_of_a_bad_line_is_kept_trap_6():
    """Trap: a bad line's text landed in a durable event."""
    bad = decoded(b'{"password":"correct horse"\n')[0]
    assert "correct" not in repr(bad)
    assert "password" not in repr(bad)


def test_a_line_over_the_limit_is_told_at_once_and_its_rest_is_skipped():
    decoder = LineDecoder(limit=100)
    taken = [message for _ in range(50) for message, _ in decoder.feed(b"x" * 30)]
    assert [message.rule for message in taken] == ["line_too_long"]
    assert [message for message, _ in decoder.feed(b'x\n{"a":1}\n')] == [{"a": 1}]


def test_a_line_over_the_limit_is_not_held():
    """Bounded memory, however long the line: what is held stays under the limit plus one chunk."""
    decoder = LineDecoder(limit=1000)
    for _ in range(1000):
        list(decoder.feed(b"x" * 100))
        assert len(decoder._partial) <= 1100


def test_a_line_of_exactly_the_limit_is_a_message():
    line = b'{"a":"' + b"x" * 92 + b'"}'
    assert len(line) == 100
    assert rules(line + b"\n", limit=100) == []
    assert rules(line + b" \n", limit=100) == ["line_too_long"]


def test_half_a_line_at_the_end_is_malformed():
    assert rules(b'{"type":"RECORD","stream":"mess') == ["unterminated_line"]


def test_half_a_line_at_the_end_that_stops_inside_a_character_is_malformed():
    assert rules(b'{"a":"\xc3') == ["unterminated_line"]


def test_a_whole_object_at_the_end_needs_no_line_end():
    assert decoded(b'{"type":"DONE"}') == [{"type": "DONE"}]


def test_size_counts_the_bytes_on_the_wire():
    decoder = LineDecoder()
    assert [size for _, size in decoder.feed(b'{"a":1}\r\n{}\n')] == [9, 3]


@given(
    st.lists(st.dictionaries(st.text(), st.one_of(st.none(), st.integers(-(2**63), 2**63), st.text())), max_size=8),
    st.lists(st.integers(1, 40), min_size=1),
)
def test_chunks_may_fall_anywhere(messages, cuts):
    """Property: however the bytes are cut up, the same messages come out."""
    data = b"".join(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n" for message in messages)
    chunks, position = [], 0
    while position < len(data):
        step = cuts[len(chunks) % len(cuts)]
        chunks.append(data[position : position + step])
        position += step
    expected = [json.loads(line) for line in data.decode().split("\n")[:-1]]
    assert decoded(*chunks) == expected


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_any_bytes_give_objects_or_malformed_and_nothing_else(chunks):
    assert all(isinstance(message, dict | Malformed) for message in decoded(*chunks, limit=50))
