"""A list of objects comes out of a file object by object, whatever the texts in it are made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.artifacts import json_items
from polyhost.artifacts.json_items import MAX_DEPTH, Unparsable, objects
from polyhost.artifacts.opening import open_artifact

TROUBLESOME = ["\\", '"', '\\"', '"[', "]", "{", "}}", "\\\\", 'a\\"[', "\n", "é", ""]
"""Texts whose JSON has quotes, brackets and backslashes where a careless reader loses count."""


def nested(levels: int) -> Any:
    """Something this many levels deep."""
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"in": value}
    return value


def read(folder: Path, content: bytes) -> list[Any]:
    path = folder / "list.json"
    path.write_bytes(content)
    with open_artifact(path) as artifact:
        return list(objects(artifact, artifact.entries[0]))


@pytest.fixture(params=["whole", "in pieces"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is parsed in one go, and one that is too large for that and is cut, in chunks that end anywhere."""
    if request.param == "in pieces":
        monkeypatch.setattr(json_items, "WHOLE_BYTES", 1)
        monkeypatch.setattr(json_items, "CHUNK_BYTES", 3)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("text", TROUBLESOME)
def test_no_text_hides_how_deep_something_is_nested(tmp_path: Path, text: str):
    """An item that nothing could write again must not come in, whatever stands before and behind it."""
    deep = {"before": text, "deep": nested(MAX_DEPTH + 1), "behind": text}
    found = read(tmp_path, orjson.dumps([{"ok": text}])[:-1] + b"," + json.dumps(deep).encode() + b"]")
    assert found == [{"ok": text}, Unparsable(0, 1, "nested_too_deep")]


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("text", TROUBLESOME)
def test_no_text_makes_something_seem_deeper_than_it_is(tmp_path: Path, text: str):
    items = [{"before": text * 300, "deep": nested(MAX_DEPTH - 2), "behind": text, text: 1}, {"last": text}]
    assert read(tmp_path, orjson.dumps(items)) == items


@pytest.mark.parametrize("text", TROUBLESOME)
def test_a_file_in_good_order_is_parsed_in_one_go_whatever_its_texts_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
):
    """Cutting it item by item takes several times as long."""

    def no_cutting(*_: Any) -> Iterator[Any]:
        raise AssertionError("it was cut")

    monkeypatch.setattr(json_items, "_items", no_cutting)
    items = [{"text": text * 300}, {"text": f"[[[{text}"}]
    assert read(tmp_path, orjson.dumps(items)) == items


VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.text('\\"[]{}a'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('\\"[]{}a'), inner, max_size=3),
)


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


@given(VALUES, st.integers(0, 6))
def test_depth_is_measured_as_it_is(value: Any, most: int):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_items, "MAX_DEPTH", most)
        assert json_items._is_deep(value) == (depth(value) > most)


@pytest.mark.usefixtures("either_way")
def test_brackets_in_texts_do_not_stand_for_those_around_them(tmp_path: Path):
    """Each level opens, and a text at once seems to close it."""
    deep: Any = 1
    for _ in range(MAX_DEPTH):
        deep = ["]", deep, "["]
    assert read(tmp_path, orjson.dumps([{"deep": deep}])) == [Unparsable(0, None, "nested_too_deep")]


@pytest.mark.parametrize("start", ['[{"a":"', '["', '[{"a":"\\'])
def test_a_text_without_an_end_is_looked_at_once(tmp_path: Path, start: str):
    """Not once from each of its quotes on: this would take hours (the suite's time-out bounds it)."""
    content = start.encode() + b'\\"' * 1_000_000 + b"[" * (MAX_DEPTH + 1)
    assert [type(found) for found in read(tmp_path, content)] == [Unparsable]
