"""HTML as sites hand it out: what a person would see of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.text.formats.html import read_html
from polyhost.text.tree import Code, CodeBlock, Link, Mention, Paragraph, Table, Text
from text.shown import hold, html, plain

pytestmark = pytest.mark.requirement("RD-1")

SHAPES = [
    ("hello", "hello", "<p>hello</p>"),
    ("<p>one</p><p>two</p>", "one\ntwo", "<p>one</p><p>two</p>"),
    ("<b>a</b> <i>b</i> <s>c</s> <u>d</u>", "a b c d", "<p><strong>a</strong> <em>b</em> <s>c</s> <u>d</u></p>"),
    ("<strong><em>x</em></strong>", "x", "<p><strong><em>x</em></strong></p>"),
    ("a<br>b", "a\nb", "<p>a<br>b</p>"),
    ("a<br/><br/>b", "a\n\nb", "<p>a<br><br>b</p>"),
    ("<p>a</p>tail", "a\ntail", "<p>a</p><p>tail</p>"),
    ("<div>a</div><div>b</div>", "a\nb", "<p>a</p><p>b</p>"),
    ("<div><div>a</div>b</div>", "a\nb", "<p>a</p><p>b</p>"),
    ("<ul><li>a</li><li>b</li></ul>", "- a\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
    ("<ul><li>a<ul><li>b</li></ul></li></ul>", "- a\n  - b", "<ul><li><p>a</p><ul><li><p>b</p></li></ul></li></ul>"),
    (
        "<ul><li>a</li><ul><li>b</li></ul></ul>",
        "- a\n- - b",
        "<ul><li><p>a</p></li><li><ul><li><p>b</p></li></ul></li></ul>",
    ),
    ("<ul>words<li>a</li></ul>", "- words\n- a", "<ul><li><p>words</p></li><li><p>a</p></li></ul>"),
    ("<ol start=3><li>c<li>d</ol>", "3. c\n4. d", '<ol start="3"><li><p>c</p></li><li><p>d</p></li></ol>'),
    ("<ol start=x><li>c</ol>", "1. c", '<ol start="1"><li><p>c</p></li></ol>'),
    ("<ul></ul>x", "x", "<p>x</p>"),
    (
        "<table><tr><th>a<th>b<tr><td>1<td>2</table>",
        "a | b\n1 | 2",
        "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>",
    ),
    (
        "<table><caption>Harbour</caption><tbody><tr><th>a<td>1</table>",
        "Harbour\na | 1",
        "<p>Harbour</p><table><tr><td>a</td><td>1</td></tr></table>",
    ),
    ("<table><tr><td><table><tr><td>in</table></table>", "in", "<p>in</p>"),
    ("<table><tr><td><p>a</p><p>b</p></td></tr></table>", "a b", "<table><tr><td>a<br>b</td></tr></table>"),
    ("<table></table>x", "x", "<p>x</p>"),
    ("<table>out<tr><td>in</table>", "out\nin", "<p>out</p><table><tr><td>in</td></tr></table>"),
    ("<pre>a\n  b</pre>", "a\n  b", "<pre><code>a\n  b</code></pre>"),
    ("<pre><code class='x language-py'>x = 1\n</code></pre>", "x = 1", "<pre><code>x = 1</code></pre>"),
    ("<pre>a<br>b</pre>", "a\nb", "<pre><code>a\nb</code></pre>"),
    ("<code>a  b</code> <kbd>c</kbd>", "a  b c", "<p><code>a  b</code> <code>c</code></p>"),
    ("<code></code>x", "x", "<p>x</p>"),
    ("&lt;b&gt; &amp;amp; &eacute; &#x41;", "<b> &amp; é A", "<p>&lt;b&gt; &amp;amp; é A</p>"),
    ("<h1>Top</h1><h6>low</h6>", "Top\nlow", "<h3>Top</h3><h6>low</h6>"),
    ("<h2></h2>x", "x", "<p>x</p>"),
    ("<blockquote>a<p>b</p></blockquote>", "> a\n> b", "<blockquote><p>a</p><p>b</p></blockquote>"),
    ("<blockquote></blockquote>x", "x", "<p>x</p>"),
    ("<hr>", "---", "<hr>"),
    ("<custom-thing>a <b>b</b></custom-thing>", "a b", "<p>a <strong>b</strong></p>"),
    ("a<!-- no -->b", "ab", "<p>ab</p>"),
    ("<script>no()</script>yes", "yes", "<p>yes</p>"),
    ("<style>p{}</style>yes", "yes", "<p>yes</p>"),
    ("<b>a<i>b</b>c</i>", "abc", "<p><strong>a<em>b</em></strong><em>c</em></p>"),
    ("</p></div>a", "a", "<p>a</p>"),
    (
        "<a href='https://example.org'>site</a>",
        "site (https://example.org)",
        '<p><a href="https://example.org">site</a></p>',
    ),
    (
        "<a href='https://example.org'></a>",
        "https://example.org",
        '<p><a href="https://example.org">https://example.org</a></p>',
    ),
    ("<a>none</a>", "none", "<p>none</p>"),
    ("<a href='/settings'>local</a>", "local (/settings)", "<p>local <code>/settings</code></p>"),
    (
        "<a href=' https://example.org '>site</a>",
        "site ( https://example.org )",
        '<p><a href="https://example.org">site</a></p>',
    ),
    (
        "<a href='java&#10;script:alert(1)'>x</a>",
        "x (java\nscript:alert(1))",
        "<p>x <code>java\nscript:alert(1)</code></p>",
    ),
    (
        "<a href='https://example.org'><p>a</p><p>b</p></a>",
        "a\nb (https://example.org)",
        '<p><a href="https://example.org">a<br>b</a></p>',
    ),
    (
        "<img src='https://example.org/a.png' alt='a cat'>",
        "a cat (https://example.org/a.png)",
        '<p><a href="https://example.org/a.png">a cat</a></p>',
    ),
    (
        "<img src='https://example.org/a.png'>",
        "https://example.org/a.png",
        '<p><a href="https://example.org/a.png">https://example.org/a.png</a></p>',
    ),
    ("<img alt='cat'>", "cat", "<p>cat</p>"),
    ("<img>x", "x", "<p>x</p>"),
    ("<img src='data:image/png;base64,AAAA'>", "data:image/png", "<p>data:image/png</p>"),
    ("<b><p>a</p></b>", "a", "<p>a</p>"),
    ("<b><i><div>a</div><div>b</div></i></b>", "a\nb", "<p><strong><em>a<br>b</em></strong></p>"),
    ("<p> a \n b </p>", "a b", "<p>a b</p>"),
    ("<p onclick='x()' style='color:red'>a</p>", "a", "<p>a</p>"),
    ("<dl><dt>a<dd>b</dl>", "a\nb", "<p>a</p><p>b</p>"),
    ("<details><summary>a</summary>b</details>", "a\nb", "<p>a</p><p>b</p>"),
    ("<frameset><frame></frameset>", "", ""),
    ("", "", ""),
    (
        "<svg><a href='https://example.org'>x</a></svg>",
        "x (https://example.org)",
        '<p><a href="https://example.org">x</a></p>',
    ),
    ("<title>no</title>yes", "yes", "<p>yes</p>"),
    ("a<wbr>b&nbsp;c", "ab\xa0c", "<p>ab\xa0c</p>"),
    ("<p><br>a<br></p>", "a", "<p>a</p>"),
    ("<ul><!-- no --><li>a</li></ul>", "- a", "<ul><li><p>a</p></li></ul>"),
    ("<blockquote><p>a</p></blockquote>b", "> a\nb", "<blockquote><p>a</p></blockquote><p>b</p>"),
    ("<p>x<b><br></b>y</p>", "x\ny", "<p>x<br>y</p>"),
    (
        "<a href='https://example.org'><img></a>",
        "https://example.org",
        '<p><a href="https://example.org">https://example.org</a></p>',
    ),
    ("<span><p>a</p></span>b", "a\nb", "<p>a</p><p>b</p>"),
    ("<ul><script>no()</script><li>a</ul>", "- a", "<ul><li><p>a</p></li></ul>"),
    ("<table><tr><td><ul><li>a</ul><td>b</table>", "- a\nb", "<ul><li><p>a</p></li></ul><p>b</p>"),
    ("<img src='x' title='t'>", "t (x)", "<p>t <code>x</code></p>"),
    ("<img src='data:,a' alt='words'>", "words", "<p>words</p>"),
    ("<pre><div>a</div><div>b</div></pre>", "a\nb", "<pre><code>a\nb</code></pre>"),
    ("<pre><code class>a</code></pre>", "a", "<pre><code>a</code></pre>"),
]
"""What is written, what is read, and what a page shows; every link has its `rel` and `target` besides."""


@pytest.mark.parametrize(("source", "read", "page"), SHAPES)
def test_a_text_reads_as_its_writer_saw_it(source: str, read: str, page: str):
    document = read_html(source)
    assert (plain(document), html(document)) == (read, page)


@pytest.mark.parametrize("source", [source for source, _, _ in SHAPES])
def test_what_is_shown_of_a_shape_holds_all_of_it_and_nothing_live(source: str):
    hold(read_html(source))


PIECES = [
    "<b>",
    "</b>",
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<ul>",
    "</ul>",
    "<li>",
    "<ol start=2>",
    "<table>",
    "</table>",
]
PIECES += [
    "<tr>",
    "<td>",
    "<th>",
    "<pre>",
    "</pre>",
    "<code>",
    "<br>",
    "<hr>",
    "<h2>",
    "</h2>",
    "<blockquote>",
    "<span>",
]
PIECES += [
    "<a href='https://example.org'>",
    "<a href='javascript:x()'>",
    "</a>",
    "<img src='x' alt='y'>",
    "<img onerror=x>",
]
PIECES += ["<script>", "</script>", "<style>", "<svg>", "<math>", "<template>", "<select>", "<frameset>", "<plaintext>"]
PIECES += [
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "&lt;",
    "&#x3c;script&#x3e;",
    "<",
    ">",
    "'",
    '"',
    "=",
    " ",
    "\n",
    "a",
    "7",
    "\0",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join))
def test_any_text_is_read_and_shown_whole(source: str):
    hold(read_html(source))


@pytest.mark.parametrize(
    "piece", [*PIECES, "<ul><li>", "<table><tr><td>", "<b><p>", "<a href=x><p>", "<p><b x=", "a<b>"]
)
def test_one_piece_very_often_is_read_and_shown_whole(piece: str):
    hold(read_html(piece * 2000 + "last"))


@pytest.mark.parametrize(
    "piece", ["<div>", "<b>", "<table><tr><td>", "<ul><li>", "<blockquote>", "<custom-thing>", "<i><div>"]
)
@pytest.mark.parametrize("times", [10, 100, 2000])
def test_however_deep_a_word_is_it_is_read(piece: str, times: int):
    assert "last" in plain(read_html(piece * times + "last"))


def test_styles_that_nothing_ends_do_not_multiply():
    source = "".join(f"<p><font size={number}>word{number}" for number in range(2000))
    document = read_html(source)
    hold(document)
    assert plain(document).split() == [f"word{number}" for number in range(2000)]


def test_a_long_page_of_little_depth_is_read_with_its_elements():
    assert html(read_html("<div><b>a</b></div>" * 20_000)).count("<strong>") == 20_000


def test_what_is_deeper_than_a_tree_goes_is_its_words_and_nothing_else():
    deep = "<script>no()</script><p>a</p><p>b<br>c</p><!-- no --><code>d</code>"
    assert plain(read_html("<div>" * 40 + deep)) == "a b c d"
    assert plain(read_html("<b>" * 40 + "a  b" + "<code></code><i></i>")) == "a b"
    assert plain(read_html("<b>" * 23 + "<code>a  b</code>")) == "a  b"


@pytest.mark.parametrize("end", ["", "</a>", "</script>", "\0", "\ud800", "<!--", "&#0;", "&#xD800;", "&"])
def test_no_end_of_a_text_is_refused(end: str):
    assert plain(read_html(f"words {end}")).startswith("words")


def test_a_link_is_who_the_reader_of_its_address_says_it_is():
    def mentioned(address: str, attributes: object) -> Mention | None:
        return Mention("user", "U1") if address == "/ada" else None

    document = read_html("<a href='/ada'> Ada <b>L</b></a><a href='/ada'></a><a href='/bob'>B</a>", mentioned)
    assert document == (Paragraph((Mention("user", "U1", "Ada L"), Mention("user", "U1"), Link("/bob", (Text("B"),)))),)


def test_the_language_of_code_is_kept():
    assert read_html("<pre><code class='hljs language-py'>x</code></pre>") == (CodeBlock("x", "py"),)
    assert read_html("<pre>x</pre>") == (CodeBlock("x"),)


def test_only_a_first_row_of_headings_is_one():
    assert [
        table.headed
        for table in read_html("<table><tr><th>a</table><table><tr><th>a<td>b</table>")
        if isinstance(table, Table)
    ] == [True, False]


def test_white_space_of_code_within_a_line_is_kept():
    assert read_html("<p>\n a <code> b  c </code> </p>") == (Paragraph((Text("a "), Code(" b  c "))),)
