"""The table of one scrubbing: each value that must go, and the one stand-in that takes its place. Pure.

Owns: what a stand-in looks like per kind, that equal values share one and different values never do, and that none of
them contains a value it hides. Stand-ins are numbered by first appearance; nothing of a value goes in but its shape
(a token's prefix, an id's prefix and length, a text's structure), so they tell nothing back. Must not know: documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from urllib.parse import unquote

from polyhost.browser.recordings import _filler
from polyhost.browser.recordings._needles import Finder
from polyhost.browser.recordings._phrases import Phrases
from polyhost.browser.recordings.credentials import ANSWERED, is_certain, is_plain_word
from polyhost.browser.recordings.recording_rules import Kind

__all__ = ["Collected", "StandIns", "is_standin"]

_TOKEN_PREFIX = re.compile(r"(?:xox[a-z]\.)?xox[a-z]-")
_JWT = re.compile(r"eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*")
_FAKE_SECRET = re.compile(
    r"(?:bearer\s+)?(?:(?:xox[a-z]\.)?xox[a-z]-)?standin-\d+|eyJhbGciOiJub25lIn0\.standin-\d+\.standin", re.IGNORECASE
)
_FAKE_EMAIL = re.compile(r"person-\d+@example\.com")
_FAKE_ID = re.compile(r"(?:[A-Za-z]|[A-Za-z][A-Za-z0-9]{0,6}[_:-]|1)?0+[1-9]\d*")
_ID_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9]{0,6}[_:-](?=.)|[A-Za-z](?=[A-Za-z0-9]+$)")

MIN_SECRET = 8
"""Characters from which a secret is looked for everywhere. Shorter cookie values (`1`, `de`) are part of everything."""
MIN_NAME = 3
"""Characters from which a name is looked for outside its fields, as a whole word."""
MIN_TEXT = 8
"""Characters from which a text of several words is looked for outside its fields, as whole words."""
MAX_ATTEMPTS = 200
"""Stand-ins tried for one value before one is taken that contains an original: somebody is called `person`."""
_NUMBER = re.compile(r"[\d.,:+\s-]+")
_API_WORD = re.compile(r"[a-z][a-zA-Z_]*")


@dataclass(frozen=True, slots=True)
class Collected:
    """A value under the strongest kind it was found as, and the rule that found it first."""

    kind: Kind
    rule: str
    known: str = ""
    """Why the host knows it for a secret, wherever it stands."""
    is_found: bool = True
    """Whether a field holds it: else it is counted only where it was met."""


class StandIns:
    """Built from all values of a scenario in canonical order; then it answers for each value and finds it in any text.

    `words` are the field names of the documents: a name that is also one of them (`message`) is replaced only where a
    rule points at it, or every `"type": "message"` would go with it. Not so a secret that can only be one.
    """

    def __init__(self, values: Mapping[str, Collected], words: Iterable[str] = ()) -> None:
        self._values = values
        words = {word for word in words if _API_WORD.fullmatch(word)}
        everywhere = {v: c.kind for v, c in values.items() if _is_hunted(v, c) and (v not in words or _is_own(v, c))}
        # A whole string equal to a shorter text is that text too, unless it could as well be a constant of the API.
        self._alone = {v for v in values if not _API_WORD.fullmatch(v) and not _NUMBER.fullmatch(v)}
        self._in_place_only = [c.kind for v, c in values.items() if v not in everywhere and c.is_found]
        self._originals = Finder({value: value for value in everywhere}, _bounded(everywhere))
        self._avoid = {
            part for value, c in values.items() if c.kind is not Kind.TEXT for part in re.findall(r"\w+", value)
        }
        self._links: dict[str, str] = {}
        self._table: dict[str, str] = {}
        self._used: set[str] = set()
        for kind in (kind for kind in Kind if kind is not Kind.TEXT):
            self._assign(kind)
        # Texts come last: their markup mentions ids and names, which are known by now and may stand for themselves.
        self._finder = self._find(everywhere)
        hidden = {v: v for v in everywhere if self._table.get(v, v) != v}
        self._originals = Finder(hidden, _bounded(everywhere))
        self._assign(Kind.TEXT)
        self._finder = self._find(everywhere)
        texts = (v for v, c in values.items() if c.kind is Kind.TEXT and self._table[v] != v)
        self._phrases = Phrases(texts, self._avoid)

    def of(self, value: str) -> str:
        """The stand-in of a collected value."""
        return self._table[value]

    def replace_all(self, text: str) -> str:
        """Replace every recognisable value in a text, in whatever encoding it stands there; words of texts also where
        markup stands between them."""
        return self._table[text] if text in self._alone else self._phrases.replace(self._finder.replace(text))

    @property
    def in_place_only(self) -> Mapping[str, int]:
        return {kind.value: n for kind in Kind if (n := self._in_place_only.count(kind))}

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Distinct values replaced, by kind and rule. What the host knew and did not find is not counted."""
        result: dict[str, dict[str, int]] = {}
        for kind in Kind:
            for value, collected in self._values.items():
                if collected.kind is kind and (collected.is_found or self._table[value] in self._finder.used):
                    by_rule = result.setdefault(kind.value, {})
                    by_rule[collected.rule] = by_rule.get(collected.rule, 0) + 1
        return result

    def _find(self, everywhere: Mapping[str, Kind]) -> Finder:
        known = {v: kind for v, kind in everywhere.items() if v in self._table}
        replacements = {variant: self._table[v] for v, kind in known.items() for variant in _variants(v, kind)}
        return Finder(replacements, _bounded(known))

    def _assign(self, kind: Kind) -> None:
        numbers = count(1)
        for value, collected in self._values.items():
            if collected.kind is kind:
                self._table[value] = self._first_free(value, lambda n, v=value: self._make(kind, v, n), numbers)

    def _first_free(self, value: str, make: Callable[[int], str], numbers: count[int]) -> str:
        for attempt in count(1):
            candidate = make(next(numbers))
            if candidate in self._used:
                continue
            if candidate == value:
                break  # scrubbed before: it already is what it would become
            hides = candidate in self._values or self._originals.contains(candidate)
            if not hides or attempt > MAX_ATTEMPTS:
                break
        self._used.add(candidate)  # pyright: ignore[reportPossiblyUnboundVariable] - count() never ends
        return candidate  # pyright: ignore[reportPossiblyUnboundVariable]

    def _make(self, kind: Kind, value: str, number: int) -> str:
        if kind is Kind.TEXT:
            return self._text(value, number)
        return {Kind.SECRET: _secret, Kind.ID: _id, Kind.EMAIL: _email, Kind.NAME: _name}[kind](value, number)

    def _text(self, value: str, number: int) -> str:
        filled = self._finder.replace(_filler.fill(value, number, link=self._link, avoid=self._avoid))
        # Text of one shape has only so many fillers; the number tells the rest apart.
        return f"{filled} {number}" if filled in self._used else filled

    def _link(self, target: str) -> str:
        address = target.removeprefix("mailto:")
        if "@" not in address or "/" in address:
            return self._links.setdefault(target, f"https://example.com/link-{len(self._links) + 1}")
        made = self._links.setdefault(address, f"person-{len(self._table) + len(self._links) + 1}@example.com")
        return f"mailto:{self._table.get(address, made)}" if address != target else self._table.get(address, made)


