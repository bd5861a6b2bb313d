"""Whatever stands in a document: each message comes out, or is counted; every record is as the manifest says.

Provenance: ours. The documents are made by a writer of our own, and parts of them replaced by anything at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout import ROOT
from importers import importer_module
from polyfills.telegram.writer import BEGIN, account, chat, dumps, message, service
from polyhost.artifacts.opening import open_artifact

MANIFEST = json.loads((ROOT / "polyfills" / "telegram" / "manifest.json").read_bytes())
SCHEMAS = {one["name"]: jsonschema_rs.validator_for(one["schema"]) for one in MANIFEST["streams"]}


class Context:
    imported_at = "2026-11-30T00:00:00Z"


def told(document: bytes, folder: Path) -> list[dict[str, Any]]:
    """All that the importer says of a document, as it would go to the host."""
    file = folder / "result.json"
    file.write_bytes(document)
    with open_artifact(file) as artifact:
        return [
            orjson.loads(orjson.dumps(one)) for one in importer_module("telegram").IMPORTER.parse(artifact, Context())
        ]


def records(found: list[dict[str, Any]], stream: str = "messages") -> list[dict[str, Any]]:
    return [one["data"] for one in found if one["type"] == "RECORD" and one["stream"] == stream]


def counted(found: list[dict[str, Any]], stream: str = "messages") -> int:
    """How many pieces could not be read."""
    return sum(one["count"] for one in found if one.get("reason") == "unparsable" and one["stream"] == stream)


TEXT = st.text(alphabet=st.characters(), max_size=8)
"""Half pairs and control characters, too."""
LEAF = st.none() | st.booleans() | st.integers() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False) | TEXT
ANY = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)
MEMBERS = sorted(
    {*message(1), *service(1, "pin_message")}
    | {"edited", "edited_unixtime", "reply_to_message_id", "reply_to_peer_id", "forwarded_from", "forwarded_from_id"}
    | {"photo", "photo_file_size", "file", "file_name", "file_size", "media_type", "mime_type", "duration_seconds"}
    | {"width", "height", "poll", "reactions", "members", "saved_from"}
)


@st.composite
def messages(draw: st.DrawFn) -> Any:
    """Mostly a message, parts of it anything; now and then anything at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(ANY)
    number = draw(st.integers(1, 50))
    made = service(number, "pin_message") if draw(st.booleans()) else message(number, at=BEGIN + number)
    for name in draw(st.lists(st.sampled_from(MEMBERS), max_size=4)):
        made[name] = draw(ANY)
    for name in draw(st.lists(st.sampled_from(MEMBERS), max_size=3)):
        made.pop(name, None)
    return made


LAYOUTS = {
    "as Telegram writes it": lambda document: dumps(document).encode("utf-8"),
    "in one line": lambda document: json.dumps(document).encode(),
    "as others indent": lambda document: json.dumps(document, indent=4).encode(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@given(said=st.lists(messages(), max_size=6))
def test_each_message_comes_out_or_is_counted(layout: str, said: list[Any], tmp_path_factory: pytest.TempPathFactory):
    found = told(LAYOUTS[layout](account([chat(said)])), tmp_path_factory.getbasetemp())
    assert len(records(found)) + counted(found) == len(said)
    for one in found:
        if one["type"] == "RECORD":
            assert SCHEMAS[one["stream"]].is_valid(one["data"]), list(SCHEMAS[one["stream"]].iter_errors(one["data"]))


@given(where=st.sampled_from(["name", "type", "id", "messages"]), what=ANY, alone=st.booleans())
def test_whatever_a_chat_is_nothing_is_passed_over_in_silence(
    where: str, what: Any, alone: bool, tmp_path_factory: pytest.TempPathFactory
):
    document = chat([message(1), message(2)]) | {where: what}
    found = told(dumps(document if alone else account([document])).encode(), tmp_path_factory.getbasetemp())
    expected = 2 if where != "messages" else len(what) if isinstance(what, list) else 1
    assert len(records(found)) + counted(found) == expected
    assert all(SCHEMAS[one["stream"]].is_valid(one["data"]) for one in found if one["type"] == "RECORD")


@given(section=st.sampled_from(["chats", "contacts", "personal_information", "left_chats"]), what=ANY)
def test_whatever_a_section_is_the_others_are_read(section: str, what: Any, tmp_path_factory: pytest.TempPathFactory):
    document = account([chat([message(1)])])
    document = {section: what, **document} if section not in document else document | {section: what}
    found = told(dumps(document).encode(), tmp_path_factory.getbasetemp())
    assert section == "chats" or len(records(found)) == 1
    assert all(SCHEMAS[one["stream"]].is_valid(one["data"]) for one in found if one["type"] == "RECORD")


def test_every_member_of_every_item_may_be_null(tmp_path: Path):
    nulls = [dict.fromkeys(message(1) | service(1, "x")) for _ in range(3)]
    named = [one | {"id": number} for number, one in enumerate(nulls, 1)]
    found = told(
        dumps(account([chat([message(9), *named])], contacts={"list": [{"user_id": None}]})).encode(), tmp_path
    )
    assert (len(records(found)), counted(found), counted(found, "contacts")) == (4, 0, 1)


def test_control_characters_and_half_an_emoji_are_text(tmp_path: Path):
    r"""Telegram Desktop writes the former as `\x1F`, which is no JSON, and escapes a backslash before an x itself."""
    [one] = records(told(dumps(chat([message(1, "a\x1fb\x00c\ud83d \\x41 \u2028")])).encode(), tmp_path))
    assert one["text"] == "a\x1fb\x00c\ufffd \\x41 \u2028"


# --- the reader under it


def pulled(chunks: Iterator[bytes]) -> Any:
    """A whole document by way of the reader: two levels walked through, the rest by value."""
    reader = importer_module("telegram").parts.__globals__["Reader"](chunks)

    def walked(level: int) -> Any:
        sign = reader.opens()
        if level and sign == "{":
            return {name: walked(level - 1) for name in reader.members()}
        if level and sign == "[":
            return [walked(level - 1) for _ in reader.items()]
        return reader.value()

    return walked(2)


@given(value=ANY, size=st.integers(1, 40), layout=st.sampled_from(sorted(LAYOUTS)))
def test_a_document_is_the_same_however_it_is_cut_into_chunks(value: Any, size: int, layout: str):
    document = LAYOUTS[layout]({"a": value, "b": [value, value]})
    chunks = (document[at : at + size] for at in range(0, len(document), size))
    whole = pulled(iter([document]))
    assert pulled(chunks) == whole
    assert set(whole) == {"a", "b"}


@given(values=st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(-5, 5) | st.text('a{}[]\n"\\'), max_size=3)))
def test_a_reader_reads_what_any_reader_reads(values: list[Mapping[str, Any]]):
    for indent in (None, 1):
        assert pulled(iter([json.dumps({"list": values}, indent=indent).encode()])) == {"list": values}
