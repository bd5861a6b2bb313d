"""Markdown (CommonMark, with tables and struck text).

Owns: from its tokens to the tree. Must not know: surfaces. The parser is markdown-it-py; HTML in it is shown as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from polyhost.text.formats.plain import read_plain
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
    Paragraph,
    Quote,
    Rule,
    Style,
    Styled,
    Table,
    Text,
    merged,
)

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token
    from markdown_it.tree import SyntaxTreeNode

__all__ = ["read_markdown"]

_STYLES: dict[str, Style] = {"strong": "strong", "em": "emphasis", "s": "struck"}


_LANGUAGE = re.compile(r"[\w+#.-]{1,40}")
_PART = re.compile(r"\n(?=\n|[-+*] \S)")
"""Where a paragraph ends for certain."""
_SIGNS = "*_`~[]<>!&\\|"
_MOST_SIGNS = 50_000
_MOST_CELLS = 100_000
_MOST_BRACKETED = 50_000_000
_MOST_DEFINED = 10_000_000


def read_markdown(text: str) -> Document:
    """The tree of a text. One that nests without end, or is nearly all signs, is read as plain: nothing is lost."""
    from markdown_it.tree import SyntaxTreeNode  # noqa: PLC0415  only for texts that are Markdown

    if _is_endless(text):
        return read_plain(text)
    defined: dict[str, Any] = {}
    tokens = _parser(with_references=True).parse(text, defined)
    if _unused(tokens, defined):
        tokens = _parser(with_references=False).parse(text)
    if any(_depth(token) >= MOST_DEPTH for token in tokens):
        return read_plain(text)
    root = SyntaxTreeNode(tokens)
    return tuple(block for node in root.children for block in _block(node))


def _is_endless(text: str) -> bool:
    """Whether the parser would spend the square of its length on it: on brackets, on definitions of links, or on
    tables, to whose rows it adds the cells that they lack."""
    if sum(map(text.count, _SIGNS)) > _MOST_SIGNS:
        return True
    for part in _PART.split(text):
        lines = part.split("\n")
        defined = sum(line.lstrip(" >").startswith("[") for line in lines)
        if (
            part.count("[") * len(part) > _MOST_BRACKETED
            or defined * len(part) > _MOST_DEFINED
            or max(line.count("|") for line in lines) * len(lines) > _MOST_CELLS
        ):
            return True
    return False


def _depth(token: Token) -> int:
    """Of a block, or of what a line of it holds. What is deeper than its limit the parser leaves out."""
    return max((token.level, *(inner.level for inner in token.children or ())))


def _unused(tokens: list[Token], defined: dict[str, Any]) -> bool:
    """Whether the text defines what a link leads to, and has no such link: nobody would see it."""
    targets = {one.attrs.get("href", one.attrs.get("src")) for token in tokens for one in token.children or ()}
    return any(one["href"] not in targets for one in defined.get("references", {}).values())


@cache
def _parser(*, with_references: bool) -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415  as above

    nesting = {"maxNesting": 2 * MOST_DEPTH, "html": False, "linkify": False}
    parser = MarkdownIt("commonmark", nesting).enable(["table", "strikethrough"])
    return parser if with_references else parser.disable("reference")


def _block(node: SyntaxTreeNode) -> Iterator[Block]:
    match node.type:
        case "paragraph":
            yield Paragraph(_inline_of(node))
        case "heading":
            yield Heading(int(node.tag[1:]), _inline_of(node))
        case "fence" | "code_block":
            yield _code_block(node.content.removesuffix("\n"), node.info.strip())
        case "blockquote":
            yield Quote(_blocks(node))
        case "bullet_list" | "ordered_list":
            first = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
            yield Listing(tuple(_blocks(item) for item in node.children), first)
        case "table":
            rows = tuple(
                tuple(_inline_of(cell) for cell in row.children) for part in node.children for row in part.children
            )
            yield Table(rows, headed=True)
        case _:
            yield Rule()


def _code_block(code: str, behind_fence: str) -> CodeBlock:
    """What stands behind a fence names a language, or else is the first line, as most who write it so mean it."""
    if code and _LANGUAGE.fullmatch(behind_fence):
        return CodeBlock(code, behind_fence)
    return CodeBlock("\n".join(line for line in (behind_fence, code) if line))


def _blocks(node: SyntaxTreeNode) -> tuple[Block, ...]:
    return tuple(block for child in node.children for block in _block(child))


def _inline_of(node: SyntaxTreeNode) -> tuple[Inline, ...]:
    return merged(part for inline in node.children for child in inline.children for part in _inline(child))


def _inline(node: SyntaxTreeNode) -> Iterator[Inline]:
    match node.type:
        case "softbreak" | "hardbreak":
            yield Break()
        case "code_inline":
            yield Code(node.content)
        case "image":
            address = str(node.attrs.get("src", ""))
            yield Link(address, (Text(node.content or address),))
        case "link":
            yield Link(str(node.attrs.get("href", "")), _children(node))
        case "strong" | "em" | "s" as style:
            yield Styled(_STYLES[style], _children(node))
        case _:
            yield Text(node.content)


def _children(node: SyntaxTreeNode) -> tuple[Inline, ...]:
    return merged(part for child in node.children for part in _inline(child))
