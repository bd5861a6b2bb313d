"""A tree as text without any marks."""

import pytest

from polyhost.text.renderings.plain import called, inline_text, named_target, plain_text
from polyhost.text.tree import (
    Break,
    CodeBlock,
    Emoji,
    Heading,
    Link,
    Listing,
    Mention,
    Paragraph,
    Quote,
    Rule,
    Styled,
    Table,
    Text,
)
from text.shown import named, plain

pytestmark = pytest.mark.requirement("RD-1")

A = Paragraph((Text("a"),))
B = Paragraph((Text("b"), Break(), Text("c")))


@pytest.mark.parametrize(
    ("mention", "shown"),
    [
        (Mention("user", "U1"), "@Ada Lovelace"),
        (Mention("user", "U1", "other"), "@Ada Lovelace"),
        (Mention("user", "U9", "bob"), "@bob"),
        (Mention("user", "U9", "@bob"), "@bob"),
        (Mention("user", "U9"), "@U9"),
        (Mention("channel", "C1"), "#general"),
        (Mention("room", "#harbour:example.org"), "#Harbour"),
        (Mention("room", "#other:example.org"), "#other:example.org"),
        (Mention("everyone", "here"), "@here"),
    ],
)
def test_a_mention_is_its_label_else_its_own_words_else_its_key(mention: Mention, shown: str):
    assert called(mention, named) == shown


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        (Link("https://example.org", (Text("us"),)), ("us", "https://example.org")),
        (Link("https://example.org", (Text("https://example.org"),)), ("https://example.org", None)),
        (Link("https://example.org", ()), ("https://example.org", None)),
        (Link("mailto:a@example.org", (Text("a@example.org"),)), ("a@example.org", None)),
    ],
)
def test_an_address_is_beside_words_that_hide_it(link: Link, shown: tuple[str, str | None]):
    assert named_target(link, named) == shown


def test_blocks_are_lines():
    document = (
        Heading(1, (Text("Top"),)),
        Quote((A, B)),
        Listing(((A, B), (), (Listing(((A,),), 1),))),
        Listing(((A,), (B,)), 9),
        CodeBlock("x\n  y"),
        Table((((Text("a"), Break(), Text("b")), ()),)),
        Rule(),
    )
    assert plain(document).split("\n") == [
        *("Top", "> a", "> b", "> c", "- a", "  b", "  c", "- ", "- 1. a", "9. a", "10. b", "    c"),
        *("x", "  y", "a b | ", "---"),
    ]


def test_inline_parts_are_one_text():
    nodes = (Text("a"), Styled("strong", (Text("b"),)), Emoji("tada", "🎉"), Emoji("own"), Break())
    assert inline_text(nodes, named) == "ab🎉:own:\n"
    assert plain_text((), named) == ""
