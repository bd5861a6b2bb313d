"""A tree as Markdown: what is text in the tree is escaped, and starts no heading, link or HTML of its own.

Must not know: formats, files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from polyhost.text.renderings.html import followed
from polyhost.text.renderings.plain import called, named_target, plain_text
from polyhost.text.tree import (
    Block,
    Code,
    CodeBlock,
    Document,
    Emoji,
    Heading,
    Inline,
    Link,
    Listing,
    Mention,
    Namer,
    Paragraph,
    Quote,
    Styled,
    Table,
    Text,
)

__all__ = ["escaped", "markdown_text"]

_SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>#|~!&"})
_LINE_START = re.compile(r"^([^\S\n]*)([-+=]|\d+[.)])", re.MULTILINE)  # in one line: gone through once
_STYLES = {"strong": "**", "emphasis": "*", "struck": "~~", "underlined": ""}
_LEAST_LEVEL = 3
_FENCE = "```"
_NEW_LINE = re.compile(r"\r\n?|\n")
_IN_TARGET = str.maketrans({sign: f"%{ord(sign):02X}" for sign in "<>\\` "} | {"&": "&amp;"})


def escaped(text: str) -> str:
    """Text that a reader of Markdown shows as it is."""
    return _LINE_START.sub(_before_last, text.translate(_SPECIAL))


def markdown_text(document: Document, names: Namer) -> str:
    return "\n\n".join("\n".join(_lines(block, names)) for block in document)


def _before_last(found: re.Match[str]) -> str:
    """A backslash before what would begin a list, a rule or a heading."""
    space, mark = found.groups()
    return f"{space}{mark[:-1]}\\{mark[-1]}"


def _inlines(nodes: Iterable[Inline], names: Namer) -> str:
    return "".join(_inline(node, names) for node in nodes)


def _inline(node: Inline, names: Namer) -> str:
    match node:
        case Text(value):
            return escaped(_NEW_LINE.sub("\n", value))
        case Code(value):
            value = _NEW_LINE.sub(" ", value)
            fence = "`" * (1 + max(map(len, re.findall(r"`+", value)), default=0))
            return f"{fence} {value} {fence}" if "`" in value else f"`{value}`"
        case Styled(style, children):
            inner = _inlines(children, names)
            sign = _STYLES[style]
            return f"{sign}{inner}{sign}" if inner and inner.strip() == inner and inner[0] != "~" else inner
        case Link():
            return _link(node, names)
        case Mention():
            return f"**{escaped(' '.join(called(node, names).split()))}**"
        case Emoji(name, symbol):
            return escaped(symbol or f":{name}:")
        case _:
            return "  \n"


def _link(link: Link, names: Namer) -> str:
    words = _inlines(link.children, names) or escaped(link.target)
    if not followed(link.target):
        _, hidden = named_target(link, names)
        return words if hidden is None else f"{words} ({escaped(hidden)})"
    return f"[{words}](<{link.target.strip().translate(_IN_TARGET)}>)"


def _lines(block: Block, names: Namer) -> Iterator[str]:
    match block:
        case Paragraph(children):
            yield from map(str.lstrip, _inlines(children, names).split("\n"))
        case Heading(level, children):
            yield f"{'#' * max(level, _LEAST_LEVEL)} {' '.join(_inlines(children, names).split())}"
        case CodeBlock(value):
            fence = max([_FENCE, *("`" + run for run in re.findall(r"`{3,}", value))], key=len)
            yield from (fence, *_NEW_LINE.split(value), fence)
        case Quote(blocks):
            yield from _within(blocks, names, "> ", "> ")
        case Listing(items, first):
            for number, item in enumerate(items, 0 if first is None else first):
                mark = "- " if first is None else f"{number}. "
                yield from _within(item, names, mark, " " * len(mark))
        case Table():
            yield from (escaped(line) for line in _NEW_LINE.split(plain_text((block,), names)))
        case _:
            yield "---"


def _within(blocks: Document, names: Namer, first: str, further: str) -> Iterator[str]:
    for number, line in enumerate(markdown_text(blocks, names).split("\n")):
        yield (further if number else first) + line
