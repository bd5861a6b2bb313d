"""Text without syntax: nothing of it means anything, apart from addresses."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyhost.text.formats.plain import linked, read_plain
from polyhost.text.tree import Link, Text
from text.shown import hold, html, plain

pytestmark = pytest.mark.requirement("RD-1")

SHAPES = [
    ("hello", "hello", "<p>hello</p>"),
    ("one\ntwo", "one\ntwo", "<p>one<br>two</p>"),
    ("one\n\ntwo", "one\ntwo", "<p>one</p><p>two</p>"),
    ("one\n\n\n\ntwo", "one\ntwo", "<p>one</p><p>two</p>"),
    ("one\r\ntwo", "one\ntwo", "<p>one<br>two</p>"),
    ("  indented", "  indented", "<p>  indented</p>"),
    ("\n\nhello\n\n", "hello", "<p>hello</p>"),
    ("", "", ""),
    ("   ", "", ""),
    ("*a* _b_", "*a* _b_", "<p>*a* _b_</p>"),
    ("<b>a</b>", "<b>a</b>", "<p>&lt;b&gt;a&lt;/b&gt;</p>"),
    ("&amp;", "&amp;", "<p>&amp;amp;</p>"),
    ("&lt;b&gt;", "&lt;b&gt;", "<p>&amp;lt;b&amp;gt;</p>"),
    ("# no", "# no", "<p># no</p>"),
    ("> no", "> no", "<p>&gt; no</p>"),
    ("- no", "- no", "<p>- no</p>"),
    ("`no`", "`no`", "<p>`no`</p>"),
    (
        "[a](https://example.org)",
        "[a](https://example.org)",
        '<p>[a](<a href="https://example.org">https://example.org</a>)</p>',
    ),
    ("https://example.org", "https://example.org", '<p><a href="https://example.org">https://example.org</a></p>'),
    (
        "see https://example.org.",
        "see https://example.org.",
        '<p>see <a href="https://example.org">https://example.org</a>.</p>',
    ),
    (
        "(https://example.org)",
        "(https://example.org)",
        '<p>(<a href="https://example.org">https://example.org</a>)</p>',
    ),
    (
        "https://example.org/a_(b)",
        "https://example.org/a_(b)",
        '<p><a href="https://example.org/a_(b)">https://example.org/a_(b)</a></p>',
    ),
    (
        "https://example.org/a), and",
        "https://example.org/a), and",
        '<p><a href="https://example.org/a">https://example.org/a</a>), and</p>',
    ),
    (
        "https://example.org?!",
        "https://example.org?!",
        '<p><a href="https://example.org">https://example.org</a>?!</p>',
    ),
    (
        "http://example.org/a?b=1&c=2",
        "http://example.org/a?b=1&c=2",
        '<p><a href="http://example.org/a?b=1&amp;c=2">http://example.org/a?b=1&amp;c=2</a></p>',
    ),
    ("https://", "https://", "<p>https://</p>"),
    ("https://.", "https://.", "<p>https://.</p>"),
    ("ftp://example.org", "ftp://example.org", "<p>ftp://example.org</p>"),
    ("www.example.org", "www.example.org", "<p>www.example.org</p>"),
    ("javascript:alert(1)", "javascript:alert(1)", "<p>javascript:alert(1)</p>"),
    (
        "https://example.org/<b>",
        "https://example.org/<b>",
        '<p><a href="https://example.org/">https://example.org/</a>&lt;b&gt;</p>',
    ),
    (
        '"https://example.org"',
        '"https://example.org"',
        '<p>&quot;<a href="https://example.org">https://example.org</a>&quot;</p>',
    ),
    (
        "https://a.example https://b.example",
        "https://a.example https://b.example",
        '<p><a href="https://a.example">https://a.example</a> <a href="https://b.example">https://b.example</a></p>',
    ),
    ("xhttps://example.org", "xhttps://example.org", '<p>x<a href="https://example.org">https://example.org</a></p>'),
    ("HTTPS://EXAMPLE.ORG", "HTTPS://EXAMPLE.ORG", "<p>HTTPS://EXAMPLE.ORG</p>"),
    (":tada:", ":tada:", "<p>:tada:</p>"),
    ("<@U1>", "<@U1>", "<p>&lt;@U1&gt;</p>"),
    ("@ada", "@ada", "<p>@ada</p>"),
    ("日本語", "日本語", "<p>日本語</p>"),
    ("مرحبا", "مرحبا", "<p>مرحبا</p>"),
    ("a\tb", "a\tb", "<p>a\tb</p>"),
    ("é", "é", "<p>é</p>"),
    ("a\x00b", "a\x00b", "<p>a\x00b</p>"),
    ("\u202eevil", "\u202eevil", "<p>\u202eevil</p>"),
    ("10:30", "10:30", "<p>10:30</p>"),
    (
        "https://example.org/'",
        "https://example.org/'",
        '<p><a href="https://example.org/">https://example.org/</a>&#x27;</p>',
    ),
]
"""What is written, what is read, and what a page shows; every link has its `rel` and `target` besides."""


@pytest.mark.parametrize(("source", "read", "page"), SHAPES)
def test_a_text_reads_as_its_writer_saw_it(source: str, read: str, page: str):
    document = read_plain(source)
    assert (plain(document), html(document)) == (read, page)


@pytest.mark.parametrize("source", [source for source, _, _ in SHAPES])
def test_what_is_shown_of_a_shape_holds_all_of_it_and_nothing_live(source: str):
    hold(read_plain(source))


@given(
    st.lists(
        st.sampled_from(["https://", "http://", "a", "7", ")", "(", ".", "/", "\n", "\r\n", " ", "<", "'"])
        | st.text(max_size=3)
    ).map("".join)
)
@example("https://a" + ")" * 5000)
def test_any_text_is_read_and_shown_whole(source: str):
    document = read_plain(source)
    hold(document)
    assert "".join(filter(str.isalnum, plain(document))) == "".join(filter(str.isalnum, source))


def test_the_addresses_of_a_line_are_links():
    parts = [part for part in linked("a https://example.org, b") if part != Text("")]
    assert parts == [Text("a "), Link("https://example.org", (Text("https://example.org"),)), Text(", b")]