def is_recognisable(value: str, kind: Kind) -> bool:
    """Whether the value, met anywhere, can only be itself: not a number (it may be a time), not a short common word."""
    if _NUMBER.fullmatch(value):
        return False
    if kind is Kind.SECRET:
        return len(value) >= MIN_SECRET
    if kind is Kind.TEXT:
        return len(value) >= MIN_TEXT and any(char.isspace() for char in value.strip())
    return len(value) >= (2 if kind is Kind.ID else MIN_NAME)


def is_standin(value: str, kind: Kind) -> bool:
    """Whether a value is of the shape that stand-ins of this kind, or of a stronger one, have."""
    if not value.strip():
        return True
    accepted: dict[Kind, Callable[[str], object]] = {
        Kind.SECRET: _FAKE_SECRET.fullmatch,
        Kind.ID: _FAKE_ID.fullmatch,
        Kind.EMAIL: _FAKE_EMAIL.fullmatch,
        Kind.NAME: _filler.is_invented_name,
        Kind.TEXT: _filler.is_filler,
    }
    # One value under two rules has the stand-in of its strongest kind in both places.
    strongest_first = list(Kind)
    return any(accepted[strong](value) for strong in strongest_first[: strongest_first.index(kind) + 1])


def _is_hunted(value: str, collected: Collected) -> bool:
    """Whether a value is looked for beyond its own field."""
    return is_certain(value, collected.known) if collected.known else is_recognisable(value, collected.kind)


def _is_own(value: str, collected: Collected) -> bool:
    """Whether a value that is also a field's name is taken for itself all the same: a secret that somebody typed, or
    that is no plain word. It may be a key because somebody put the secret there."""
    return collected.kind is Kind.SECRET and (collected.known == ANSWERED or not is_plain_word(value))


def _bounded(kinds: Mapping[str, Kind]) -> frozenset[str]:
    words = (Kind.NAME, Kind.ID, Kind.TEXT)
    return frozenset(value for value, kind in kinds.items() if kind in words or len(value) < MIN_SECRET)


def _variants(value: str, kind: Kind) -> set[str]:
    # Cookies travel percent-encoded: the decoded form is the same secret.
    decoded = unquote(value) if kind is Kind.SECRET else value
    return {value, decoded} if len(decoded) >= MIN_SECRET else {value}


def _secret(value: str, number: int) -> str:
    if _JWT.fullmatch(value):
        return f"eyJhbGciOiJub25lIn0.standin-{number}.standin"
    prefix = _TOKEN_PREFIX.match(value)
    return f"{prefix[0] if prefix else ''}standin-{number}"


def _id(value: str, number: int) -> str:
    digits = str(number)
    if value.lstrip("-").isdigit():
        return "1" + digits.rjust(max(len(value) - 1, len(digits) + 1), "0")
    match = _ID_PREFIX.match(value)
    prefix = match[0] if match else ""
    return prefix + digits.rjust(max(len(value) - len(prefix), len(digits) + 1), "0")


def _email(value: str, number: int) -> str:
    return f"person-{number}@example.com"


def _name(value: str, number: int) -> str:
    return _filler.invented_name(number, value)
