"""What a record shows of itself where there is room for one line: by its manifest, else by common names of fields."""

from typing import Any

import pytest

from polyhost.protocol.declarations import StreamDecl
from polyhost.protocol.headline import headline, headline_field, name_of


def stream(*label_fields: str) -> StreamDecl:
    properties = {name: {"type": "string"} for name in ("handle", "name", "title", "text")}
    return StreamDecl.model_validate(
        {
            "name": "things",
            "schema": {"type": "object", "properties": properties},
            "primary_key": ["id"],
            "label_fields": label_fields,
        }
    )


@pytest.mark.parametrize(
    ("declared", "data", "field", "name"),
    [
        (stream("handle"), {"name": "Ann", "handle": "ann"}, "handle", "ann"),
        (stream("handle", "name"), {"name": "Ann", "handle": ""}, "name", "Ann"),
        (stream("handle"), {"name": "Ann"}, None, None),
        (stream("handle"), {"name": "Ann", "text": "hello"}, "text", None),
        (stream(), {"text": "hello", "title": "A talk"}, "title", "A talk"),
        (stream(), {"text": "hello"}, "text", None),
        (stream(), {"name": 7, "text": ["hello"]}, None, None),
        (None, {"name": "Ann"}, "name", "Ann"),
        (stream(), None, None, None),
    ],
)
def test_the_manifest_says_what_a_record_is_called_and_common_names_do_where_it_does_not(
    declared: StreamDecl | None, data: dict[str, Any] | None, field: str | None, name: str | None
):
    assert headline_field(declared, data) == field
    assert name_of(declared, data) == name


def test_the_text_of_that_field_is_shown_as_it_is():
    assert headline({"text": "two\nlines", "title": ""}, "text") == "two\nlines"


def test_a_record_without_one_shows_what_its_fields_hold():
    data = {"id": "é1", "gone": None, "empty": "", "none": [], "count": 0, "of": {"a": [1, True]}}
    assert headline(data, None) == 'id: é1  count: 0  of: {"a":[1,true]}'
    assert headline({"id": "1", "name": 7}, "name") == "id: 1  name: 7"
    assert headline(None, None) == ""
