"""How text is cut into words, and where they stand in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.searching.words import folded, words, words_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World", ["hello", "world"]),
        ("snake_case can't 3.14", ["snake", "case", "can", "t", "3", "14"]),
        ("Ärger NAÏVE café cafe\u0301", ["arger", "naive", "cafe", "cafe"]),
        ("Straße İstanbul Ёлка Άλφα", ["strasse", "istanbul", "елка", "αλφα"]),
        ("会議は明日です", list("会議は明日です")),
        ("학교에서 만나요", list("학교에서만나요")),
        ("がか", ["が", "か"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("ok🎉🎉done", ["ok", "🎉", "🎉", "done"]),
        ("\uff21\uff22 \ufb01n", ["ab", "fin"]),
        ("… — !?", []),
    ],
)
def test_words_compare_without_case_and_accents_and_in_scripts_without_spaces(text: str, expected: list[str]):
    assert words(text) == expected


def test_a_word_says_where_it_stands_in_the_text_as_it_was_written():
    text = "Le cafe\u0301, 会議!"
    assert [text[word.start : word.end] for word in words_in(text)] == ["Le", "cafe\u0301", "会", "議"]


@given(st.text())
def test_words_and_their_places_agree_for_any_text(text: str):
    found = words_in(text)
    assert [word.text for word in found] == words(text) == words(folded(text))
    assert all(0 <= word.start < word.end <= len(text) for word in found)
