"""A tree as text without any marks: what search snippets, lines of a list and programs get.

Must not know: formats, surfaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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

__all__ = ["called", "inline_text", "named_target", "plain_text"]

_SIGNS = {"channel": "#", "room": "#"}


def plain_text(document: Document, names: Namer) -> str:
    """Every letter of it, lines as they are; mentions by label, else by key; an address beside words that hide it."""
    return "\n".join(line for block in document for line in _lines(block, names))


def inline_text(nodes: Iterable[Inline], names: Namer) -> str:
    """The same of inline parts."""
    return "".join(_inline(node, names) for node in nodes)


def called(mention: Mention, names: Namer) -> str:
    """`@Ada Lovelace`, `#general`: as one writes it, by its label, else its own words, else its key."""
    label = names(mention.kind, mention.key) or mention.label or mention.key
    sign = _SIGNS.get(mention.kind, "@")
    return label if label.startswith(sign) else f"{sign}{label}"


def named_target(link: Link, names: Namer) -> tuple[str, str | None]:
    """A link's words, and its address where they do not show it."""
    words = inline_text(link.children, names) or link.target
    shows = words in (link.target, link.target.removeprefix("mailto:"))
    return words, None if shows else link.target


def _inline(node: Inline, names: Namer) -> str:
    match node:
        case Text(value) | Code(value):
            return value
        case Styled(_, children):
            return inline_text(children, names)
        case Link():
            words, target = named_target(node, names)
            return words if target is None else f"{words} ({target})"
        case Mention():
            return called(node, names)
        case Emoji(name, symbol):
            return symbol or f":{name}:"
        case _:
            return "\n"


def _lines(block: Block, names: Namer) -> Iterator[str]:
    match block:
        case Paragraph(children) | Heading(_, children):
            yield from inline_text(children, names).split("\n")
        case CodeBlock(value):
            yield from value.split("\n")
        case Quote(blocks):
            yield from (f"> {line}" for inner in blocks for line in _lines(inner, names))
        case Listing(items, first):
            for number, item in enumerate(items, 0 if first is None else first):
                yield from _item("- " if first is None else f"{number}. ", item, names)
        case Table(rows):
            yield from (" | ".join(inline_text(cell, names).replace("\n", " ") for cell in row) for row in rows)
        case _:
            yield "---"


def _item(mark: str, blocks: Document, names: Namer) -> Iterator[str]:
    lines = [line for block in blocks for line in _lines(block, names)] or [""]
    yield mark + lines[0]
    yield from (" " * len(mark) + line for line in lines[1:])
