"""Expressions of a manifest: what is taken, what is refused by name, and that none can stand still."""

import pytest

from polyhost.protocol.patterns import MAX_PATTERN, compile_pattern


def test_an_expression_finds_what_it_names_anywhere_in_the_text():
    pattern = compile_pattern(r"^https://[^/]*site\.example/(sign|log)in")
    assert pattern.search("https://www.site.example/signin?x")
    assert not pattern.search("https://www.site.example/home")


@pytest.mark.requirement("SE-1")
@pytest.mark.parametrize("pattern", [r"^http://[^/]*/(a+)+$", r"/(a|a)*$", r"(a|aa)+$", r"(.*a){20}$", r"^(\w+\s?)*$"])
def test_an_expression_that_tries_again_elsewhere_answers_here(pattern: str):
    """With a matcher that goes back, none of these ends in a lifetime: the run itself is the proof."""
    assert not compile_pattern(pattern).search("http://site.example/" + "a" * 5_000 + "!")


@pytest.mark.requirement("SE-1")
@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"^https://(?!app\.)x", "Look-ahead"),
        (r"(?<=a)b", "Look-ahead"),
        (r"(a)\1", "back-references"),
        ("(", "not a regular expression"),
        (r"(a{1000}){1000}", "not a regular expression"),
        ("a" * (MAX_PATTERN + 1), "longer than"),
    ],
)
def test_one_that_cannot_be_matched_in_bounded_time_is_refused_with_a_sentence(pattern: str, said: str):
    with pytest.raises(ValueError, match=said):
        compile_pattern(pattern)
