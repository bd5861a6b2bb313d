"""A tree as HTML that is safe to show, whatever its strings are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from polyhost.text.renderings.html import followed
from polyhost.text.tree import (
    Code,
    CodeBlock,
    Emoji,
    Heading,
    Inline,
    Link,
    Mention,
    Paragraph,
    Rule,
    Table,
    Text,
)
from text.shown import hold, html

pytestmark = pytest.mark.requirement("RD-1")

NOT_FOLLOWED = [
    "",
    " ",
    "/settings",
    "//example.org",
    "https:settings",
    "http:/settings",
    "http:\\\\example.org",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "\tjavascript:alert(1)",
    "\x01javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "javascript&colon;alert(1)",
    "&#106;avascript:alert(1)",
    "javascript://example.org/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "DATA:text/html;base64,AAAA",
    "vbscript:x",
    "file:///etc/hosts",
    "blob:https://example.org/1",
    "about:blank",
    "https://example.org/\u202eevil",
    "https://example.org/\u200bevil",
    "https://example.org/\nx",
    "\u00a0https://example.org",
]
FOLLOWED = [
    "https://example.org",
    "HTTP://EXAMPLE.ORG",
    " https://example.org ",
    "mailto:ada@example.org",
    "tel:+44",
    "matrix:u/a",
]
HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='x()'>",
    "' onclick='x()",
    "</code></pre><b>",
    "&lt;b&gt;",
    "\0<b>",
]


@pytest.mark.parametrize("target", NOT_FOLLOWED)
def test_an_address_that_could_run_something_or_lead_into_the_page_is_text(target: str):
    assert not followed(target)
    document = (Paragraph((Link(target, (Text("words"),)),)),)
    hold(document)
    assert "href" not in html(document)


@pytest.mark.parametrize("target", FOLLOWED)
def test_an_address_that_leads_somewhere_is_a_link_to_it(target: str):
    assert followed(target)
    document = (Paragraph((Link(target, (Text("words"),)),)),)
    hold(document)
    assert html(document) == f'<p><a href="{target.strip()}">words</a></p>'


@pytest.mark.parametrize("value", HOSTILE)
def test_no_string_of_a_tree_is_markup(value: str):
    inlines: tuple[Inline, ...] = (
        Text(value),
        Code(value),
        Link("https://example.org/" + value, (Text(value),)),
        Link(value, ()),
        Mention("user", value),
        Mention("everyone", "here", value),
        Emoji(value),
        Emoji(value, value),
    )
    document = (Paragraph(inlines), CodeBlock(value, value), Heading(1, inlines), Table((inlines and (inlines,),)))
    hold(document)
    body = LexborHTMLParser(html(document)).body
    assert body is not None
    assert body.text(deep=True).count(value.replace("\0", "")) >= 20


@given(st.text(), st.text())
def test_any_address_with_any_words_is_shown_and_not_live(target: str, words: str):
    hold((Paragraph((Link(target, (Text(words),)), Link(target, ()), Text(target))),))


def test_words_that_are_the_address_are_not_shown_twice():
    assert html((Paragraph((Link("/a", (Text("/a"),)), Link("/b", ()))),)) == "<p>/a/b</p>"


@pytest.mark.parametrize(("level", "tag"), [(1, "h3"), (3, "h3"), (4, "h4"), (6, "h6"), (9, "h6")])
def test_headings_are_below_those_of_the_page(level: int, tag: str):
    assert html((Heading(level, (Text("a"),)), Rule())) == f"<{tag}>a</{tag}><hr>"


def test_only_a_headed_table_has_headings():
    row = ((Text("a"),), ())
    assert html((Table((row, row), headed=True),)) == (
        "<table><tr><th>a</th><th></th></tr><tr><td>a</td><td></td></tr></table>"
    )
    assert html((Table((row,)),)) == "<table><tr><td>a</td><td></td></tr></table>"
