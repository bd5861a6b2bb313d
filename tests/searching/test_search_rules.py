"""Which fields are searched: declared ones, or the text a schema declares; and how records are read by them."""

from typing import Any

import pytest

from polyhost.protocol.manifest import ManifestError, load_manifest
from polyhost.searching.declared import MAX_DEPTH, search_rules
from polyhost.searching.search_rules import SearchRules, StreamRules
from polyhost.searching.texts import Searched, Texts, texts_of

STRING = {"type": ["string", "null"]}
PROPERTIES = {
    "id": STRING,
    "author": STRING,
    "text": STRING,
    "at": STRING | {"format": "date-time"},
    "kind": {"enum": ["a", "b"]},
    "code": STRING | {"pattern": "^x"},
    "count": {"type": "integer"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "files": {"type": "array", "items": {"$ref": "#/$defs/file"}},
    "odd": True,
}
SCHEMA = {
    "type": "object",
    "properties": PROPERTIES,
    "$defs": {"file": {"type": "object", "properties": {"name": STRING, "size": {"type": "integer"}}}},
}


def manifest(**stream: Any) -> Any:
    declared = {"name": "notes", "schema": SCHEMA, "primary_key": ["id"], "consent_time_field": "at"}
    declared["relationships"] = [{"name": "author", "stream": "people", "field": "author"}]
    return {
        "protocol_version": "0.1.0",
        "connector_id": "urn:test:notes",
        "version": "1",
        "display_name": "Notes",
        "streams": [declared | stream],
    }


def rules(**stream: Any) -> SearchRules:
    return search_rules(load_manifest(manifest(**stream)))


def test_by_default_all_text_of_the_schema_is_searched_and_nothing_else():
    assert rules().streams["notes"].fields == ("text", "tags.*", "files.*.name")


def test_a_manifest_may_name_the_fields_or_have_none_searched():
    assert rules(search=["text", "files.*.name"]).streams["notes"].fields == ("text", "files.*.name")
    assert rules(search=[]).streams == {}


@pytest.mark.parametrize("path", ["", "a..b", ".a", "a.", "* .x", "*", "a b"])
def test_a_path_that_is_none_is_refused(path: str):
    with pytest.raises(ManifestError):
        rules(search=[path])


def test_a_field_the_schema_does_not_have_is_refused():
    with pytest.raises(ManifestError) as refused:
        rules(search=["txet"])
    assert refused.value.code == "unknown_search_field"


def test_rules_come_back_from_their_text_the_same():
    made = rules()
    assert SearchRules.from_text(made.as_text()).as_text() == made.as_text()
    assert made.as_text() != rules(search=["text"]).as_text()


def test_a_record_is_read_by_the_rules_of_its_stream():
    data = {"id": "1", "text": "hello", "at": "2026-01-01T00:00:00.9Z", "tags": ["a", 1, "b"], "files": [{"name": "f"}]}
    read = Texts(SearchRules.from_text(rules().as_text())).read
    assert read("notes", data) == Searched(("hello", "a", "b", "f"), None, 1767225600)
    assert read("notes", {"text": None, "tags": "no array", "files": [None]}) is None
    assert read("elsewhere", data) is None


def test_every_text_says_where_in_the_record_it_stands():
    data = {"files": [{"name": "a"}, {}, {"name": "b"}], "text": "t"}
    found = texts_of(StreamRules(("text", "files.*.name")), data)
    assert found == [("text", "t"), ("files.0.name", "a"), ("files.2.name", "b")]


def test_text_that_lies_deeper_than_is_read_is_not_searched():
    deep: dict[str, Any] = STRING
    for _ in range(MAX_DEPTH):
        deep = {"type": "object", "properties": {"in": deep}}
    of = {**SCHEMA, "properties": {**PROPERTIES, "deep": deep, "near": deep["properties"]["in"]}}
    assert [path for path in rules(schema=of).streams["notes"].fields if path.endswith("in")] == [
        "near" + ".in" * (MAX_DEPTH - 1)
    ]


def test_what_holds_the_records_together_is_no_text_a_person_wrote():
    properties = {**PROPERTIES, "channel": STRING, "ts": STRING, "thread": STRING}
    placed = {"field": "channel", "cursor_field": "ts", "order": "decimal", "group_field": "thread"}
    searched = rules(schema={**SCHEMA, "properties": properties}, partition=placed).streams["notes"]
    assert searched.fields == rules().streams["notes"].fields
    assert searched.partition == "channel"
