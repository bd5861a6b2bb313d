"""What an owner types into a search box, and whether a text answers to it.

Owns: the small language (words are all required; "a phrase"; -without; beginning*), its bounds, and its meaning.
Nothing an owner can type is an error of syntax. Must not know: records, SQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from polyhost.errors import ErrorCode, RefusedError
from polyhost.searching.words import Word, words, words_in

__all__ = ["Phrase", "Query", "matches", "parse_query", "spans"]

MAX_QUERY = 1_000
"""Characters: more is a text pasted by mistake."""
MAX_PHRASES = 32
"""Each is a list of its own that has to be walked."""
MIN_BEGINNING = 2
"""Letters before a star: with one, most words of a language have to be gone through."""

_QUOTES = '"“”„«»'
_PIECE = re.compile(rf"(-?)[{_QUOTES}]([^{_QUOTES}]*)[{_QUOTES}]?(\*?)|(\S+)")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand next to each other; with `beginning`, the last one may go on."""

    words: tuple[str, ...]
    beginning: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """All of `wanted`, none of `unwanted`."""

    wanted: tuple[Phrase, ...]
    unwanted: tuple[Phrase, ...] = ()


def parse_query(text: str) -> Query:
    """RefusedError `query_too_long`, `query_empty` (nothing that has to be there), `query_too_wide`."""
    if len(text) > MAX_QUERY:
        raise RefusedError(
            f"the search has {len(text):,} characters", f"Use {MAX_QUERY:,} at most.", code=ErrorCode.QUERY_TOO_LONG
        )
    wanted: list[Phrase] = []
    unwanted: list[Phrase] = []
    for negative, phrase in _phrases(text):
        (unwanted if negative else wanted).append(phrase)
    if len(wanted) + len(unwanted) > MAX_PHRASES:
        raise RefusedError(
            "the search has too many words", f"Use {MAX_PHRASES} at most.", code=ErrorCode.QUERY_TOO_LONG
        )
    if not wanted:
        raise RefusedError(
            "there is nothing to search for" if not unwanted else "a search cannot only leave words out",
            "Give at least one word or number that has to be there.",
            code=ErrorCode.QUERY_EMPTY,
        )
    return Query(tuple(wanted), tuple(unwanted))


def _phrases(text: str) -> Iterator[tuple[bool, Phrase]]:
    for minus, quoted, star, bare in _PIECE.findall(text):
        found = tuple(words(bare or quoted))
        if found:
            beginning = bool(star) or bare.endswith("*")
            yield bool(minus) or bare.startswith("-"), Phrase(found, beginning and _may_go_on(found[-1]))


def _may_go_on(last: str) -> bool:
    """A character that is a word by itself needs no star: what follows it is another word."""
    if len(last) < MIN_BEGINNING and last.isalnum() and last.isascii():
        raise RefusedError(
            f"{last}* would find nearly everything",
            f"Give at least {MIN_BEGINNING} letters before the star.",
            code=ErrorCode.QUERY_TOO_WIDE,
        )
    return len(last) >= MIN_BEGINNING


def matches(query: Query, texts: Sequence[str]) -> bool:
    """Whether texts that belong together answer to a query; a phrase lies within one of them."""
    cut = [words_in(text) for text in texts]

    def found(phrase: Phrase) -> bool:
        return any(_places(phrase, one) for one in cut)

    return all(map(found, query.wanted)) and not any(map(found, query.unwanted))


def spans(query: Query, text: str) -> list[tuple[int, int]]:
    """Where in a text what is wanted stands: from and to (exclusive) in characters, in order, not overlapping."""
    cut = words_in(text)
    places = sorted(place for phrase in query.wanted for place in _places(phrase, cut))
    merged: list[tuple[int, int]] = []
    for first, last in places:
        start, end = cut[first].start, cut[last].end
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _places(phrase: Phrase, cut: Sequence[Word]) -> list[tuple[int, int]]:
    """Indices of the first and the last word of each occurrence."""
    *before, last = phrase.words
    length = len(phrase.words)
    found: list[tuple[int, int]] = []
    for end, word in enumerate(cut):
        if not (word.text == last or (phrase.beginning and word.text.startswith(last))):
            continue
        first = end - length + 1
        if first >= 0 and all(one.text == wanted for one, wanted in zip(cut[first:end], before, strict=True)):
            found.append((first, end))
    return found
