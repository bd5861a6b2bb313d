"""A table that a spreadsheet opens without running anything that a message says."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from exports.rows import MESSAGES, PLAN, row
from polyhost.exports.base import Row
from polyhost.exports.csv import Csv


def read_back(folder: Path, *rows: Row) -> Sequence[dict[str, str]]:
    writer = Csv(folder, PLAN)
    writer.add(rows)
    writer.finish()
    text = (folder / "messages.csv").read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_text_begins_with_what_makes_a_formula(tmp_path: Path, first: str):
    """A spreadsheet passes over what is blank at the beginning, a line's end too, and runs what comes then."""
    text = f"{first}=1+1"
    (read,) = read_back(tmp_path, row({"text": text}, author=text, label=text, key=text))
    assert {read["text"], read["_author"], read["_label"], read["_key"]} == {f"'{text}"}


@pytest.mark.parametrize("text", ["a=1", "one\n=1+1", "1-2", "'=1", " a"])
def test_text_that_is_no_formula_stays_as_it_is(tmp_path: Path, text: str):
    (read,) = read_back(tmp_path, row({"text": text}))
    assert read["text"] == text


def test_numbers_are_numbers_whatever_their_sign(tmp_path: Path):
    (read,) = read_back(tmp_path, row({"text": "x", "count": -3}))
    assert read["count"] == "-3"


def test_a_field_name_of_the_source_is_no_formula_either(tmp_path: Path):
    evil = replace(PLAN, streams=[replace(MESSAGES, columns={"=1+1": False})])
    writer = Csv(tmp_path, evil)
    writer.add([row({"=1+1": "x"})])
    writer.finish()
    assert b",'=1+1\r\n" in (tmp_path / "messages.csv").read_bytes()
