"""What one record says, by its manifest's `reading`: one tree of the fields that a person reads.

Owns: which field is read, and by which format. Must not know: stores, surfaces, any one source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from polyhost.protocol.declarations import ReadingDecl, TextDecl
from polyhost.text.formats.html import read_html
from polyhost.text.formats.markdown import read_markdown
from polyhost.text.formats.matrix_html import read_matrix_html
from polyhost.text.formats.mrkdwn import read_mrkdwn
from polyhost.text.formats.plain import read_plain
from polyhost.text.formats.slack_blocks import read_slack_attachments, read_slack_blocks
from polyhost.text.renderings.plain import plain_text
from polyhost.text.tree import Document, Heading, Inline, Link, Listing, Mention, Paragraph, Quote, Styled, Table

__all__ = ["mentions_in", "read_record"]


def _of_text(read: Callable[[str], Document]) -> Callable[[object], Document]:
    return lambda value: read(value) if isinstance(value, str) else ()


_FORMATS: Mapping[str, Callable[[object], Document]] = {
    "plain": _of_text(read_plain),
    "mrkdwn": _of_text(read_mrkdwn),
    "html": _of_text(read_html),
    "matrix-html": _of_text(read_matrix_html),
    "markdown": _of_text(read_markdown),
    "slack-blocks": read_slack_blocks,
    "slack-attachments": read_slack_attachments,
}


def read_record(declared: ReadingDecl, data: Mapping[str, Any]) -> Document:
    """What is read of a record with this content; empty where it says nothing."""
    first = max((_read(one, data) for one in declared.text), key=_letters)  # of equals the one that is named first
    return first + tuple(block for one in declared.besides for block in _read(one, data))


def mentions_in(document: Document) -> Iterator[Mention]:
    """Everybody and everything that it mentions, as often as it does."""
    for block in document:
        match block:
            case Paragraph(children) | Heading(_, children):
                yield from _mentions(children)
            case Quote(blocks):
                yield from mentions_in(blocks)
            case Listing(items):
                for item in items:
                    yield from mentions_in(item)
            case Table(rows):
                yield from (found for row in rows for cell in row for found in _mentions(cell))
            case _:
                pass


def _mentions(nodes: Iterable[Inline]) -> Iterator[Mention]:
    for node in nodes:
        match node:
            case Mention():
                yield node
            case Styled(_, children) | Link(_, children):
                yield from _mentions(children)
            case _:
                pass


def _read(one: TextDecl, data: Mapping[str, Any]) -> Document:
    value: Any = data
    for name in one.field.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return _FORMATS[one.format](value)


def _letters(document: Document) -> int:
    """How much it says: what of it is a letter or a digit."""
    return sum(map(str.isalnum, plain_text(document, _by_key)))


def _by_key(_kind: str, key: str) -> str:
    return key
