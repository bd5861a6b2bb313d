"""What tests of texts share: names of made-up people and places, and both ways to look at a tree."""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser

from polyhost.text.renderings.html import followed, html_text
from polyhost.text.renderings.markdown import markdown_text
from polyhost.text.renderings.plain import plain_text
from polyhost.text.tree import (
    MOST_DEPTH,
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
    Paragraph,
    Quote,
    Styled,
    Table,
    Text,
)

__all__ = ["FOLLOWING", "hold", "html", "letters", "markdown_links", "named", "plain", "said_by"]

FOLLOWING = ' rel="noopener noreferrer nofollow" target="_blank"'
_NAMES = {
    ("user", "U1"): "Ada Lovelace",
    ("channel", "C1"): "general",
    ("group", "S1"): "team",
    ("user", "@ada:example.org"): "Ada",
    ("room", "#harbour:example.org"): "Harbour",
}
_ELEMENTS = frozenset(
    {"p", "strong", "em", "s", "u", "code", "pre", "a", "span", "br", "ul", "ol", "li", "blockquote", "hr"}
    | {"h3", "h4", "h5", "h6", "table", "tbody", "tr", "td", "th"}
)
_ATTRIBUTES = {"a": {"href", "rel", "target"}, "span": {"class", "title"}, "ol": {"start"}}
_DEEPEST = 4 * MOST_DEPTH


def named(kind: str, key: str) -> str | None:
    return _NAMES.get((kind, key))


def plain(document: Document) -> str:
    return plain_text(document, named)


def html(document: Document) -> str:
    """Without what every link has, so that tables of shapes can be read."""
    return html_text(document, named).replace(FOLLOWING, "")


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def said_by(document: Document) -> Iterator[str]:
    """Every string of a tree that a person must see, in its order."""
    for block in document:
        yield from _said_by_block(block)


def hold(document: Document) -> None:
    """What is true of every tree and of its renderings, whoever wrote the text."""
    shown = plain_text(document, named)
    markup = html_text(document, named)
    _is_ours(markup)
    body = LexborHTMLParser(f"<body>{markup}").body
    seen = letters("" if body is None else body.text(deep=True))
    assert _in_order(said_by(document), letters(shown))
    assert _in_order(said_by(document), seen)
    tokens, links = _read_again(markdown_text(document, named))
    assert _in_order(said_by(document), letters(tokens))
    assert all(map(followed, links))


def markdown_links(text: str) -> list[str]:
    return _read_again(text)[1]


def _said_by_block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(children) | Heading(_, children):
            yield from _said_by_inlines(children)
        case CodeBlock(value):
            yield value
        case Quote(blocks):
            yield from said_by(blocks)
        case Listing(items):
            for item in items:
                yield from said_by(item)
        case Table(rows):
            for row in rows:
                for cell in row:
                    yield from _said_by_inlines(cell)
        case _:
            pass


def _said_by_inlines(nodes: tuple[Inline, ...]) -> Iterator[str]:
    for node in nodes:
        match node:
            case Text(value) | Code(value):
                yield value
            case Styled(_, children):
                yield from _said_by_inlines(children)
            case Link(target, children):
                yield from _said_by_inlines(children) if children else (target,)
            case Mention(kind, key, label):
                yield named(kind, key) or label or key
            case Emoji(name, symbol):
                yield symbol or name
            case _:
                pass


def _in_order(said: Iterator[str], shown: str) -> bool:
    """Whether each is there, in this order."""
    at = 0
    for one in map(letters, said):
        found = shown.find(one, at)
        if found < 0:
            return False
        at = found + len(one)
    return True


def _is_ours(markup: str) -> None:
    body = LexborHTMLParser(f"<body>{markup}").body
    waiting = [] if body is None else [(node, 1) for node in body.iter()]
    while waiting:
        node, depth = waiting.pop()
        assert node.tag in _ELEMENTS, node.tag
        assert depth <= _DEEPEST
        assert node.attributes.keys() <= _ATTRIBUTES.get(node.tag or "", set()), node.attributes
        if node.tag == "a":
            assert followed(node.attributes["href"] or "")
        waiting.extend((one, depth + 1) for one in node.iter())


def _read_again(text: str) -> tuple[str, list[str]]:
    """The letters that a reader of Markdown sees, and where its links lead."""
    from markdown_it import MarkdownIt  # noqa: PLC0415
    from markdown_it.token import Token  # noqa: PLC0415

    said: list[str] = []
    links: list[str] = []

    def see(tokens: list[Token]) -> None:
        for token in tokens:
            links.extend(str(token.attrs[name]) for name in ("href", "src") if name in token.attrs)
            if token.children is None:
                said.append(token.content)
            else:
                see(token.children)

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 1000}).enable(["table", "strikethrough"])
    see(parser.parse(text))
    return "".join(said), links
