"""A tree as HTML that is safe to show: markup of ours around escaped text, and nothing of the source's.

Owns: which addresses may be followed. Must not know: formats, pages, styles.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from polyhost.text.renderings.plain import called, named_target
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

__all__ = ["followed", "html_text"]

_STYLES = {"strong": "strong", "emphasis": "em", "struck": "s", "underlined": "u"}
_FOLLOWED = ("https://", "http://", "mailto:", "tel:", "sip:", "xmpp:", "matrix:", "geo:")
_LEAST_LEVEL = 3
"""Of a heading: the page's own are above it."""


def followed(target: str) -> bool:
    """Whether an address leads somewhere and runs nothing. `http:settings` would lead to the page's own site."""
    return target.strip().lower().startswith(_FOLLOWED) and target.isprintable()


def html_text(document: Document, names: Namer) -> str:
    return "".join(_block(block, names) for block in document)


def _inlines(nodes: Iterable[Inline], names: Namer) -> str:
    return "".join(_inline(node, names) for node in nodes)


def _inline(node: Inline, names: Namer) -> str:
    match node:
        case Text(value):
            return escape(value)
        case Code(value):
            return f"<code>{escape(value)}</code>"
        case Styled(style, children):
            return f"<{_STYLES[style]}>{_inlines(children, names)}</{_STYLES[style]}>"
        case Link():
            return _link(node, names)
        case Mention(kind):
            looks = "mention everyone" if kind == "everyone" else "mention"
            return f'<span class="{looks}">{escape(called(node, names))}</span>'
        case Emoji(name, symbol):
            return f'<span class="emoji" title=":{escape(name)}:">{escape(symbol or f":{name}:")}</span>'
        case _:
            return "<br>"


def _link(link: Link, names: Namer) -> str:
    inner = _inlines(link.children, names) or escape(link.target)
    if not followed(link.target):
        _, hidden = named_target(link, names)
        return inner if hidden is None else f"{inner} <code>{escape(hidden)}</code>"
    return f'<a href="{escape(link.target.strip())}" rel="noopener noreferrer nofollow" target="_blank">{inner}</a>'


def _block(block: Block, names: Namer) -> str:
    match block:
        case Paragraph(children):
            return f"<p>{_inlines(children, names)}</p>"
        case Heading(level, children):
            tag = f"h{min(6, max(_LEAST_LEVEL, level))}"
            return f"<{tag}>{_inlines(children, names)}</{tag}>"
        case CodeBlock(value):
            return f"<pre><code>{escape(value)}</code></pre>"
        case Quote(blocks):
            return f"<blockquote>{html_text(blocks, names)}</blockquote>"
        case Listing(items, first):
            inner = "".join(f"<li>{html_text(item, names)}</li>" for item in items)
            return f"<ul>{inner}</ul>" if first is None else f'<ol start="{first}">{inner}</ol>'
        case Table():
            return _table(block, names)
        case _:
            return "<hr>"


def _table(table: Table, names: Namer) -> str:
    rows = "".join(
        "<tr>" + "".join(_cell("th" if table.headed and not number else "td", cell, names) for cell in row) + "</tr>"
        for number, row in enumerate(table.rows)
    )
    return f"<table>{rows}</table>"


def _cell(tag: str, cell: Iterable[Inline], names: Namer) -> str:
    return f"<{tag}>{_inlines(cell, names)}</{tag}>"
