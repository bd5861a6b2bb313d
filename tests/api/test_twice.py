"""A JSON key that is given twice is found wherever it stands, and nothing else is."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.serving import Client
from polyhost.api.twice import given_twice

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_what_was_written_from_a_value_has_none(value: Any):
    assert given_twice(json.dumps(value).encode()) is None


@given(JSON, JSON, JSON, st.text())
def test_one_is_found_wherever_it_stands(before: Any, one: Any, other: Any, key: str):
    twice = f"{{{json.dumps(key)}: {json.dumps(one)}, {json.dumps(key)}: {json.dumps(other)}}}"
    assert given_twice(f'[{json.dumps(before)}, {{"a": {twice}}}]'.encode()) is not None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"mode": "full", "mode": "full"}', "mode"),
        ('{"resources": {"messages": ["C1"], "messages": ["C2"]}}', "resources.messages"),
        ('{"items": [1, {"id": 1}, {"id": 1, "i\\u0064": 2}]}', "items[2].id"),
        ('{"a": {"b": 1, "b": 2}, "a": 1}', "a"),
        ('{"\\u001b[2J": 1, "\\u001b[2J": 2}', "'\\x1b[2J'"),
        ('{"": 1, "": 2}', "''"),
    ],
)
def test_its_place_is_said(text: str, place: str):
    assert given_twice(text.encode()) == place


async def test_a_body_with_one_is_refused_and_names_it(own: Client):
    headers = {"Authorization": f"Bearer {own.token}", "Content-Type": "application/json"}
    body = b'{"resources": {"notes": ["1"], "notes": ["2"]}}'
    answer = await own("POST", "/v1/connections/work/runs", headers=headers, data=body)
    assert (answer.status, answer.value["code"]) == (400, "bad_request")
    assert answer.value["reason"] == "resources.notes is given more than once"
    deep = b"[" * 1020 + b"]" * 1020
    answer = await own("POST", "/v1/connections/work/runs", headers=headers, data=deep)
    assert answer.status == 400


@pytest.mark.parametrize("part", ["0", "[]"])
@pytest.mark.parametrize("end", ["", ', "b": 1, "b": 2'])
def test_a_long_key_above_many_values_costs_no_more_than_a_few_times_the_text(part: str, end: str):
    text = f'{{"{"a" * 100_000}": [{", ".join([part] * 20_000)}]{end}}}'.encode()
    tracemalloc.start()
    try:
        assert given_twice(text) == ("b" if end else None)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_of_a_long_place_the_beginning_is_said():
    text = f'{{"{"a" * 200}": {{"b": 1, "b": 2}}}}'
    assert given_twice(text.encode()) == "a" * 120
