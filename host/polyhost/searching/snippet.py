"""The part of a record that shows why it was found.

Owns: which text, which stretch of it, and where in it the words stand. Must not know: how it is marked: places are
numbers, never markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polyhost.searching.query import Query, spans
from polyhost.searching.snippet_json import SnippetJson

__all__ = ["Snippet", "snippet"]

MAX_SNIPPET = 200
"""Characters: two lines of a terminal."""
BEFORE = 60
"""Characters shown before the first word that was found, where there are more."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Snippet:
    """`field`: where in the record. `highlights`: from and to (exclusive) in characters of `text`. `cut_before`,
    `cut_after`: whether the field holds more."""

    field: str
    text: str
    highlights: tuple[Span, ...]
    cut_before: bool
    cut_after: bool

    def as_json(self) -> SnippetJson:
        return SnippetJson(
            field=self.field,
            text=self.text,
            highlights=list(self.highlights),
            cut_before=self.cut_before,
            cut_after=self.cut_after,
        )


def snippet(query: Query, texts: Sequence[tuple[str, str]]) -> Snippet | None:
    """Of the text with the most of what is wanted; None where there is no text at all."""
    if not texts:
        return None
    found = [(field, text, spans(query, text)) for field, text in texts]
    field, text, places = max(found, key=lambda one: len(one[2]))  # the first of several
    start = _start(text, places)
    end = min(len(text), start + MAX_SNIPPET)
    inside = tuple((max(first, start) - start, min(last, end) - start) for first, last in places if first < end)
    return Snippet(field, text[start:end], inside, cut_before=start > 0, cut_after=end < len(text))


def _start(text: str, places: Sequence[Span]) -> int:
    """Some words before the first that was found; all of a short text."""
    if len(text) <= MAX_SNIPPET or not places:
        return 0
    start = max(0, min(places[0][0] - BEFORE, len(text) - MAX_SNIPPET))
    gap = text.find(" ", start, places[0][0])
    return gap + 1 if start and gap >= 0 else start
