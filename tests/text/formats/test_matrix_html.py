"""Matrix's HTML, and who is meant by the links in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.text.formats.matrix_html import read_matrix_html
from polyhost.text.tree import Mention, Paragraph
from text.shown import hold, html, plain

pytestmark = pytest.mark.requirement("RD-1")

SHAPES = [
    ("hello", "hello", "<p>hello</p>"),
    ("<a href='https://matrix.to/#/@ada:example.org'>Ada L</a>", "@Ada", '<p><span class="mention">@Ada</span></p>'),
    ("<a href='https://matrix.to/#/%40ada%3Aexample.org'>x</a>", "@Ada", '<p><span class="mention">@Ada</span></p>'),
    (
        "<a href='https://matrix.to/#/@bob:example.org'>Bob</a>: hi",
        "@Bob: hi",
        '<p><span class="mention">@Bob</span>: hi</p>',
    ),
    (
        "<a href='https://matrix.to/#/#harbour:example.org'>#harbour</a>",
        "#Harbour",
        '<p><span class="mention">#Harbour</span></p>',
    ),
    (
        "<a href='https://matrix.to/#/!abc:example.org?via=example.org'>room</a>",
        "#room",
        '<p><span class="mention">#room</span></p>',
    ),
    (
        "<a href='https://matrix.to/#/!abc:example.org/$ev'>message</a>",
        "message (https://matrix.to/#/!abc:example.org/$ev)",
        '<p><a href="https://matrix.to/#/!abc:example.org/$ev">message</a></p>',
    ),
    ("<a href='matrix:u/ada:example.org'>x</a>", "@Ada", '<p><span class="mention">@Ada</span></p>'),
    ("<a href='matrix:r/harbour:example.org'>x</a>", "#Harbour", '<p><span class="mention">#Harbour</span></p>'),
    ("<a href='matrix:roomid/abc:example.org'>x</a>", "#x", '<p><span class="mention">#x</span></p>'),
    (
        "<a href='matrix:roomid/abc:example.org/e/ev'>x</a>",
        "x (matrix:roomid/abc:example.org/e/ev)",
        '<p><a href="matrix:roomid/abc:example.org/e/ev">x</a></p>',
    ),
    ("<a href='matrix:z/abc'>x</a>", "x (matrix:z/abc)", '<p><a href="matrix:z/abc">x</a></p>'),
    ("<a href='https://matrix.to/#/'>x</a>", "x (https://matrix.to/#/)", '<p><a href="https://matrix.to/#/">x</a></p>'),
    (
        "<a href='https://matrix.to/#/+group:example.org'>x</a>",
        "x (https://matrix.to/#/+group:example.org)",
        '<p><a href="https://matrix.to/#/+group:example.org">x</a></p>',
    ),
    (
        "<a href='https://matrix.to/#/@bob:example.org'></a>",
        "@bob:example.org",
        '<p><span class="mention">@bob:example.org</span></p>',
    ),
    ("<mx-reply><blockquote>old</blockquote></mx-reply>new", "new", "<p>new</p>"),
    ("<span data-mx-spoiler>secret</span>", "secret", "<p>secret</p>"),
    ("<span data-mx-spoiler='why'>secret</span>", "secret", "<p>secret</p>"),
    ("<font color='#f00' data-mx-color='#f00'>red</font>", "red", "<p>red</p>"),
    ("<del>gone</del>", "gone", "<p><s>gone</s></p>"),
    ("<h1>a</h1>", "a", "<h3>a</h3>"),
    ("<pre><code class='language-rust'>fn</code></pre>", "fn", "<pre><code>fn</code></pre>"),
    ("<ul><li>a</li></ul>", "- a", "<ul><li><p>a</p></li></ul>"),
    ("<ol><li>a</li></ol>", "1. a", '<ol start="1"><li><p>a</p></li></ol>'),
    ("<p>a</p>\n<p>b</p>\n", "a\nb", "<p>a</p><p>b</p>"),
    ("a<br />b", "a\nb", "<p>a<br>b</p>"),
    (
        "<img src='mxc://example.org/abc' alt=':cat:' title=':cat:' height='32' data-mx-emoticon>",
        ":cat: (mxc://example.org/abc)",
        "<p>:cat: <code>mxc://example.org/abc</code></p>",
    ),
    ("<span data-mx-maths='x^2'><code>x^2</code></span>", "x^2", "<p><code>x^2</code></p>"),
    ("<u>u</u>", "u", "<p><u>u</u></p>"),
    ("<sup>2</sup>", "2", "<p>2</p>"),
    ("<blockquote><p>q</p></blockquote>", "> q", "<blockquote><p>q</p></blockquote>"),
    ("<details><summary>s</summary>d</details>", "s\nd", "<p>s</p><p>d</p>"),
    (
        "<a href='mailto:ada@example.org'>m</a>",
        "m (mailto:ada@example.org)",
        '<p><a href="mailto:ada@example.org">m</a></p>',
    ),
    ("<a href='geo:1,2'>g</a>", "g (geo:1,2)", '<p><a href="geo:1,2">g</a></p>'),
    (
        "<a href='https://example.org/#/@ada:example.org'>x</a>",
        "x (https://example.org/#/@ada:example.org)",
        '<p><a href="https://example.org/#/@ada:example.org">x</a></p>',
    ),
    (
        "<a href='javascript:https://matrix.to/#/@ada:example.org'>x</a>",
        "x (javascript:https://matrix.to/#/@ada:example.org)",
        "<p>x <code>javascript:https://matrix.to/#/@ada:example.org</code></p>",
    ),
    ("@room hi", "@room hi", "<p>@room hi</p>"),
    ("<strong>a</strong>b", "ab", "<p><strong>a</strong>b</p>"),
    ("* waves", "* waves", "<p>* waves</p>"),
    ("<caption>c</caption>", "c", "<p>c</p>"),
    (
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>",
        "a\nb",
        "<table><tr><th>a</th></tr><tr><td>b</td></tr></table>",
    ),
]
"""What is written, what is read, and what a page shows; every link has its `rel` and `target` besides."""


@pytest.mark.parametrize(("source", "read", "page"), SHAPES)
def test_a_text_reads_as_its_writer_saw_it(source: str, read: str, page: str):
    document = read_matrix_html(source)
    assert (plain(document), html(document)) == (read, page)


@pytest.mark.parametrize("source", [source for source, _, _ in SHAPES])
def test_what_is_shown_of_a_shape_holds_all_of_it_and_nothing_live(source: str):
    hold(read_matrix_html(source))


PIECES = [
    "<a href='https://matrix.to/#/@ada:example.org'>",
    "<a href='https://matrix.to/#/%",
    "<a href='matrix:u/",
    "'>",
    "</a>",
]
PIECES += [
    "@",
    "!",
    "#",
    "$",
    "/",
    "?",
    "%40",
    "%ff",
    "<mx-reply>",
    "</mx-reply>",
    "<span data-mx-spoiler>",
    "a",
    "7",
    "<p>",
    " ",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join))
def test_any_text_is_read_and_shown_whole(source: str):
    hold(read_matrix_html(source))


@pytest.mark.parametrize(
    ("address", "mention"),
    [
        ("https://matrix.to/#/@ada:example.org", Mention("user", "@ada:example.org", "x")),
        ("https://matrix.to/#/@ada%2Fb:example.org", Mention("user", "@ada/b:example.org", "x")),
        ("https://matrix.to/#/!a%3Fb:example.org?via=c", Mention("room", "!a?b:example.org", "x")),
        ("matrix:u/ada%3Aexample.org?action=chat", Mention("user", "@ada:example.org", "x")),
        ("matrix:r/harbour:example.org", Mention("room", "#harbour:example.org", "x")),
        ("matrix:roomid/abc:example.org", Mention("room", "!abc:example.org", "x")),
    ],
)
def test_an_address_of_matrix_says_who_or_where(address: str, mention: Mention):
    assert read_matrix_html(f"<a href='{address}'>x</a>") == (Paragraph((mention,)),)
