"""Slack's text format: shapes that people send, and what is shown of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyhost.text.formats.mrkdwn import read_mrkdwn, read_mrkdwn_line
from polyhost.text.tree import Code, Link, Mention, Paragraph, Styled, Text
from text.shown import hold, html, plain

pytestmark = pytest.mark.requirement("RD-1")

SHAPES = [
    ("hello", "hello", "<p>hello</p>"),
    ("*bold*", "bold", "<p><strong>bold</strong></p>"),
    ("(*bold*)", "(bold)", "<p>(<strong>bold</strong>)</p>"),
    ("*bold*, *bold*.", "bold, bold.", "<p><strong>bold</strong>, <strong>bold</strong>.</p>"),
    ("_soft_ and ~gone~", "soft and gone", "<p><em>soft</em> and <s>gone</s></p>"),
    ("snake_case_words", "snake_case_words", "<p>snake_case_words</p>"),
    ("2*3*4", "2*3*4", "<p>2*3*4</p>"),
    ("2 * 3 * 4", "2 * 3 * 4", "<p>2 * 3 * 4</p>"),
    ("*_both_*", "both", "<p><strong><em>both</em></strong></p>"),
    ("_a *b* c_", "a b c", "<p><em>a <strong>b</strong> c</em></p>"),
    ("*a _b* c_", "a _b c_", "<p><strong>a _b</strong> c_</p>"),
    ("**twice**", "twice", "<p><strong><strong>twice</strong></strong></p>"),
    ("a * b", "a * b", "<p>a * b</p>"),
    ("*open only", "*open only", "<p>*open only</p>"),
    ("`*code*`", "*code*", "<p><code>*code*</code></p>"),
    ("`a` and `b`", "a and b", "<p><code>a</code> and <code>b</code></p>"),
    ("a ` b", "a ` b", "<p>a ` b</p>"),
    ("```x = 1\ny = 2```", "x = 1\ny = 2", "<pre><code>x = 1\ny = 2</code></pre>"),
    ("before\n```\ncode\n```\nafter", "before\ncode\nafter", "<p>before</p><pre><code>code</code></pre><p>after</p>"),
    ("```unclosed fence", "```unclosed fence", "<p>```unclosed fence</p>"),
    ("``````", "``````", "<p>``````</p>"),
    ("```a``` and ```b```", "a\n and \nb", "<pre><code>a</code></pre><p> and </p><pre><code>b</code></pre>"),
    ("<https://example.org>", "https://example.org", '<p><a href="https://example.org">https://example.org</a></p>'),
    (
        "<https://example.org|our site>",
        "our site (https://example.org)",
        '<p><a href="https://example.org">our site</a></p>',
    ),
    (
        "*<https://example.org/a?b=1&amp;c=2|site>*",
        "site (https://example.org/a?b=1&c=2)",
        '<p><strong><a href="https://example.org/a?b=1&amp;c=2">site</a></strong></p>',
    ),
    (
        "<mailto:ada@example.org|ada@example.org>",
        "ada@example.org",
        '<p><a href="mailto:ada@example.org">ada@example.org</a></p>',
    ),
    ("<mailto:ada@example.org>", "ada@example.org", '<p><a href="mailto:ada@example.org">ada@example.org</a></p>'),
    ("<tel:+441234|call>", "call (tel:+441234)", '<p><a href="tel:+441234">call</a></p>'),
    ("<javascript:alert(1)|click>", "click (javascript:alert(1))", "<p>click <code>javascript:alert(1)</code></p>"),
    ("<data:text/html,hi|click>", "click (data:text/html,hi)", "<p>click <code>data:text/html,hi</code></p>"),
    ("<@U1>", "@Ada Lovelace", '<p><span class="mention">@Ada Lovelace</span></p>'),
    ("<@U9|bob>", "@bob", '<p><span class="mention">@bob</span></p>'),
    ("<@U9>", "@U9", '<p><span class="mention">@U9</span></p>'),
    ("<#C1|general>", "#general", '<p><span class="mention">#general</span></p>'),
    ("<#C9|>", "#C9", '<p><span class="mention">#C9</span></p>'),
    ("<!here>", "@here", '<p><span class="mention everyone">@here</span></p>'),
    ("<!channel|@channel>", "@channel", '<p><span class="mention everyone">@channel</span></p>'),
    ("<!subteam^S1|@team>", "@team", '<p><span class="mention">@team</span></p>'),
    ("<!subteam^S9>", "@S9", '<p><span class="mention">@S9</span></p>'),
    ("<!date^1392734382^{date}|18 Feb>", "18 Feb", "<p>18 Feb</p>"),
    (
        "<!date^1392734382^{date}^https://example.org|18 Feb>",
        "18 Feb (https://example.org)",
        '<p><a href="https://example.org">18 Feb</a></p>',
    ),
    ("<!odd>", "<!odd>", "<p>&lt;!odd&gt;</p>"),
    ("<>", "<>", "<p>&lt;&gt;</p>"),
    ("a < b", "a < b", "<p>a &lt; b</p>"),
    ("&lt;b&gt;", "<b>", "<p>&lt;b&gt;</p>"),
    ("&amp;lt;", "&lt;", "<p>&amp;lt;</p>"),
    ("R&amp;D", "R&D", "<p>R&amp;D</p>"),
    ("&gt; quoted", "> quoted", "<blockquote><p>quoted</p></blockquote>"),
    ("&gt; one\n&gt; two\nafter", "> one\n> two\nafter", "<blockquote><p>one<br>two</p></blockquote><p>after</p>"),
    ("&gt;&gt;&gt; all\nof this", "> all\n> of this", "<blockquote><p>all<br>of this</p></blockquote>"),
    ("before\n&gt; quote", "before\n> quote", "<p>before</p><blockquote><p>quote</p></blockquote>"),
    (":tada:", "🎉", '<p><span class="emoji" title=":tada:">🎉</span></p>'),
    ("10:30:45", "10:30:45", "<p>10:30:45</p>"),
    (":wave::skin-tone-2:", "👋🏻", '<p><span class="emoji" title=":wave::skin-tone-2:">👋🏻</span></p>'),
    (":house-style:", ":house-style:", '<p><span class="emoji" title=":house-style:">:house-style:</span></p>'),
    ("a:b:c", "a:b:c", "<p>a:b:c</p>"),
    ("one\ntwo", "one\ntwo", "<p>one<br>two</p>"),
    ("one\n\ntwo", "one\n\ntwo", "<p>one<br><br>two</p>"),
    ("• one\n• two", "• one\n• two", "<p>• one<br>• two</p>"),
    ("~struck~ & <odd", "struck & <odd", "<p><s>struck</s> &amp; &lt;odd</p>"),
    ("`curl <https://example.org>`", "curl https://example.org", "<p><code>curl https://example.org</code></p>"),
    ("```<http://example.org|example.org>```", "example.org", "<pre><code>example.org</code></pre>"),
    ("<script>alert(1)</script>", "<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
    ("*two\nlines*", "two\nlines", "<p><strong>two<br>lines</strong></p>"),
    ("it's_fine_", "it's_fine_", "<p>it&#x27;s_fine_</p>"),
    ("don~t~", "don~t~", "<p>don~t~</p>"),
    ("thanks:tada:", "thanks🎉", '<p>thanks<span class="emoji" title=":tada:">🎉</span></p>'),
    (
        ":tada::tada:",
        "🎉🎉",
        '<p><span class="emoji" title=":tada:">🎉</span><span class="emoji" title=":tada:">🎉</span></p>',
    ),
    (":TADA:", ":TADA:", "<p>:TADA:</p>"),
    ("<C:|x>", "<C:|x>", "<p>&lt;C:|x&gt;</p>"),
]
"""What is written, what is read, and what a page shows; every link has its `rel` and `target` besides."""


@pytest.mark.parametrize(("source", "read", "page"), SHAPES)
def test_a_text_reads_as_its_writer_saw_it(source: str, read: str, page: str):
    document = read_mrkdwn(source)
    assert (plain(document), html(document)) == (read, page)


@pytest.mark.parametrize("source", [source for source, _, _ in SHAPES])
def test_what_is_shown_of_a_shape_holds_all_of_it_and_nothing_live(source: str):
    hold(read_mrkdwn(source))


PIECES = [
    "*",
    "_",
    "~",
    "`",
    "```",
    "\n",
    " ",
    "a",
    "7",
    "<",
    ">",
    "|",
    "!",
    "@",
    "#",
    "<@U1>",
    "<https://example.org|",
]
PIECES += [
    "&gt;",
    "&gt;&gt;&gt;",
    "&amp;",
    "&lt;",
    ":",
    ":tada:",
    "javascript:",
    "<!date^1^",
    "<!subteam^",
    "\r",
    "\u202e",
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3)).map("".join))
def test_any_text_is_read_and_shown_whole(source: str):
    hold(read_mrkdwn(source))


@pytest.mark.parametrize("piece", [*PIECES, "&gt;\n", "*a ", "_a*b ", "<@", "`a\n", "a*", "<a:b|", "~ ~a"])
def test_one_piece_very_often_is_read_and_shown_whole(piece: str):
    hold(read_mrkdwn(piece * 2000))


@given(st.text(st.characters(categories=["L", "N", "Zs"], include_characters="*_~`"), max_size=60))
def test_no_letter_of_words_with_marks_is_lost(source: str):
    assert "".join(filter(str.isalnum, plain(read_mrkdwn(source)))) == "".join(filter(str.isalnum, source))


def test_a_line_has_the_same_inline_parts_without_blocks():
    assert read_mrkdwn_line("&gt; *a* <@U1> `b`") == (
        Text("> "),
        Styled("strong", (Text("a"),)),
        Text(" "),
        Mention("user", "U1"),
        Text(" "),
        Code("b"),
    )


def test_what_is_escaped_in_an_address_or_a_key_is_what_was_meant():
    assert read_mrkdwn("<https://example.org/?a&amp;b|R&amp;D><@U&amp;1>") == (
        Paragraph((Link("https://example.org/?a&b", (Text("R&D"),)), Mention("user", "U&1"))),
    )
