"""Slack's blocks and attachments: what a message shows where its text is empty or says less.

Owns: the shapes of Block Kit and of rich text, as far as they hold words. Must not know: records, who is mentioned.
Every value may be of any shape: what is not understood gives the text that is found in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyhost.text.formats.emoji_names import emoji_called
from polyhost.text.formats.mrkdwn import read_mrkdwn
from polyhost.text.tree import (
    MOST_DEPTH,
    Block,
    Break,
    Code,
    CodeBlock,
    Document,
    Heading,
    Inline,
    Link,
    Listing,
    Mention,
    Paragraph,
    Quote,
    Rule,
    Style,
    Styled,
    Text,
    merged,
)

__all__ = ["read_slack_attachments", "read_slack_blocks"]

_STYLES: tuple[tuple[str, Style], ...] = (
    ("bold", "strong"),
    ("italic", "emphasis"),
    ("strike", "struck"),
    ("underline", "underlined"),
)
_TITLE_LEVEL = 3
_WORDS = ("text", "title", "alt_text", "fallback", "value", "label", "description", "url")
"""Fields that hold words in elements of a kind nobody has told of yet."""


def read_slack_blocks(blocks: object) -> Document:
    """What a message's `blocks` say."""
    return tuple(block for one in _mappings(blocks) for block in _block(one))


def read_slack_attachments(attachments: object) -> Document:
    """What a message's `attachments` say: each is a quotation beside the message."""
    return tuple(Quote(inner) for one in _mappings(attachments) if (inner := tuple(_attachment(one))))


def _block(block: Mapping[str, Any]) -> Iterator[Block]:
    match block.get("type"):
        case "rich_text":
            for element in _mappings(block.get("elements")):
                yield from _rich(element, 0)
        case "header":
            if said := _plain(block.get("text")):
                yield Heading(_TITLE_LEVEL, (Text(said),))
        case "divider":
            yield Rule()
        case "section":
            for part in (block.get("text"), *_mappings(block.get("fields"))):
                yield from _text_object(part)
            yield from _found(block.get("accessory"))
        case "context":
            for element in _mappings(block.get("elements")):
                yield from _found(element) if element.get("type") == "image" else _text_object(element)
        case _:
            yield from _found(block)


def _rich(element: Mapping[str, Any], depth: int) -> Iterator[Block]:
    if depth > MOST_DEPTH // 4:
        yield from _found(element)
        return
    match element.get("type"):
        case "rich_text_list":
            items = tuple(tuple(_rich(one, depth + 1)) for one in _mappings(element.get("elements")))
            numbered = element.get("style") == "ordered"
            listing = Listing(items, (_whole(element.get("offset")) + 1) if numbered else None)
            for _ in range(0 if depth else min(_whole(element.get("indent")), MOST_DEPTH // 4)):
                listing = Listing(((listing,),))
            yield listing
        case "rich_text_quote":
            if inline := _inline(element):
                yield Quote((Paragraph(inline),))
        case "rich_text_preformatted":
            if said := "".join(_said(one) for one in _mappings(element.get("elements"))):
                yield CodeBlock(said)
        case _:
            if inline := _inline(element):
                yield Paragraph(inline)


def _inline(element: Mapping[str, Any]) -> tuple[Inline, ...]:
    return merged(part for one in _mappings(element.get("elements")) for part in _element(one))


def _element(element: Mapping[str, Any]) -> Iterator[Inline]:
    match element.get("type"):
        case "link" if target := _string(element.get("url")):
            yield _in_style(element, Link(target, (Text(_string(element.get("text")) or target),)))
        case "user" | "channel" | "usergroup" as kind:
            key = _string(element.get(f"{kind}_id"))
            yield Mention("group" if kind == "usergroup" else kind, key)
        case "broadcast":
            yield Mention("everyone", _string(element.get("range")) or "everyone")
        case "emoji":
            tone = element.get("skin_tone")
            name = _string(element.get("name"))
            yield emoji_called(f"{name}::skin-tone-{tone}" if isinstance(tone, int) else name)
        case _:
            yield from _styled_lines(element)


def _styled_lines(element: Mapping[str, Any]) -> Iterator[Inline]:
    for number, line in enumerate(_said(element).split("\n")):
        if number:
            yield Break()
        if line:
            yield _in_style(element, Text(line))


def _in_style(element: Mapping[str, Any], node: Inline) -> Inline:
    style = element.get("style")
    if not isinstance(style, dict):
        return node
    if style.get("code") and isinstance(node, Text):
        node = Code(node.value)
    for name, means in _STYLES:
        if style.get(name):
            node = Styled(means, (node,))
    return node


def _attachment(one: Mapping[str, Any]) -> Iterator[Block]:
    yield from _lines_of(one.get("pretext"))
    for name in ("service_name", "author_name"):
        if said := _string(one.get(name)):
            yield Paragraph((Text(said),))
    title, address = _string(one.get("title")), _string(one.get("title_link")) or _string(one.get("from_url"))
    if title or address:
        shown = (Text(title or address),)
        yield Paragraph((Link(address, shown),) if address else (Styled("strong", shown),))
    yield from _lines_of(one.get("text"))
    for each in _mappings(one.get("fields")):
        yield from _labelled(_string(each.get("title")), each.get("value"))
    inner = read_slack_blocks(one.get("blocks"))
    yield from inner
    if not (inner or title or address or one.get("text") or one.get("pretext")):
        yield from _lines_of(one.get("fallback"))
    yield from _lines_of(one.get("footer"))


def _labelled(title: str, value: object) -> Iterator[Block]:
    if title:
        yield Paragraph((Styled("strong", (Text(title),)),))
    yield from _lines_of(value)


def _picture(block: Mapping[str, Any]) -> Iterator[Block]:
    address = next((said for name in ("image_url", "video_url") if (said := _string(block.get(name)))), "")
    named = _plain(block.get("title")) or _string(block.get("alt_text")) or address
    if named:
        yield Paragraph((Link(address, (Text(named),)) if address else Text(named),))


def _text_object(value: object) -> Iterator[Block]:
    """Block Kit's text: `mrkdwn` or `plain_text`."""
    if isinstance(value, dict) and value.get("type") == "plain_text":
        if said := _plain(value):
            yield Paragraph((Text(said),))
    elif isinstance(value, dict):
        yield from _lines_of(value.get("text"))


def _found(value: object) -> Iterator[Block]:
    """Whatever words are in something of an unknown shape, in their order, however deep they are."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(reversed(one))
        elif isinstance(one, dict):
            match one.get("type"):
                case "button" if address := _string(one.get("url")):
                    yield Paragraph((Link(address, (Text(_plain(one.get("text")) or address),)),))
                case "button":
                    yield from _text_object(one.get("text"))
                case "image" | "video":
                    yield from _picture(one)
                case _:
                    waiting.extend(reversed([inner for name, inner in one.items() if name in _WORDS or _holds(inner)]))
        else:
            yield from _lines_of(one)


def _holds(value: object) -> bool:
    return isinstance(value, dict | list)


def _lines_of(value: object) -> Document:
    return read_mrkdwn(value) if isinstance(value, str) else ()


def _said(element: Mapping[str, Any]) -> str:
    return next(
        (said for name in ("text", "url", "fallback", "name", "value") if (said := _string(element.get(name)))), ""
    )


def _plain(value: object) -> str:
    return _string(value.get("text")) if isinstance(value, dict) else _string(value)


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 10**9 else 0


def _mappings(value: object) -> Sequence[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
