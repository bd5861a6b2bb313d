"""Matrix's `org.matrix.custom.html`: HTML in which links to matrix.to and `matrix:` addresses are mentions.

Owns: those addresses (Matrix specification, "Matrix URIs" and "matrix.to navigation"). Must not know: rooms, members.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote

from polyhost.text.formats.html import read_html
from polyhost.text.tree import Document, Mention

__all__ = ["read_matrix_html"]

_PLACE = "https://matrix.to/#/"
_KINDS = {"@": "user", "#": "room", "!": "room"}
_URI_KINDS = {"u/": "@", "r/": "#", "roomid/": "!"}


def read_matrix_html(text: str) -> Document:
    return read_html(text, _mentioned)


def _mentioned(address: str, _attributes: Mapping[str, str | None]) -> Mention | None:
    name = _named(address).partition("?")[0]
    if "/" in name:  # with an event's name behind it, it is a link to a message
        return None
    key = unquote(name)
    return Mention(_KINDS[key[0]], key) if key[:1] in _KINDS else None


def _named(address: str) -> str:
    if address.startswith(_PLACE):
        return address.removeprefix(_PLACE)
    for begin, sign in _URI_KINDS.items():
        if address.startswith(f"matrix:{begin}"):
            return sign + address.removeprefix(f"matrix:{begin}")
    return ""
