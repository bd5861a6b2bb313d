"""Which mark opens and which closes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.text.formats.emphasis import Mark, styled
from polyhost.text.tree import MOST_DEPTH, Break, Inline, Paragraph, Style, Styled, Text
from text.shown import hold, plain

pytestmark = pytest.mark.requirement("RD-1")

STYLES: dict[str, Style] = {"*": "strong", "_": "emphasis"}
OPEN, CLOSE, BOTH, NEITHER = (Mark("*", *does) for does in ((True, False), (False, True), (True, True), (False, False)))
A = Text("a")


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([OPEN, A, CLOSE], [Styled("strong", (A,))]),
        ([OPEN, A], [Text("*a")]),
        ([A, CLOSE], [Text("a*")]),
        ([NEITHER, A, NEITHER], [Text("*a*")]),
        ([BOTH, A, BOTH], [Styled("strong", (A,))]),
        ([OPEN, CLOSE], [Text("**")]),
        ([OPEN, A, Mark("_", opens=True, closes=False), A, CLOSE], [Styled("strong", (Text("a_a"),))]),
        ([OPEN, A, Break(), A, CLOSE], [Styled("strong", (A, Break(), A))]),
        ([], []),
    ],
)
def test_two_marks_that_belong_together_are_a_style_and_others_are_text(
    parts: list[Inline | Mark], found: list[Inline]
):
    assert styled(parts, STYLES) == tuple(found)


def test_marks_deeper_than_a_tree_goes_are_text():
    found = styled([OPEN] * 3 * MOST_DEPTH + [A] + [CLOSE] * 3 * MOST_DEPTH, STYLES)
    hold((Paragraph(found),))
    assert plain((Paragraph(found),)).count("a") == 1


@given(st.lists(st.builds(Mark, st.sampled_from("*_"), st.booleans(), st.booleans()) | st.builds(Text, st.text())))
def test_no_word_between_marks_is_lost(parts: list[Inline | Mark]):
    hold((Paragraph(styled(parts, STYLES)),))
    said = "".join(part.value for part in parts if isinstance(part, Text))
    assert [sign for sign in plain((Paragraph(styled(parts, STYLES)),)) if sign not in "*_"] == [
        sign for sign in said if sign not in "*_"
    ]
