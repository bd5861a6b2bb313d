"""Markdown, with what people get wrong in it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyhost.text.formats.markdown import read_markdown
from polyhost.text.tree import CodeBlock
from text.shown import hold, html, plain

pytestmark = pytest.mark.requirement("RD-1")

SHAPES = [
    ("hello", "hello", "<p>hello</p>"),
    ("# Title", "Title", "<h3>Title</h3>"),
    ("####### seven", "####### seven", "<p>####### seven</p>"),
    ("Title\n===", "Title", "<h3>Title</h3>"),
    ("**a** *b* ~~c~~", "a b c", "<p><strong>a</strong> <em>b</em> <s>c</s></p>"),
    ("***a***", "a", "<p><em><strong>a</strong></em></p>"),
    ("snake_case_words", "snake_case_words", "<p>snake_case_words</p>"),
    ("2*3*4", "234", "<p>2<em>3</em>4</p>"),
    ("* a\n* b", "- a\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
    ("- a\n  - b", "- a\n  - b", "<ul><li><p>a</p><ul><li><p>b</p></li></ul></li></ul>"),
    ("1. a\n2. b", "1. a\n2. b", '<ol start="1"><li><p>a</p></li><li><p>b</p></li></ol>'),
    ("7. a", "7. a", '<ol start="7"><li><p>a</p></li></ol>'),
    ("1) a", "1. a", '<ol start="1"><li><p>a</p></li></ol>'),
    ("- [ ] todo", "- [ ] todo", "<ul><li><p>[ ] todo</p></li></ul>"),
    ("> q\n> r", "> q\n> r", "<blockquote><p>q<br>r</p></blockquote>"),
    ("> a\nlazy", "> a\n> lazy", "<blockquote><p>a<br>lazy</p></blockquote>"),
    ("> > deep", "> > deep", "<blockquote><blockquote><p>deep</p></blockquote></blockquote>"),
    ("`a`", "a", "<p><code>a</code></p>"),
    ("`` a`b ``", "a`b", "<p><code>a`b</code></p>"),
    ("```py\nx\n```", "x", "<pre><code>x</code></pre>"),
    ("```\nunclosed", "unclosed", "<pre><code>unclosed</code></pre>"),
    ("```several words\nx\n```", "several words\nx", "<pre><code>several words\nx</code></pre>"),
    ("```oops", "oops", "<pre><code>oops</code></pre>"),
    ("~~~\nx\n~~~", "x", "<pre><code>x</code></pre>"),
    ("    indented", "indented", "<pre><code>indented</code></pre>"),
    ("[a](https://example.org)", "a (https://example.org)", '<p><a href="https://example.org">a</a></p>'),
    (
        "[a](<https://example.org/a b>)",
        "a (https://example.org/a%20b)",
        '<p><a href="https://example.org/a%20b">a</a></p>',
    ),
    ("[a]", "[a]", "<p>[a]</p>"),
    ("[a][1]\n\n[1]: https://example.org", "a (https://example.org)", '<p><a href="https://example.org">a</a></p>'),
    ("[note]: lost", "[note]: lost", "<p>[note]: lost</p>"),
    ("[a](javascript:alert(1))", "[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
    ("<https://example.org>", "https://example.org", '<p><a href="https://example.org">https://example.org</a></p>'),
    ("<ada@example.org>", "ada@example.org", '<p><a href="mailto:ada@example.org">ada@example.org</a></p>'),
    (
        "![cat](https://example.org/a.png)",
        "cat (https://example.org/a.png)",
        '<p><a href="https://example.org/a.png">cat</a></p>',
    ),
    (
        "![](https://example.org/a.png)",
        "https://example.org/a.png",
        '<p><a href="https://example.org/a.png">https://example.org/a.png</a></p>',
    ),
    ("<b>a</b>", "<b>a</b>", "<p>&lt;b&gt;a&lt;/b&gt;</p>"),
    ("<script>alert(1)</script>", "<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
    ("a &amp; b &copy;", "a & b ©", "<p>a &amp; b ©</p>"),
    ("a\\*b\\*", "a*b*", "<p>a*b*</p>"),
    ("a  \nb", "a\nb", "<p>a<br>b</p>"),
    ("a\\\nb", "a\nb", "<p>a<br>b</p>"),
    ("a\nb", "a\nb", "<p>a<br>b</p>"),
    ("---", "---", "<hr>"),
    ("a\n\n---\n\nb", "a\n---\nb", "<p>a</p><hr><p>b</p>"),
    (
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "a | b\n1 | 2",
        "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>",
    ),
    ("|a|\n|-|", "a", "<table><tr><th>a</th></tr></table>"),
    ("a | b", "a | b", "<p>a | b</p>"),
    ("\\# no", "# no", "<p># no</p>"),
    ("1986\\. x", "1986. x", "<p>1986. x</p>"),
    ("#nospace", "#nospace", "<p>#nospace</p>"),
    ("**open", "**open", "<p>**open</p>"),
    ("a**b**c", "abc", "<p>a<strong>b</strong>c</p>"),
    ('[a](b "t")', "a (b)", "<p>a <code>b</code></p>"),
    ("![a *b*](x)", "a *b* (x)", "<p>a *b* <code>x</code></p>"),
    ("", "", ""),
    ("\tx", "x", "<pre><code>x</code></pre>"),
]
"""What is written, what is read, and what a page shows; every link has its `rel` and `target` besides."""


@pytest.mark.parametrize(("source", "read", "page"), SHAPES)
def test_a_text_reads_as_its_writer_saw_it(source: str, read: str, page: str):
    document = read_markdown(source)
    assert (plain(document), html(document)) == (read, page)


@pytest.mark.parametrize("source", [source for source, _, _ in SHAPES])
def test_what_is_shown_of_a_shape_holds_all_of_it_and_nothing_live(source: str):
    hold(read_markdown(source))


PIECES = [
    "*",
    "**",
    "_",
    "~~",
    "`",
    "```",
    "\n",
    "\n\n",
    "    ",
    "> ",
    "- ",
    "1. ",
    "# ",
    "[",
    "](",
    ")",
    "!",
    "<",
    ">",
    "|",
]
PIECES += [
    "a",
    "7",
    " ",
    "\\",
    "&amp;",
    "&#106;",
    "[a]: ",
    "https://example.org",
    "javascript:",
    "---",
    "|-|-|",
    "\t",
    "\r",
    "\0",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join))
@example("\\\n***")
def test_any_text_is_read_and_shown_whole(source: str):
    hold(read_markdown(source))


@pytest.mark.parametrize(
    "piece", [*PIECES, "*a **b ", "![", "[a](", "> - ", "[a]: b\n", "|a", "~~a ", "<http://a ", "[a][a]"]
)
def test_one_piece_very_often_is_read_and_shown_whole(piece: str):
    hold(read_markdown(piece * 2000 + "\n\nlast"))


@pytest.mark.parametrize(
    "source",
    [
        "> " * 3000 + "last",
        "**" * 3000 + "last" + "**" * 3000,
        "*a **b " * 300 + "last" + " c** d*" * 300,
        "".join("  " * level + "- a\n" for level in range(100)) + "\nlast",
        "![" * 3000 + "last" + "](x)" * 3000,
        "[" * 30_000 + "last",
        "[a]: b\n" * 3000 + "last",
        "|a" * 400 + "|\n" + "|-" * 400 + "|\n" + "|b|\n" * 3000 + "|last|",
        "*" * 100_000 + "last",
    ],
)
def test_what_nests_without_end_loses_no_word(source: str):
    document = read_markdown(source)
    hold(document)
    assert "last" in plain(document)


def test_a_long_list_of_links_is_read_as_one():
    source = "".join(
        f"- [name {number}](https://example.org/{number}) says a few words about it\n" for number in range(2000)
    )
    assert html(read_markdown(source)).count("<a href=") == 2000


def test_what_no_link_leads_to_is_shown_as_it_is_written():
    assert plain(read_markdown("[a]: one word\n\n[b][a]")) == "[a]: one word\n[b][a]"
    assert plain(read_markdown("[todo]: everything")) == "[todo]: everything"
    assert plain(read_markdown("![a][b]\n\n[b]: https://example.org")) == "a (https://example.org)"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("```c++\nx\n```", CodeBlock("x", "c++")),
        ("```x = 1; y = 2\nz\n```", CodeBlock("x = 1; y = 2\nz")),
        ("```oops", CodeBlock("oops")),
        ("```\n\n```", CodeBlock("")),
    ],
)
def test_what_stands_behind_a_fence_is_a_language_or_words(source: str, code: CodeBlock):
    assert read_markdown(source) == (code,)
