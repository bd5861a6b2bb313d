"""Text without syntax: lines, paragraphs at empty lines, and addresses of the web that can be followed.

Must not know: surfaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from polyhost.text.tree import Break, Document, Inline, Link, Paragraph, Text, merged

__all__ = ["linked", "read_plain"]

_PARTS = re.compile(r"\n{2,}")
_ADDRESS = re.compile(r"https?://[^\s<>\"]{1,4000}")
_BEHIND = ".,;:!?'"
"""What stands behind an address more often than it belongs to it."""


def read_plain(text: str) -> Document:
    parts = (part.strip("\n") for part in _PARTS.split(text.replace("\r\n", "\n")))
    return tuple(Paragraph(merged(_lines(part))) for part in parts if part.strip())


def linked(text: str) -> Iterator[Inline]:
    """The text of one line, with the addresses in it as links."""
    at = 0
    for found in _ADDRESS.finditer(text):
        address = _without_behind(found.group())
        if address.endswith("//"):
            continue
        yield Text(text[at : found.start()])
        yield Link(address, (Text(address),))
        at = found.start() + len(address)
    yield Text(text[at:])


def _lines(text: str) -> Iterator[Inline]:
    for number, line in enumerate(text.split("\n")):
        if number:
            yield Break()
        yield from linked(line)


def _without_behind(address: str) -> str:
    address = address.rstrip(_BEHIND)
    unopened = address.count(")") - address.count("(")
    while unopened > 0 and address.endswith(")"):
        address = address[:-1].rstrip(_BEHIND)
        unopened -= 1
    return address
