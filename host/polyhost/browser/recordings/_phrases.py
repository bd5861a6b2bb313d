"""Find words of declared texts where markup stands between them: tags, entities, spaces, another Unicode form. Pure.

Owns: what counts as the same words, and replacing each by another word where it stands, markup left as it is. Four
words in a row are enough to know a text by, so that a preview of it is met too. Must not know: where texts are from.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from polyhost.browser.recordings import _filler

__all__ = ["MAX_WORDS", "Phrases"]

IN_A_ROW = 4
"""Words by which a text is known; one of three words is known by all of them."""
MIN_WORDS, MIN_LETTERS = 3, 12
"""Words and letters of the shortest text that is looked for this way."""
MAX_WORDS = 4_000_000
"""Words of texts that are remembered, some 300 MB; what comes later is met as it stands only."""
_PIECE = re.compile(
    r"(?P<tag></?[A-Za-z][^<>]*>)|(?P<mark><[^<>\n]*>)|(?P<word>(?:[\w\u0300-\u036f\u00ad\u200b-\u200d]"
    r"|&(?:\#[0-9]{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)+)"
)
_SILENT = re.compile("[\u00ad\u200b-\u200d]")
_WORD = re.compile(r"[\w\u0300-\u036f]+")


@dataclass(frozen=True, slots=True)
class _Word:
    """How it reads, and where it stands; words that entities part stand in one place."""

    said: str
    start: int
    end: int


class Phrases:
    """Built from texts; then it takes their words out of others. `avoid`: words that must not be put in."""

    def __init__(self, texts: Iterable[str], avoid: Collection[str] = ()) -> None:
        self._avoid = avoid
        self._known: set[int] = set()
        for text in texts:
            for stretch in _stretches(text):
                self._learn([word.said for word in stretch])
            if len(self._known) > MAX_WORDS:
                break

    def replace(self, text: str) -> str:
        """Other words for those that stand in a row as they do in one of the texts."""
        if not self._known or len(text) < MIN_LETTERS:
            return text
        words = list(_words(text))
        told = self._told([word.said for word in words])
        places = dict.fromkeys((word.start, word.end) for word, is_told in zip(words, told, strict=True) if is_told)
        pieces: list[str] = []
        done = 0
        for number, (start, end) in enumerate(places):
            pieces += (text[done:start], _filler.fill(_plain(text[start:end]), number, link=str, avoid=self._avoid))
            done = end
        return "".join((*pieces, text[done:]))

    def _learn(self, said: list[str]) -> None:
        if len(said) < MIN_WORDS or sum(map(len, said)) < MIN_LETTERS:
            return
        size = min(IN_A_ROW, len(said))
        self._known.update(hash(tuple(said[at : at + size])) for at in range(len(said) - size + 1))

    def _told(self, said: list[str]) -> list[bool]:
        told = [False] * len(said)
        for size in (IN_A_ROW, MIN_WORDS):
            for at in range(len(said) - size + 1):
                if hash(tuple(said[at : at + size])) in self._known:
                    told[at : at + size] = [True] * size
        return told


def _stretches(text: str) -> Iterator[list[_Word]]:
    """The words of a declared text, apart where it says something by a mark: a mention is shown as a name elsewhere."""
    stretch: list[_Word] = []
    done = 0
    for mark in (found for found in _PIECE.finditer(text) if found["mark"] is not None):
        stretch = list(_words(text[done : mark.start()]))
        yield stretch
        yield list(_words(mark[0].strip("<>").partition("|")[2]))
        done = mark.end()
    yield list(_words(text[done:]))


def _words(text: str) -> Iterator[_Word]:
    for found in _PIECE.finditer(text):
        if found["word"] is not None:
            for said in _WORD.findall(_plain(found[0])):
                yield _Word(said, *found.span())


def _plain(word: str) -> str:
    """As it reads: entities and what is not seen gone, one Unicode form, one case."""
    return _SILENT.sub("", unicodedata.normalize("NFKC", html.unescape(word))).casefold()
