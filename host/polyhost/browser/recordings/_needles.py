"""Find known values in any text, in every encoding they may stand in. Pure.

Owns: the encodings (as is, percent, JSON, HTML, base64) and the search: one pass, longest first, so that a value that
contains another is replaced whole, and nothing that was put in is replaced again. Must not know: what a value is.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from urllib.parse import quote, quote_plus, unquote, unquote_plus

__all__ = ["ENCODINGS", "Finder"]

HEADS = (12, 6, 2)
"""Characters by which needles are indexed, longest needles first: thousands of texts share their first two letters, few
their first twelve; the shortest needle (an id like C1) has two."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_ENCODED_RUN = re.compile(r"[\w.~!*'()+:/@,;$%-]+")
_BOUNDARY_ESCAPE = re.compile(r"(?:%[0-9A-Fa-f]{2}|\\[nrtbf]|\\u[0-9a-fA-F]{4})$")
_LONGEST_ESCAPE = 6  # characters of \u0000


def _lower_percent(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), quote(text, safe=""))


ENCODINGS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: quote(text, safe=""),
    quote_plus,
    _lower_percent,
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    lambda text: html.escape(text, quote=False),
    html.escape,
    lambda text: html.escape(text).replace("&#x27;", "&#39;"),
)
"""Ways a value can be written inside another text. Beside these, percent-encoded runs are decoded, because what is left
unencoded varies, and base64 is, because its letters shift with the offset."""


_Needle = tuple[str, str, bool]
"""What is looked for, what takes its place, and whether it counts only as a whole word."""


class Finder:
    """Replaces each key of `replacements` by its value. Keys in `bounded` count only as whole words."""

    __slots__ = ("_index", "_shortest")

    def __init__(self, replacements: Mapping[str, str], bounded: Collection[str] = ()) -> None:
        needles: dict[str, tuple[str, bool]] = {}
        for encode in ENCODINGS:
            for value, replacement in replacements.items():
                needles.setdefault(encode(value), (encode(replacement), value in bounded))
        self._index: dict[int, dict[str, list[_Needle]]] = {}
        for needle in sorted(needles, key=len, reverse=True):
            head = next(size for size in HEADS if len(needle) >= size)
            by_head = self._index.setdefault(head, {})
            by_head.setdefault(needle[:head], []).append((needle, *needles[needle]))
        self._shortest = min((len(needle) for needle in needles), default=0)

    def contains(self, text: str) -> bool:
        """Whether a value stands in the text in any encoding but base64."""
        return any(True for _ in self._matches(text))

    def replace(self, text: str) -> str:
        if not self._index or len(text) < self._shortest:
            return text
        pieces: list[str] = []
        done = 0
        for start, end, replacement in self._matches(text):
            pieces += (self._decoded(text[done:start]), replacement)
            done = end
        return "".join((*pieces, self._decoded(text[done:])))

    def _matches(self, text: str) -> Iterator[tuple[int, int, str]]:
        position, last = 0, len(text) - self._shortest
        while self._index and position <= last:
            found = self._at(text, position)
            if found is None:
                position += 1
            else:
                yield position, position + len(found[0]), found[1]
                position += len(found[0])

    def _at(self, text: str, position: int) -> _Needle | None:
        for head, by_head in self._index.items():
            for needle in by_head.get(text[position : position + head], ()):
                value, _, bounded = needle
                if text.startswith(value, position) and not (
                    bounded and _inside_word(text, position, position + len(value))
                ):
                    return needle
        return None

    def _decoded(self, text: str) -> str:
        return _BASE64.sub(self._inside_base64, _ENCODED_RUN.sub(self._inside_percent, text) if "%" in text else text)

    def _inside_percent(self, match: re.Match[str]) -> str:
        for decode in (unquote, unquote_plus) if "%" in match[0] else ():
            decoded = decode(match[0])
            if self.contains(decoded):
                return quote(self._plain(decoded), safe="/:@!~*'(),;$")
        return match[0]

    def _inside_base64(self, match: re.Match[str]) -> str:
        token = match[0]
        decoded = _decode(token)
        if decoded is None or not self.contains(decoded):
            return token
        encode = base64.urlsafe_b64encode if "-" in token or "_" in token else base64.b64encode
        encoded = encode(self._plain(decoded).encode()).decode()
        return encoded if len(token) % 4 == 0 else encoded.rstrip("=")  # unpadded stays unpadded

    def _plain(self, text: str) -> str:
        pieces: list[str] = []
        done = 0
        for start, end, replacement in self._matches(text):
            pieces += (text[done:start], replacement)
            done = end
        return "".join((*pieces, text[done:]))


def _decode(token: str) -> str | None:
    bare = token.rstrip("=")
    try:
        raw = base64.b64decode(bare.replace("-", "+").replace("_", "/") + "=" * (-len(bare) % 4), validate=True)
        return raw.decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _inside_word(text: str, start: int, end: int) -> bool:
    before = start > 0 and _is_word(text[start]) and _is_word(text[start - 1])
    if before and _BOUNDARY_ESCAPE.search(text[max(0, start - _LONGEST_ESCAPE) : start]):
        before = False
    return before or (end < len(text) and _is_word(text[end - 1]) and _is_word(text[end]))
