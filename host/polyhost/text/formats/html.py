"""HTML as sites hand it out: what a person would see of it.

Owns: which elements mean what. Must not know: a page, styles, who is mentioned.
The parser is lexbor's, as a browser's: there is no text that it refuses. Scripts, styles and comments are not text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from itertools import dropwhile
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
    Mention,
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
    from selectolax.lexbor import LexborNode

__all__ = ["Mentioned", "read_html"]

Mentioned = Callable[[str, Mapping[str, str | None]], Mention | None]
"""Who is meant by a link to this address, with these attributes; None where it is a link like others."""

_STYLES: dict[str, Style] = {
    "b": "strong",
    "strong": "strong",
    "em": "emphasis",
    "i": "emphasis",
    "cite": "emphasis",
    "del": "struck",
    "s": "struck",
    "strike": "struck",
    "u": "underlined",
    "ins": "underlined",
}
_CODE = ("code", "kbd", "samp", "tt")
_NOTHING = ("script", "style", "head", "template", "noscript", "title", "meta", "link", "mx-reply")
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "dt"}
    | {"fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html"}
    | {"li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "ul"}
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SPACE = re.compile(r"[ \t\r\n\f]+")
_EDGE = "\n"
"""In a line: where a block begins or ends. No other text has one, for white space is one space."""
_BLANKS = (Break(), Text(" "))
_EDGES = re.compile(r" ?\n[\n ]*")
_SECTIONS = ("thead", "tbody", "tfoot")
_LAYOUT = "td table, td ul, td ol, td pre, td blockquote"
"""What cells of data do not hold: such a table only says where on a page things stand."""
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*)")
_ENDED = frozenset(
    {"p", "li", "td", "th", "tr", "dt", "dd", "option", "thead", "tbody", "tfoot", "area", "base", "br", "col", "embed"}
    | {"hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
"""Elements that the next one ends, or that hold nothing."""
_MOST_WORK = 500_000


def read_html(text: str, mentioned: Mentioned = lambda _address, _attributes: None) -> Document:
    """The tree of a page or a part of one. Takes time in proportion to its length: of what nests without end, words."""
    if _is_endless(text):
        return read_plain(unescape(re.sub(r"<[^<>]*>", " ", text)))
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415  only for texts that are HTML

    body = LexborHTMLParser(text).body
    return () if body is None else tuple(_Reader(mentioned).blocks(body, 0))


@dataclass(slots=True)
class _Reader:
    mentioned: Mentioned

    def blocks(self, parent: LexborNode, depth: int) -> Iterator[Block]:
        """Of what stands in this element: its blocks, and paragraphs of what stands between them."""
        yield from self._among(_children(parent), depth)

    def _among(self, nodes: Sequence[LexborNode], depth: int) -> Iterator[Block]:
        line: list[Inline] = []
        for node in nodes:
            if node.tag in _BLOCKS or (depth < MOST_DEPTH and _holds_blocks(node)):
                yield from _paragraph(line)
                yield from self._block(node, depth)
            else:
                line.extend(self._inline(node, depth))
        yield from _paragraph(line)

    def _block(self, node: LexborNode, depth: int) -> Iterator[Block]:
        if depth >= MOST_DEPTH:
            yield from _paragraph([Text(_SPACE.sub(" ", _words(node)))])
            return
        tag, deeper = node.tag, depth + 1
        if tag in _HEADINGS:
            if inline := self._inlines(node, deeper):
                yield Heading(_HEADINGS[tag], inline)
        elif tag == "blockquote":
            yield from (Quote(inner) for inner in (tuple(self.blocks(node, deeper)),) if inner)
        elif tag in ("ul", "ol"):
            yield from self._listing(node, deeper)
        elif tag == "pre":
            yield CodeBlock(_words(node).strip("\n"), _language(node))
        elif tag == "table":
            yield from self._table(node, deeper)
        elif tag == "hr":
            yield Rule()
        else:
            yield from self.blocks(node, deeper)

    def _listing(self, node: LexborNode, depth: int) -> Iterator[Block]:
        if items := tuple(item for one in _children(node) if (item := self._item(one, depth))):
            yield Listing(items, _first(node) if node.tag == "ol" else None)

    def _item(self, node: LexborNode, depth: int) -> tuple[Block, ...]:
        """Of a list; what stands between its items, as people's programs write it, is one too."""
        return tuple(self.blocks(node, depth) if node.tag == "li" else self._among([node], depth))

    def _table(self, table: LexborNode, depth: int) -> Iterator[Block]:
        parts = [part for one in _children(table) for part in (_children(one) if one.tag in _SECTIONS else [one])]
        for caption in (part for part in parts if part.tag == "caption"):
            yield from self.blocks(caption, depth)
        rows = [[cell for cell in _children(row) if cell.tag in ("td", "th")] for row in parts if row.tag == "tr"]
        if table.css_first(_LAYOUT) is not None:
            yield from (block for row in rows for cell in row for block in self.blocks(cell, depth))
        elif rows:
            headed = all(cell.tag == "th" for cell in rows[0])
            yield Table(tuple(tuple(self._inlines(cell, depth) for cell in row) for row in rows), headed)

    def _inlines(self, parent: LexborNode, depth: int) -> tuple[Inline, ...]:
        return _trimmed([part for node in _children(parent) for part in self._inline(node, depth)])

    def _inline(self, node: LexborNode, depth: int) -> Iterator[Inline]:
        tag = node.tag
        if tag == "-text":
            yield Text(_SPACE.sub(" ", node.text_content or ""))
        elif tag in _NOTHING or tag == "-comment":
            return
        elif tag == "br":
            yield Break()
        elif tag in _CODE or depth >= MOST_DEPTH:
            said = _words(node)
            if said:
                yield Code(said) if tag in _CODE else Text(_SPACE.sub(" ", said))
        elif tag == "img":
            yield from _picture(node)
        elif tag == "a" and (address := node.attributes.get("href")):
            yield from self._link(address, node, depth + 1)
        else:
            edge = (Text(_EDGE),) if tag in _BLOCKS else ()
            children = [part for one in _children(node) for part in self._inline(one, depth + 1)]
            style = _STYLES.get(tag or "")
            yield from _around(lambda inner: Styled(style, inner), children) if style else (*edge, *children, *edge)

    def _link(self, address: str, node: LexborNode, depth: int) -> Iterator[Inline]:
        meant = self.mentioned(address, node.attributes)
        if meant is not None:
            yield Mention(meant.kind, meant.key, " ".join(_words(node).split()) or None)
        else:
            children = [part for one in _children(node) for part in self._inline(one, depth)]
            yield from (
                _around(lambda inner: Link(address, inner), children) if _trimmed(children) else (Link(address, ()),)
            )


