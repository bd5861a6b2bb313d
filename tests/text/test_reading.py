"""What one record says: which of its fields is read, by which format, and who is mentioned."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrary import anything
from polyhost.protocol.declarations import ReadingDecl, TextDecl
from polyhost.text.reading import mentions_in, read_record
from polyhost.text.tree import Mention
from text.shown import hold, plain

pytestmark = pytest.mark.requirement("RD-1")

FORMATS = ["plain", "mrkdwn", "slack-blocks", "slack-attachments", "html", "matrix-html", "markdown"]
SLACK = ReadingDecl.model_validate(
    {
        "text": [{"field": "text", "format": "mrkdwn"}, {"field": "blocks", "format": "slack-blocks"}],
        "besides": [{"field": "attachments", "format": "slack-attachments"}],
    }
)


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    ("data", "read"),
    [
        ({}, ""),
        ({"text": "*a*"}, "a"),
        ({"text": None, "blocks": "x", "attachments": 7}, ""),
        ({"text": "", "blocks": [section("words")]}, "words"),
        ({"text": "short", "blocks": [section("short, and more")]}, "short, and more"),
        ({"text": "more than blocks", "blocks": [section("more")]}, "more than blocks"),
        ({"text": "*same*!", "blocks": [section("same?")]}, "same!"),
        ({"text": "a", "attachments": [{"text": "b"}]}, "a\n> b"),
        ({"attachments": [{"text": "b"}]}, "> b"),
        ({"text": "<@U000001>", "blocks": [section("a few")]}, "@U000001"),
    ],
)
def test_the_field_that_says_most_is_read_and_what_is_besides_below_it(data: dict[str, Any], read: str):
    assert plain(read_record(SLACK, data)) == read


@pytest.mark.parametrize(
    ("written_in", "value", "read"),
    [
        ("plain", "*a*", "*a*"),
        ("mrkdwn", "*a*", "a"),
        ("slack-blocks", [section("*a*")], "a"),
        ("slack-attachments", [{"text": "*a*"}], "> a"),
        ("html", "<b>a</b>", "a"),
        ("matrix-html", "<a href='https://matrix.to/#/@ada:example.org'>x</a>", "@Ada"),
        ("markdown", "**a**", "a"),
    ],
)
def test_every_format_that_a_manifest_may_name_is_read(written_in: str, value: object, read: str):
    declared = ReadingDecl.model_validate({"text": [{"field": "body", "format": written_in}]})
    assert plain(read_record(declared, {"body": value})) == read


def test_no_format_is_left_out_of_these_tests():
    assert set(TextDecl.model_json_schema()["properties"]["format"]["enum"]) == set(FORMATS)


@given(st.sampled_from(FORMATS), anything)
def test_any_value_of_a_field_is_read_and_shown_whole(written_in: str, value: object):
    declared = ReadingDecl.model_validate({"text": [{"field": "body", "format": written_in}]})
    hold(read_record(declared, {"body": value}))


@pytest.mark.parametrize(
    ("written_in", "text"),
    [
        ("mrkdwn", "<@U1> a *<@U1>*\n&gt; <@U1>\n```<@U2>```"),
        ("html", ""),
        ("markdown", "a\n\n---\n\n`b`"),
    ],
)
def test_mentions_are_found_as_often_as_they_are(written_in: str, text: str):
    declared = ReadingDecl.model_validate({"text": [{"field": "body", "format": written_in}]})
    assert list(mentions_in(read_record(declared, {"body": text}))) == [Mention("user", "U1")] * text.count("U1")


def test_mentions_are_found_in_lists_tables_headings_and_links():
    ada = "<a href='https://matrix.to/#/@ada:example.org'></a>"
    declared = ReadingDecl.model_validate({"text": [{"field": "body", "format": "matrix-html"}]})
    body = f"<h1>{ada}</h1><ul><li>{ada}</ul><table><tr><td>{ada}</table><a href='/x'>b</a><hr><pre>c</pre>"
    assert list(mentions_in(read_record(declared, {"body": body}))) == [Mention("user", "@ada:example.org")] * 3
