"""Nodes in a row, as few as they can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.text.tree import Break, Code, Inline, Text, merged

pytestmark = pytest.mark.requirement("RD-1")


@pytest.mark.parametrize(
    ("nodes", "found"),
    [
        ([], ()),
        ([Text("")], ()),
        ([Text("a"), Text(""), Text("b")], (Text("ab"),)),
        ([Text("a"), Break(), Text("b"), Text("c")], (Text("a"), Break(), Text("bc"))),
        ([Code(""), Code("")], (Code(""), Code(""))),
    ],
)
def test_texts_that_follow_each_other_are_one(nodes: list[Inline], found: tuple[Inline, ...]):
    assert merged(nodes) == found


@given(st.lists(st.builds(Text, st.text(max_size=3)) | st.just(Break())))
def test_merging_keeps_every_character_and_happens_once(nodes: list[Inline]):
    def said(nodes: object) -> str:
        assert isinstance(nodes, list | tuple)
        return "".join(node.value if isinstance(node, Text) else "\n" for node in nodes)

    assert said(merged(nodes)) == said(nodes)
    assert merged(merged(nodes)) == merged(nodes)
