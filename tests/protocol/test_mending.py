"""A part in an odd shape costs that part, and what is needed costs what holds it (RS-1.2; ours)."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrary import anything, bent
from playbooks import MESSAGES, Flush, delete, done, manifest, play, record, stream, strict
from polyhost.protocol.commands import PersistRecords
from polyhost.protocol.mending import MAX_FIELDS, MAX_LOOKS, MAX_PARTS, MAX_VALUES, mend
from polyhost.protocol.validation import build_validators

pytestmark = pytest.mark.requirement("RS-1.2")

FILE = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "size": {"type": "integer"}, "name": {"type": ["string", "null"]}},
    "required": ["id", "name"],
    "additionalProperties": False,
}
NOTES = stream(
    "notes",
    properties={
        "files": {"type": "array", "items": FILE},
        "cover": FILE,
        "author": {"type": ["string", "null"]},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
)
NOTES["schema"] |= {"required": ["id", "author"], "additionalProperties": False}
F1 = {"id": "F1", "name": "a"}
WHOLE = {
    "id": "n1",
    "author": "ada",
    "text": "Tide tables",
    "files": [{"id": "F1", "size": 5, "name": None}, {"id": "F2", "name": "b"}],
    "cover": {"id": "F3", "name": "c"},
    "tags": ["a", "b"],
}


def kept(data: dict[str, Any], of: dict[str, Any] = NOTES) -> tuple[dict[str, Any] | None, list[str]]:
    """What is stored of a record, and what it is told to have lost."""
    declared = manifest(of)
    book = play(declared, validators=build_validators(declared))
    (book >> record("notes", "n1", data) >> done(1)).finish()
    stored = [one.data for batch in book.of(PersistRecords) for one in batch.records]
    told = [found.message for found in book.diagnostics if found.code == "field_mended"]
    assert book.machine.mended.get("notes", 0) == bool(told)
    return (stored[0] if stored else None), [message.rpartition("(")[2].rstrip(")") for message in told]


@pytest.mark.parametrize(
    ("odd", "expected", "told"),
    [
        ({"text": 5}, {"text": None}, ["type at /text"]),
        ({"files": [None, *WHOLE["files"]]}, {}, ["type at /files/*"]),
        ({"files": [None, None]}, {"files": []}, ["type at /files/*"]),
        ({"files": "none"}, {"files": None}, ["type at /files"]),
        ({"files": [F1 | {"size": 1.5}]}, {"files": [F1]}, ["type at /files/*/size"]),
        ({"files": [F1 | {"name": 5}]}, {"files": [F1 | {"name": None}]}, ["type at /files/*/name"]),
        ({"files": [{"id": 7, "name": "b"}, F1]}, {"files": [F1]}, ["type at /files/*"]),
        ({"files": [{"name": "a"}]}, {"files": []}, ["required at /files/*"]),
        ({"cover": {"id": 5, "name": "c"}}, {"cover": None}, ["type at /cover"]),
        ({"author": 5}, {"author": "(null)"}, ["type at /author"]),
        ({"tags": [5]}, {"tags": None}, ["type at /tags"]),
        ({"tags": ["a", 5]}, {"tags": ["a"]}, ["type at /tags/*"]),
        ({"mood": "fine"}, {}, ["additionalProperties at /*"]),
        ({"text": 5, "files": 5}, {"text": None, "files": None}, ["type at /files", "type at /text"]),
    ],
)  # fmt: skip
def test_the_smallest_part_that_can_go_goes(odd: dict[str, Any], expected: dict[str, Any], told: list[str]) -> None:
    """None: the field is not there any more."""
    whole = {name: value for name, value in {**WHOLE, **expected}.items() if value is not None}
    if whole["author"] == "(null)":
        whole["author"] = None
    assert kept({**WHOLE, **odd}) == (whole, told)


def test_a_whole_record_loses_nothing_and_is_the_same_object() -> None:
    assert kept(WHOLE) == (WHOLE, [])


@pytest.mark.parametrize(
    ("of", "data"),
    [
        (strict(NOTES, "text"), {**WHOLE, "text": 5}),
        (NOTES, {name: value for name, value in WHOLE.items() if name != "author"}),
        (stream("notes"), {"id": "n1", "at": "yesterday"}),
    ],
)
def test_what_is_needed_cannot_be_left_out(of: dict[str, Any], data: dict[str, Any]) -> None:
    """A required field, one that is missing, and the time by which a scope judges it."""
    assert kept(data, of) == (None, [])


@pytest.mark.parametrize("odd", [{"channel": 5}, {"ts": 5.5}, {"thread": 5}])
def test_what_says_where_a_record_belongs_is_never_left_out(odd: dict[str, Any]) -> None:
    """A reply without its thread would become a message of its own."""
    of = manifest(MESSAGES)
    book = play(of, validators=build_validators(of)) >> record("messages", "m", {"channel": "C1", "ts": "1.0", **odd})
    assert (book >> Flush()).stored == []


def test_a_list_of_odd_things_goes_as_a_whole_after_so_many() -> None:
    data, told = kept({**WHOLE, "files": [5] * (10 * MAX_PARTS)})
    assert (data or {}).get("files") is None
    assert told == ["type at /files", "type at /files/*"]


LARGE = MAX_VALUES + 1


@pytest.mark.parametrize(
    ("odd", "expected", "told"),
    [
        ({"files": [5] * LARGE}, {"files": None}, ["type at /files"]),
        ({"files": [F1] * LARGE, "text": None}, {"files": [F1] * LARGE, "text": None}, ["type at /text"]),
        ({"tags": ["a"] * LARGE, "author": 5}, {"tags": ["a"] * LARGE, "author": "(null)"}, ["type at /author"]),
        ({"tags": ["a"] * LARGE, "mood": "fine"}, {"tags": ["a"] * LARGE}, ["additionalProperties at /*"]),
        ({"tags": ["a"] * LARGE, "id": 5}, None, []),
        ({"tags": ["a"] * LARGE, "at": 5}, None, []),
    ],
)
def test_a_large_record_loses_the_whole_of_an_odd_field(odd: Any, expected: Any, told: list[str]) -> None:
    """Parts of it are not looked for: that would take a look at all of it for each."""
    whole = None if expected is None else {n: v for n, v in {**WHOLE, **expected}.items() if v is not None}
    if whole is not None and whole["author"] == "(null)":
        whole["author"] = None
    assert kept({**WHOLE, **odd}) == (whole, told)


class Counted:
    """The schema's own faults, and how often a record was looked at."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = jsonschema_rs.Draft202012Validator(schema)
        self.looks = 0

    def first(self, data: Any) -> Any:
        return next(self.every(data), None)

    def every(self, data: Any) -> Any:
        self.looks += 1
        return self.schema.iter_errors(data)


