"""The stretch of text that shows why something was found."""

from polyhost.searching.query import parse_query
from polyhost.searching.snippet import MAX_SNIPPET, snippet


def marked(text: str, query: str) -> str:
    found = snippet(parse_query(query), [("text", text)])
    assert found is not None
    shown = found.text
    for start, end in reversed(found.highlights):
        shown = f"{shown[:start]}[{shown[start:end]}]{shown[end:]}"
    return ("…" if found.cut_before else "") + shown + ("…" if found.cut_after else "")


def test_a_short_text_is_shown_whole():
    assert marked("Café at the harbour", "cafe harb*") == "[Café] at the [harbour]"


def test_of_a_long_text_the_part_around_the_first_word_found_is_shown():
    text = "before " * 100 + "harbour " + "after " * 100
    shown = marked(text, "harbour")
    assert shown.startswith("…before ")
    assert "[harbour] after" in shown
    assert shown.endswith("…")
    assert len(shown) <= MAX_SNIPPET + 4


def test_a_word_at_the_end_of_a_long_text_is_shown_with_what_comes_before_it():
    shown = marked("before " * 100 + "harbour", "harbour")
    assert shown.endswith("before [harbour]")


def test_a_highlight_ends_with_the_part_that_is_shown():
    found = snippet(parse_query("aaa*"), [("text", "a" * 1000)])
    assert found is not None
    assert found.highlights == ((0, MAX_SNIPPET),)


def test_the_field_that_says_most_is_shown_and_named():
    texts = [("title", "quiet"), ("text", "the harbour"), ("files.0.name", "harbour lights")]
    found = snippet(parse_query("harbour lights"), texts)
    assert found is not None
    assert found.as_json() == {
        "field": "files.0.name",
        "text": "harbour lights",
        "highlights": [(0, 7), (8, 14)],
        "cut_before": False,
        "cut_after": False,
    }
    assert snippet(parse_query("x"), []) is None
