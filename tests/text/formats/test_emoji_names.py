"""Emoji by the names that chat programs write between colons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.text.formats.emoji_names import emoji_called
from polyhost.text.tree import Emoji

pytestmark = pytest.mark.requirement("RD-1")


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("tada", "🎉"),
        ("+1", "👍️"),
        ("heart", "❤️"),
        ("wave::skin-tone-2", "👋🏻"),
        ("wave::skin-tone-6", "👋🏿"),
        ("v::skin-tone-4", "✌🏽"),
        ("woman-running", "🏃‍♀️"),
        ("flag-fr", None),
        ("house-style", None),
        ("wave::skin-tone-9", None),
        ("", None),
        ("tada: words :tada", None),
        ("a" * 1_000_000, None),
        ("TADA", None),
    ],
)
def test_a_name_that_unicode_has_is_its_symbol(name: str, symbol: str | None):
    found = emoji_called(name)
    assert found.name == name
    assert found.symbol == symbol


@given(st.text())
def test_any_name_stays_what_it_is(name: str):
    assert emoji_called(name).name == name


def test_a_name_is_looked_up_the_same_way_again():
    assert emoji_called("tada") == emoji_called("tada") == Emoji("tada", "🎉")
