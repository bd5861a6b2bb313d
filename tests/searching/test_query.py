"""The language of the search box: all of it, and that nothing in it is an error of syntax."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.errors import RefusedError
from polyhost.searching.query import MAX_PHRASES, MAX_QUERY, Phrase, Query, matches, parse_query, spans


def phrase(*words: str, beginning: bool = False) -> Phrase:
    return Phrase(words, beginning)


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("two words", [phrase("two"), phrase("words")], []),
        ('"a phrase" more', [phrase("a", "phrase"), phrase("more")], []),
        ("“typographic quotes”", [phrase("typographic", "quotes")], []),
        ('never "closed again', [phrase("never"), phrase("closed", "again")], []),
        ("yes -no", [phrase("yes")], [phrase("no")]),
        ('yes -"not this"', [phrase("yes")], [phrase("not", "this")]),
        ("begin*", [phrase("begin", beginning=True)], []),
        ('"last goes on*', [phrase("last", "goes", "on")], []),
        ('"last go"*', [phrase("last", "go", beginning=True)], []),
        ("well-known a@b.c", [phrase("well", "known"), phrase("a", "b", "c")], []),
        ("会議*", [phrase("会", "議")], []),
        ("AND OR NOT NEAR(a b) text:x ^y", None, []),
        ("yes - * \" ''", [phrase("yes")], []),
    ],
)
def test_what_is_typed_means(text: str, wanted: list[Phrase] | None, unwanted: list[Phrase]):
    query = parse_query(text)
    assert wanted is None or query == Query(tuple(wanted), tuple(unwanted))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "query_empty"),
        ("!?", "query_empty"),
        ("-only -without", "query_empty"),
        ("e*", "query_too_wide"),
        ("x" * (MAX_QUERY + 1), "query_too_long"),
        ("ab " * (MAX_PHRASES + 1), "query_too_long"),
    ],
)
def test_what_cannot_be_searched_for_is_refused_in_a_sentence(text: str, code: str):
    with pytest.raises(RefusedError) as refused:
        parse_query(text)
    assert refused.value.code == code


@given(st.text(alphabet='ab"*-() :^é会”\n', max_size=20))
def test_anything_typed_is_a_query_or_is_refused(text: str):
    try:
        query = parse_query(text)
    except RefusedError:
        return
    assert query.wanted


TEXT = "The harbour lights: harbour-master's Café"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("harbour", ["harbour", "harbour"]),
        ('"harbour lights"', ["harbour lights"]),
        ("HARB* cafe", ["harbour", "harbour", "Café"]),
        ('"harbour lights" lights', ["harbour lights"]),
        ('"lights harbour master s"', ["lights: harbour-master's"]),
        ("arbour", []),
        ("absent harbour", ["harbour", "harbour"]),
    ],
)
def test_spans_are_where_the_words_stand(query: str, found: list[str]):
    assert [TEXT[start:end] for start, end in spans(parse_query(query), TEXT)] == found


def test_a_match_needs_every_word_somewhere_and_no_unwanted_one():
    texts = ["The harbour", "lights"]
    assert matches(parse_query("harbour lights"), texts)
    assert not matches(parse_query('"harbour lights"'), texts)
    assert not matches(parse_query("harbour absent"), texts)
    assert not matches(parse_query("harbour -lights"), texts)
