"""Find known values in any text, in every encoding they may stand in. Pure.

Owns: the spellings that are looked for as they are (plain, percent, JSON, HTML) and the search: one pass, longest
first, so that a value that contains another is replaced whole, and nothing that was put in is replaced again. What is
encoded in any other way is decoded first (`_layers`). Must not know: what a value is.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from urllib.parse import quote, quote_plus

from polyhost.browser.recordings._layers import DEPTH, inside

__all__ = ["ENCODINGS", "Finder"]

HEADS = (12, 6, 2)
"""Characters by which needles are indexed, longest needles first: thousands of texts share their first two letters, few
their first twelve; the shortest needle (an id like C1) has two."""
_BOUNDARY_ESCAPE = re.compile(r"(?:%[0-9A-Fa-f]{2}|\\[nrtbf]|\\u[0-9a-fA-F]{4})$")
_LONGEST_ESCAPE = 6  # characters of \u0000


def _lower_percent(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), quote(text, safe=""))


ENCODINGS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: quote(text, safe=""),
    lambda text: quote(text, safe="~()*!.'-_;/?:@&=+$,#"),
    quote_plus,
    _lower_percent,
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    lambda text: html.escape(text, quote=False),
    html.escape,
    lambda text: html.escape(text).replace("&#x27;", "&#39;"),
)
"""Ways in which most values are written inside another text; all others are met when what is encoded is decoded."""


_Needle = tuple[str, tuple[str, str], bool]
"""What is looked for, what takes its place (encoded and plain), and whether it counts only as a whole word."""


class Finder:
    """Replaces each key of `replacements` by its value. Keys in `bounded` count only as whole words."""

    __slots__ = ("_index", "_shortest", "used")

    def __init__(self, replacements: Mapping[str, str], bounded: Collection[str] = ()) -> None:
        needles: dict[str, tuple[tuple[str, str], bool]] = {}
        for encode in ENCODINGS:
            for value, replacement in replacements.items():
                needles.setdefault(encode(value), ((encode(replacement), replacement), value in bounded))
        self._index: dict[int, dict[str, list[_Needle]]] = {}
        for needle in sorted(needles, key=len, reverse=True):
            head = next(size for size in HEADS if len(needle) >= size)
            by_head = self._index.setdefault(head, {})
            by_head.setdefault(needle[:head], []).append((needle, *needles[needle]))
        self.used: set[str] = set()
        """What was put in so far, as it was given."""
        self._shortest = min((len(needle) for needle in needles), default=0)

    def contains(self, text: str) -> bool:
        """Whether a value stands in the text as it is, or in one of `ENCODINGS`."""
        return any(True for _ in self._matches(text))

    def replace(self, text: str, depth: int = DEPTH) -> str:
        """The text with every value replaced, also inside what is encoded, so many encodings deep."""
        if not self._index or len(text) < self._shortest:
            return text
        pieces: list[str] = []
        done = 0
        for start, end, replacement in self._matches(text):
            pieces += (self._inside(text[done:start], depth), replacement[0])
            self.used.add(replacement[1])
            done = end
        return "".join((*pieces, self._inside(text[done:], depth)))

    def _inside(self, text: str, depth: int) -> str:
        return inside(text, lambda plain: self.replace(plain, depth - 1)) if depth and text else text

    def _matches(self, text: str) -> Iterator[tuple[int, int, tuple[str, str]]]:
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


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _inside_word(text: str, start: int, end: int) -> bool:
    before = start > 0 and _is_word(text[start]) and _is_word(text[start - 1])
    if before and _BOUNDARY_ESCAPE.search(text[max(0, start - _LONGEST_ESCAPE) : start]):
        before = False
    return before or (end < len(text) and _is_word(text[end - 1]) and _is_word(text[end]))
