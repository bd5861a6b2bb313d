"""Canonical keys (profile: RECORD)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.protocol.keys import KeyRuleError, canonical_key, key_of

PARTS = st.lists(st.text(min_size=1, max_size=40), min_size=2, max_size=4)


@given(parts=PARTS)
def test_a_compound_key_is_written_as_json_writes_it_and_reads_as_itself(parts):
    canonical = canonical_key(parts, len(parts))
    assert canonical == json.dumps(parts, separators=(",", ":"), ensure_ascii=False)
    assert canonical_key(canonical, len(parts)) == canonical
    assert key_of(dict(enumerate(parts)), range(len(parts))) == canonical  # type: ignore[arg-type]


@given(one=PARTS, other=PARTS)
def test_different_keys_never_become_one(one, other):
    if len(one) == len(other):
        assert (canonical_key(one, len(one)) == canonical_key(other, len(one))) == (one == other)


@given(text=st.text(min_size=1, max_size=100))
def test_a_single_key_is_the_plain_string(text):
    assert canonical_key(text, 1) == canonical_key([text], 1) == text


@pytest.mark.parametrize(
    ("key", "parts", "rule"),
    [
        ("", 1, "key_length"),
        ("x" * 1025, 1, "key_length"),
        (["x" * 1000, "y" * 100], 2, "key_length"),
        ([], 1, "key_parts"),
        (["a"], 2, "key_parts"),
        (["a", ""], 2, "key_type"),
        (["a", 1], 2, "key_type"),
        (1, 1, "key_type"),
        (None, 1, "key_type"),
        ({"a": 1}, 1, "key_type"),
        ("a", 2, "key_parts"),
        ('["a", "b"]', 2, "key_parts"),
        ('["a","b","c"]', 2, "key_parts"),
        ("[" * 1000, 2, "key_parts"),
    ],
)
def test_a_key_that_has_no_canonical_form_is_refused_by_rule(key, parts, rule):
    with pytest.raises(KeyRuleError) as caught:
        canonical_key(key, parts)
    assert caught.value.rule == rule


@pytest.mark.parametrize("data", [{}, {"id": None}, {"id": True}, {"id": 1.5}, {"id": ["a"]}])
def test_data_without_a_usable_key_field_has_no_key(data):
    assert key_of(data, ["id"]) is None


def test_an_integer_in_the_data_equals_its_digits_in_the_key():
    assert key_of({"id": 17}, ["id"]) == "17"
