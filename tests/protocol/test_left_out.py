"""Fields that a connector says it could not carry: counted, null where the schema takes it, else the record's end."""

from __future__ import annotations

import re
from typing import Any

import pytest

from checkout import ROOT
from playbooks import Flush, done, manifest, play, record, stream
from polyhost.protocol.commands import NoteException
from polyhost.protocol.left_out import UNCARRIED, LeftOut, left_out
from polyhost.protocol.validation import build_validators

pytestmark = pytest.mark.requirement("RS-1.1", "RS-1.2")

SIZES = stream("notes", properties={"size": {"type": "number"}, "by": {"type": ["string", "null"]}})


def judged(needed: list[str], *mended: Any, **data: Any) -> Any:
    """One record without what `mended` names, in a stream that needs these fields."""
    schema = {**SIZES["schema"], "required": ["id", *needed]}
    of = manifest({**SIZES, "schema": schema})
    told = {**record("notes", "n1", data), "mended": list(mended)}
    return play(of, validators=build_validators(of)) >> told >> Flush()


def messages(book: Any) -> list[str]:
    return [found.message for found in book.finish().diagnostics]


def test_a_field_the_record_can_do_without_costs_itself_and_says_what_it_was():
    book = judged([], ["size", "not_a_number"])
    assert book.stored == ["n1"]
    assert "kept without a part in an unexpected shape (not_a_number at /size)" in messages(book >> done(1))


def test_a_field_that_is_needed_has_null_in_its_place_where_the_schema_takes_that():
    book = judged(["by"], ["by", "bigint"])
    assert book.stored == ["n1"]


def test_a_field_that_is_needed_costs_the_record_which_is_named_with_what_the_field_was():
    book = judged(["size"], ["size", "infinite"])
    (noted,) = book.of(NoteException)
    assert (book.stored, noted.fact.key, noted.fact.detail) == ([], "n1", "infinite at /size")


def test_another_fault_of_such_a_record_keeps_its_own_name():
    book = judged(["text"], ["size", "infinite"], text=5)
    (noted,) = book.of(NoteException)
    assert noted.fact.detail == "type at /text"


def test_what_is_not_of_the_closed_list_is_passed_over():
    told = ["a", ["b", "date"], ["c", "shape"], ["d", "his own words"], ["e"], 5, None, ["f", 5]]
    assert left_out(told) == [LeftOut("a", "shape"), LeftOut("b", "date")]
    assert left_out("text") == ()


def test_the_sdk_has_the_same_words():
    text = (ROOT / "polyfills/sdk/values.js").read_text(encoding="utf-8")
    words = text.partition("const WORDS = {")[2].partition("};")[0]
    assert set(re.findall(r"^    (\w+):", words, re.MULTILINE)) == UNCARRIED
