"""A tree as Markdown: read again it says the same, and what was text is text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyhost.text.formats.markdown import read_markdown
from polyhost.text.renderings.markdown import escaped, markdown_text
from polyhost.text.tree import (
    Block,
    Break,
    Code,
    CodeBlock,
    Document,
    Emoji,
    Heading,
    Inline,
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
from text.shown import hold, markdown_links, named, plain

pytestmark = pytest.mark.requirement("RD-1")

HOSTILE = [
    "[x](https://evil.example)",
    "\r# a",
    "\n\n    a",
    "```",
    "`",
    "**",
    "~~",
    "1. a",
    "- a",
    "<https://evil.example>",
]
STRINGS = st.sampled_from([*HOSTILE, "a", "7", " ", "\n", "\r", "\n\n", "\t", "===", "|", "\\", "&amp;"]) | st.text(
    max_size=4
)
INLINES: st.SearchStrategy[Inline] = st.recursive(
    st.builds(Text, STRINGS)
    | st.builds(Code, STRINGS)
    | st.builds(Mention, st.sampled_from(["user", "channel"]), STRINGS)
    | st.builds(Emoji, st.just("own"), st.none() | STRINGS)
    | st.just(Break()),
    lambda inner: (
        st.builds(
            Styled,
            st.sampled_from(["strong", "emphasis", "struck", "underlined"]),
            st.lists(inner, max_size=3).map(tuple),
        )
        | st.builds(
            Link, st.sampled_from(["https://example.org/`", "javascript:x"]), st.lists(inner, max_size=3).map(tuple)
        )
    ),
    max_leaves=5,
)
LINES = st.lists(INLINES, max_size=4).map(tuple)
BLOCKS: st.SearchStrategy[Block] = st.recursive(
    st.builds(Paragraph, LINES)
    | st.builds(Heading, st.integers(1, 6), LINES)
    | st.builds(CodeBlock, STRINGS)
    | st.builds(Table, st.lists(st.lists(LINES, max_size=2).map(tuple), max_size=2).map(tuple))
    | st.just(Rule()),
    lambda inner: (
        st.builds(Quote, st.lists(inner, max_size=3).map(tuple))
        | st.builds(
            Listing, st.lists(st.lists(inner, max_size=2).map(tuple), max_size=3).map(tuple), st.none() | st.just(3)
        )
    ),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        (Paragraph((Text("a"), Break(), Text("# b"))), "a  \n\\# b"),
        (Paragraph((Text("  a"),)), "a"),
        (Paragraph((Text("1. a"),)), "1\\. a"),
        (Paragraph((Styled("strong", (Text("a"),)), Styled("underlined", (Text("b"),)))), "**a**b"),
        (Paragraph((Styled("strong", (Text(" a"),)), Styled("strong", ()))), "a"),
        (Paragraph((Styled("struck", (Styled("struck", (Text("a"),)),)),)), "~~a~~"),
        (Paragraph((Code("a"), Code("a`b"), Code("a\r\nb"))), "`a``` a`b ```a b`"),
        (
            Paragraph((Link("https://example.org/a b?c&d`", (Text("[a]"),)),)),
            "[\\[a\\]](<https://example.org/a%20b?c&amp;d%60>)",
        ),
        (Paragraph((Link("javascript:x", (Text("a"),)), Link("/b", ()))), "a (javascript:x)/b"),
        (Paragraph((Mention("user", "U1"), Mention("user", "a\nb"))), "**@Ada Lovelace****@a b**"),
        (Paragraph((Emoji("own_one"), Emoji("asterisk", "*️⃣"))), ":own\\_one:\\*️⃣"),
        (Heading(1, (Text("a"), Break(), Text("b"))), "### a b"),
        (CodeBlock("x\r```\ny"), "````\nx\n```\ny\n````"),
        (Quote((Paragraph((Text("a"),)), Rule())), "> a\n> \n> ---"),
        (Listing(((Paragraph((Text("a"),)), Paragraph((Text("b"),))), ()), 9), "9. a\n   \n   b\n10. "),
        (Listing(((Paragraph((Text("a"),)),),)), "- a"),
        (Table((((Text("a"),), (Text("b"),)),)), "a \\| b"),
    ],
)
def test_a_block_is_written_as_markdown(block: Block, shown: str):
    hold((block,))
    assert markdown_text((block,), named) == shown


@pytest.mark.parametrize("value", HOSTILE)
def test_no_string_of_a_tree_is_live(value: str):
    inlines = (
        Text(value),
        Code(value),
        Styled("strong", (Code(value),)),
        Mention("user", value),
        Emoji("a", value),
        Break(),
    )
    document = (
        Paragraph(inlines),
        Heading(3, inlines),
        Quote((CodeBlock(value), Paragraph(inlines))),
        Table(((inlines,),)),
    )
    hold(document)
    assert markdown_links(markdown_text(document, named)) == []


@given(st.lists(BLOCKS, max_size=3).map(tuple))
@example((Paragraph((Link("https://example.org/`", (Text("a"),)), Code("[x](https://evil.example)"))),))
def test_any_tree_is_shown_whole_and_has_no_links_but_its_own(document: Document):
    hold(document)
    assert {link for link in markdown_links(markdown_text(document, named)) if "evil" in link} == set()


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_text_is_read_again_as_it_was(text: str):
    assert plain(read_markdown(escaped(text))) == text