@pytest.mark.parametrize("size", [1, 10, 1_000, 20_000])
def test_however_much_of_a_record_is_odd_it_is_looked_at_only_so_often(size: int) -> None:
    for odd in ({"files": [{"id": 1}] * size}, {f"x{number}": [[[5]]] for number in range(size)}):
        faults = Counted({**NOTES["schema"], "patternProperties": {"^x": {"items": {"items": {"type": "array"}}}}})
        mend({**WHOLE, **odd}, faults, frozenset({"id"}))
        assert faults.looks <= MAX_LOOKS + MAX_FIELDS + 2


def test_what_a_connector_left_out_itself_is_counted_by_the_names_of_the_schema_alone() -> None:
    of = manifest(NOTES)
    book = play(of, validators=build_validators(of))
    book >> {**record("notes", "n1", WHOLE), "mended": ["files", "Anna", 5]} >> {**record("notes", "n1"), "mended": 5}
    (book >> done(2)).finish()
    assert dict(book.machine.mended) == {"notes": 1}
    told = [found.message for found in book.diagnostics if found.code == "field_mended"]
    assert sorted(message.rpartition("(")[2] for message in told) == ["shape at /*)", "shape at /files)"]


def test_a_narrowed_run_keeps_the_fields_it_was_asked_for_of_a_mended_record() -> None:
    of = manifest(NOTES)
    book = play(of, {"fields": {"notes": ["tags"]}}, validators=build_validators(of))
    book >> record("notes", "n1", {**WHOLE, "text": 5}) >> Flush()
    [batch] = book.of(PersistRecords)
    assert batch.records[0].data == {"id": "n1", "author": "ada", "tags": ["a", "b"]}


def test_a_deletion_is_not_mended() -> None:
    of = manifest(NOTES)
    book = play(of, validators=build_validators(of)) >> delete("notes", "n1", {"text": 5}) >> Flush()
    assert book.machine.mended == {}


@given(data=st.one_of(bent(WHOLE), st.dictionaries(st.text(max_size=4), anything, max_size=4)))
def test_whatever_is_kept_is_valid_and_what_was_valid_is_kept_as_it_was(data: dict[str, Any]) -> None:
    [validate] = build_validators(manifest(NOTES)).values()
    mended = validate.mend(data)
    if validate(data) is None:
        assert mended is not None
        assert (mended.data, mended.left_out) == (data, ())
    elif mended is not None:
        assert validate(mended.data) is None
        assert mended.left_out


def mended(data: dict[str, Any], **properties: Any) -> Any:
    schema = {"type": "object", "properties": properties, "additionalProperties": {"type": "string"}}
    return mend(data, Counted(schema), frozenset({"id"}))


@pytest.mark.parametrize(("odd", "kept_all"), [(MAX_FIELDS, True), (MAX_FIELDS + 1, False)])
def test_a_large_record_may_lose_so_many_fields_and_not_one_more(odd: int, kept_all: bool) -> None:
    large = {"id": "n1", "tags": ["a"] * LARGE, **{f"x{number}": 5 for number in range(odd)}}
    found = mended(large, tags={"type": "array"})
    assert (found is not None) is kept_all
    assert found is None or set(found.data) == {"id", "tags"}


def test_where_each_part_takes_many_looks_the_field_goes_as_a_whole() -> None:
    """Every part is needed by what holds it, up to an item of the list: that is found out level by level."""
    item: dict[str, Any] = {"type": "string"}
    odd: Any = 5
    for _ in range(10):
        item, odd = {"type": "object", "properties": {"in": item}, "required": ["in"]}, {"in": odd}
    found = mended({"id": "n1", "files": [odd] * (MAX_PARTS - 1)}, files={"type": "array", "items": item})
    assert found.data == {"id": "n1"}
    assert ["files"] in [path for _, path in found.left_out]
