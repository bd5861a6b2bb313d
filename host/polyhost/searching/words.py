"""Text cut into words that compare as people expect: without case and accents, and in scripts without spaces too.

Owns: folding and cutting. An index that holds `folded` text and a reader that compares `words` agree by construction.
Must not know: records, queries, SQL.

Scripts that put no spaces between words (Chinese, Japanese, Korean, Thai, …) and emoji are cut into single characters:
a word of them is found as a phrase of its characters, wherever it stands. Accents are dropped from Latin, Greek and
Cyrillic letters only: in other scripts marks are letters of their own.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Word", "folded", "words", "words_in"]

_ASCII_WORD = re.compile(r"[a-z0-9]+")
_END_OF_ACCENTS = 0x0530
"""Latin, Greek and Cyrillic letters lie below, and so do the combining accents."""
_FIRST_ACCENT, _LAST_ACCENT = 0x0300, 0x036F
_KINDS = frozenset({"L", "N", "M"})
"""General categories (first letter) whose characters make words: letters, digits, marks."""
_WHOLE_KINDS = frozenset({"So", "Co"})
"""Symbols such as emoji, and private use."""
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u2600-\u27bf\U0001f000-\U0001faff"  # symbols and emoji
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u312f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\uac00-\ud7af\U00020000-\U0003ffff]"  # Korean, and rarer ideographs
)


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it compares, and the characters of the text it was written with."""

    text: str
    start: int
    end: int


class _Folding(dict[int, str]):
    """What each character becomes: looked up once, remembered. For `str.translate`."""

    def __missing__(self, code: int) -> str:
        self[code] = became = _fold(chr(code))
        return became


_FOLDING = _Folding()


def folded(text: str) -> str:
    """The text with its words as they compare, apart from ASCII case: what an index is given."""
    return text if text.isascii() else text.translate(_FOLDING)


def words(text: str) -> list[str]:
    """The words of a text as they compare, in order."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return text.translate(_FOLDING).split()


def words_in(text: str) -> list[Word]:
    """The same words, each with where it stands in the text as it was written."""
    if text.isascii():
        return [Word(found[0], *found.span()) for found in _ASCII_WORD.finditer(text.lower())]
    found: list[Word] = []
    letters: list[str] = []
    start = 0
    for index, char in enumerate(text):
        became = _FOLDING[ord(char)]
        if not became:  # an accent: part of the letter before it
            continue
        if became[0] != " ":
            start = start if letters else index
            letters.append(became)
            continue
        _end(found, letters, start, index)
        found += [Word(alone, index, index + 1) for alone in became.split()]
    _end(found, letters, start, len(text))
    return found


def _end(found: list[Word], letters: list[str], start: int, end: int) -> None:
    if letters:
        found.append(Word("".join(letters), start, end))
        letters.clear()


def _fold(char: str) -> str:
    code = ord(char)
    if _FIRST_ACCENT <= code <= _LAST_ACCENT:
        return ""
    parts = unicodedata.normalize("NFKD", char)
    if ord(parts[0]) < _END_OF_ACCENTS:
        became = "".join(part for part in parts if not unicodedata.combining(part)).casefold()
        became = "".join(part for part in became if not unicodedata.combining(part))
    else:
        became = unicodedata.normalize("NFKC", char).casefold()
    if _UNSPACED.match(became):
        return f" {' '.join(became)} "
    return became if became and all(map(_makes_words, became)) else " "


def _makes_words(char: str) -> bool:
    category = unicodedata.category(char)
    return category[0] in _KINDS or category in _WHOLE_KINDS
