"""Slack's blocks and attachments: shapes that its programs send, and every other JSON."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbitrary import anything, bent
from polyhost.text.formats.slack_blocks import read_slack_attachments, read_slack_blocks
from text.shown import hold, html, plain

pytestmark = pytest.mark.requirement("RD-1")


def rich(*elements: Any, kind: str = "rich_text_section", **more: Any) -> dict[str, Any]:
    return {"type": "rich_text", "block_id": "b1", "elements": [{"type": kind, "elements": list(elements), **more}]}


def words(text: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def section(*elements: Any) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements)}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": "a1", "text": {"type": "plain_text", "text": "Open"}, "value": "v1", **more}


LINK = {"type": "link", "url": "https://example.org"}
IMAGE = {"type": "image", "image_url": "https://example.org/a.png", "alt_text": "a cat"}

BLOCKS: list[tuple[dict[str, Any], str, str]] = [
    (rich(words("hello")), "hello", "<p>hello</p>"),
    (rich(words("a", bold=True)), "a", "<p><strong>a</strong></p>"),
    (rich(words("a", italic=True, strike=True)), "a", "<p><s><em>a</em></s></p>"),
    (rich(words("a", underline=True)), "a", "<p><u>a</u></p>"),
    (rich(words("*a*", code=True)), "*a*", "<p><code>*a*</code></p>"),
    (rich(words("a", bold=False)), "a", "<p>a</p>"),
    (rich(words("one\ntwo\n")), "one\ntwo\n", "<p>one<br>two<br></p>"),
    (rich(words("<b>&lt;")), "<b>&lt;", "<p>&lt;b&gt;&amp;lt;</p>"),
    (rich(LINK), "https://example.org", '<p><a href="https://example.org">https://example.org</a></p>'),
    (rich(LINK | {"text": "us"}), "us (https://example.org)", '<p><a href="https://example.org">us</a></p>'),
    (
        rich(LINK | {"text": "us", "style": {"bold": True, "code": True}}),
        "us (https://example.org)",
        '<p><strong><a href="https://example.org">us</a></strong></p>',
    ),
    (rich(LINK | {"url": "javascript:x"}), "javascript:x", "<p>javascript:x</p>"),
    (rich({"type": "link", "text": "us"}), "us", "<p>us</p>"),
    (rich({"type": "user", "user_id": "U1"}), "@Ada Lovelace", '<p><span class="mention">@Ada Lovelace</span></p>'),
    (rich({"type": "channel", "channel_id": "C1"}), "#general", '<p><span class="mention">#general</span></p>'),
    (rich({"type": "usergroup", "usergroup_id": "S1"}), "@team", '<p><span class="mention">@team</span></p>'),
    (rich({"type": "broadcast", "range": "here"}), "@here", '<p><span class="mention everyone">@here</span></p>'),
    (rich({"type": "broadcast"}), "@everyone", '<p><span class="mention everyone">@everyone</span></p>'),
    (rich({"type": "emoji", "name": "tada"}), "🎉", '<p><span class="emoji" title=":tada:">🎉</span></p>'),
    (
        rich({"type": "emoji", "name": "wave", "skin_tone": 2}),
        "👋🏻",
        '<p><span class="emoji" title=":wave::skin-tone-2:">👋🏻</span></p>',
    ),
    (rich({"type": "date", "timestamp": 1, "fallback": "18 Feb"}), "18 Feb", "<p>18 Feb</p>"),
    (rich({"type": "color", "value": "#ff0000"}), "#ff0000", "<p>#ff0000</p>"),
    (rich(), "", ""),
    (rich(words("a"), kind="rich_text_quote"), "> a", "<blockquote><p>a</p></blockquote>"),
    (rich(kind="rich_text_quote"), "", ""),
    (
        rich(words("a\n"), LINK, kind="rich_text_preformatted"),
        "a\nhttps://example.org",
        "<pre><code>a\nhttps://example.org</code></pre>",
    ),
    (rich(kind="rich_text_preformatted"), "", ""),
    (
        rich(section(words("a")), section(words("b")), kind="rich_text_list", style="bullet"),
        "- a\n- b",
        "<ul><li><p>a</p></li><li><p>b</p></li></ul>",
    ),
    (
        rich(section(words("a")), kind="rich_text_list", style="ordered", offset=2),
        "3. a",
        '<ol start="3"><li><p>a</p></li></ol>',
    ),
    (
        rich(section(words("a")), kind="rich_text_list", style="bullet", indent=1),
        "- - a",
        "<ul><li><ul><li><p>a</p></li></ul></li></ul>",
    ),
    ({"type": "header", "text": {"type": "plain_text", "text": "*Top*"}}, "*Top*", "<h3>*Top*</h3>"),
    ({"type": "header"}, "", ""),
    ({"type": "divider"}, "---", "<hr>"),
    ({"type": "section", "text": mrkdwn("*a*")}, "a", "<p><strong>a</strong></p>"),
    ({"type": "section", "text": {"type": "plain_text", "text": "*a*"}}, "*a*", "<p>*a*</p>"),
    ({"type": "section", "text": {"type": "plain_text"}}, "", ""),
    ({"type": "section", "fields": [mrkdwn("a"), mrkdwn("b")]}, "a\nb", "<p>a</p><p>b</p>"),
    ({"type": "section", "text": mrkdwn("a"), "accessory": button()}, "a\nOpen", "<p>a</p><p>Open</p>"),
    (
        {"type": "section", "accessory": button(url="https://example.org")},
        "Open (https://example.org)",
        '<p><a href="https://example.org">Open</a></p>',
    ),
    (
        {"type": "actions", "elements": [button(url="javascript:x")]},
        "Open (javascript:x)",
        "<p>Open <code>javascript:x</code></p>",
    ),
    (
        {"type": "context", "elements": [IMAGE, mrkdwn("a")]},
        "a cat (https://example.org/a.png)\na",
        '<p><a href="https://example.org/a.png">a cat</a></p><p>a</p>',
    ),
    (
        IMAGE | {"title": {"text": "Cat"}},
        "Cat (https://example.org/a.png)",
        '<p><a href="https://example.org/a.png">Cat</a></p>',
    ),
    ({"type": "image", "alt_text": "a cat"}, "a cat", "<p>a cat</p>"),
    ({"type": "image"}, "", ""),
    (
        {"type": "video", "video_url": "https://example.org/v"},
        "https://example.org/v",
        '<p><a href="https://example.org/v">https://example.org/v</a></p>',
    ),
    (
        {"type": "new", "text": {"text": "a", "label": ["b", {"title": "c"}]}, "id": "no"},
        "a\nb\nc",
        "<p>a</p><p>b</p><p>c</p>",
    ),
    ({"text": "a"}, "a", "<p>a</p>"),
]

ATTACHMENTS: list[tuple[dict[str, Any], str]] = [
    ({"text": "*a*"}, "> a"),
    ({"pretext": "before", "text": "a", "footer": "end"}, "> before\n> a\n> end"),
    ({"title": "T", "title_link": "https://example.org", "text": "a"}, "> T (https://example.org)\n> a"),
    ({"title": "T"}, "> T"),
    ({"from_url": "https://example.org"}, "> https://example.org"),
    ({"service_name": "Site", "author_name": "Ada"}, "> Site\n> Ada"),
    ({"fields": [{"title": "State", "value": "open"}, {"value": "b"}]}, "> State\n> open\n> b"),
    ({"fallback": "a"}, "> a"),
    ({"fallback": "a", "text": "b"}, "> b"),
    ({"fallback": "a", "blocks": [{"type": "section", "text": mrkdwn("b")}]}, "> b"),
    ({}, ""),
    ({"text": None, "title": 7, "fields": "x"}, ""),
]

VALID = [block for block, _, _ in BLOCKS]


@pytest.mark.parametrize(("block", "read", "page"), BLOCKS)
def test_a_block_reads_as_its_writer_saw_it(block: dict[str, Any], read: str, page: str):
    document = read_slack_blocks([block])
    hold(document)
    assert (plain(document), html(document)) == (read, page)


@pytest.mark.parametrize(("attachment", "read"), ATTACHMENTS)
def test_an_attachment_is_quoted(attachment: dict[str, Any], read: str):
    document = read_slack_attachments([attachment])
    hold(document)
    assert plain(document) == read


@given(anything)
def test_any_json_is_read_and_shown_whole(value: Any):
    hold(read_slack_blocks(value))
    hold(read_slack_blocks([value]))
    hold(read_slack_attachments(value))


@given(st.lists(bent(*VALID), max_size=3))
def test_any_bent_block_is_read_and_shown_whole(blocks: list[dict[str, Any]]):
    hold(read_slack_blocks(blocks))
    hold(read_slack_attachments([{"blocks": blocks}]))


@given(st.lists(bent(*[attachment for attachment, _ in ATTACHMENTS]), max_size=3))
def test_any_bent_attachment_is_read_and_shown_whole(attachments: list[dict[str, Any]]):
    hold(read_slack_attachments(attachments))


def test_however_deep_words_are_they_are_read():
    unknown: dict[str, Any] = {"text": "last"}
    listing: dict[str, Any] = section(words("last"))
    for _ in range(5000):
        unknown = {"inner": [unknown]}
        listing = {"type": "rich_text_list", "indent": 8, "elements": [listing]}
    for document in (read_slack_blocks([unknown]), read_slack_blocks([{"type": "rich_text", "elements": [listing]}])):
        hold(document)
        assert "last" in plain(document)