def _children(node: LexborNode) -> list[Any]:
    return list(node.iter(include_text=True))


def _holds_blocks(node: LexborNode) -> bool:
    """A block in an element that is none (`<span><div>`), one level down. A link around blocks stays one."""
    if node.tag == "a" and node.attributes.get("href"):
        return False
    return node.tag not in ("-text", "-comment", *_NOTHING) and any(one.tag in _BLOCKS for one in node.iter())


def _picture(node: LexborNode) -> Iterator[Inline]:
    address = node.attributes.get("src") or ""
    if address[:5].lower() == "data:":  # the picture itself
        words, address = node.attributes.get("alt") or address[:100].partition(";")[0].partition(",")[0], ""
    else:
        words = node.attributes.get("alt") or node.attributes.get("title") or address
    if words := _SPACE.sub(" ", words):
        yield Link(address, (Text(words),)) if address else Text(words)


def _first(node: LexborNode) -> int:
    begin = node.attributes.get("start") or "1"
    return int(begin) if re.fullmatch(r"[0-9]{1,9}", begin) else 1


def _language(node: LexborNode) -> str | None:
    code = node.css_first("code")
    names = ("" if code is None else code.attributes.get("class") or "").split()
    return next((name.removeprefix("language-") for name in names if name.startswith("language-")), None)


def _without(blanks: Sequence[Inline], line: Iterable[Inline]) -> list[Inline]:
    return list(dropwhile(lambda node: node in blanks, line))


def _paragraph(line: list[Inline]) -> Iterator[Paragraph]:
    if line and (inline := _trimmed(line)):
        yield Paragraph(inline)
    line.clear()


def _words(node: LexborNode) -> str:
    """All that a person would see in it, white space as it is. However deep it goes."""
    found: list[str] = []
    waiting: list[LexborNode | None] = [node]
    while waiting:
        one = waiting.pop()
        if one is None:
            _end_line(found)
        elif one.tag == "-text":
            found.append(one.text_content or "")
        elif one.tag == "br":
            found.append("\n")
        elif one.tag not in _NOTHING:
            if one.tag in _BLOCKS:
                _end_line(found)
                waiting.append(None)
            waiting.extend(reversed(_children(one)))
    return "".join(found)


def _end_line(parts: list[str]) -> None:
    if parts and not parts[-1].endswith("\n"):
        parts.append("\n")


def _is_endless(text: str) -> bool:
    """Elements in each other, or styles that nothing ends: a browser's parser spends the square of their number."""
    opened: Counter[str] = Counter()
    depth = work = tags = 0
    for found in _TAG.finditer(text):
        tags += 1
        name = found[2].lower()
        if not found[1]:
            opened[name] += name not in _ENDED
            depth += name not in _ENDED
        elif opened[name]:
            opened[name] -= 1
            depth -= 1
        work += depth
    return work > max(_MOST_WORK, tags * MOST_DEPTH)


def _joined(line: Iterable[Inline]) -> tuple[Inline, ...]:
    """Texts as one, and a new line where a block began or ended."""
    return merged(
        part for node in merged(line) for part in (_broken(node.value) if isinstance(node, Text) else (node,))
    )


def _around(node: Callable[[tuple[Inline, ...]], Inline], children: Iterable[Inline]) -> Iterator[Inline]:
    """A node with these in it, and new lines at their ends outside of it."""
    joined = _joined(children)
    inner = tuple(_without(_BLANKS[:1], reversed(_without(_BLANKS[:1], reversed(joined)))))
    edge = () if len(inner) == len(joined) else (Text(_EDGE),)
    yield from (*edge, *((node(inner),) if inner else ()), *edge)


def _broken(text: str) -> Iterator[Inline]:
    for number, line in enumerate(_EDGES.split(text)):
        if number:
            yield Break()
        yield Text(line)


def _trimmed(line: Iterable[Inline]) -> tuple[Inline, ...]:
    """Without the white space that no browser shows, at both ends and around new lines."""
    nodes = _without(_BLANKS, reversed(_without(_BLANKS, reversed(_joined(line)))))
    for number, node in enumerate(nodes):
        if isinstance(node, Text):
            value = node.value
            if number == 0 or isinstance(nodes[number - 1], Break):
                value = value.lstrip(" ")
            if number == len(nodes) - 1 or isinstance(nodes[number + 1], Break):
                value = value.rstrip(" ")
            nodes[number] = Text(value)
    return merged(nodes)
