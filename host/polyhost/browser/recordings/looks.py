"""A closed list of looks by which a value gives itself away: tokens of known services, random strings, mail addresses,
telephone numbers. Pure.

Owns: the list, and where in a text something of it stands. Every expression is gone through once. Must not know: where
a text is from, what is exempt.
"""

from __future__ import annotations

import binascii
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["LOOKED_FOR", "MIN_RANDOM", "Look", "Seen", "is_random", "looks_in"]


class Look(StrEnum):
    """What a value looks like, in the words in which a finding names it."""

    TOKEN = "a credential of a known service"  # noqa: S105 - a look's name
    JWT = "a credential: a JSON Web Token"
    RANDOM = "a random string"
    MAIL = "a mail address"
    PHONE = "a telephone number"


@dataclass(frozen=True, slots=True)
class Seen:
    """One of them, and where in the text."""

    look: Look
    start: int
    end: int


MIN_RANDOM = 20
"""Characters from which a string may be called random."""
MIN_BITS = 3.0
"""Bits of each character of a random string, at least; hexadecimal digits of that length have about 3.5."""
MOST_WORDS = 0.6
"""How much of a random string may be letters that can be spoken."""
_SERVICES = "xox?-, xapp-, gh?_, github_pat_, glpat-, sk-, sk_live_, AKIA, ASIA, AIza, ya29., npm_, pypi-, hf_, SG."
LOOKED_FOR = (
    f"tokens of known services: {_SERVICES}, bearer tokens, private keys",
    "JSON Web Tokens (eyJ…)",
    f"random strings of {MIN_RANDOM} characters and more",
    "mail addresses",
    "telephone numbers, written with + or with gaps, or in a field of that name",
)
"""`Look` by `Look`, what is looked for, for whoever reads a result."""

_BEFORE = r"(?<![A-Za-z0-9])"
_TOKEN = re.compile(
    _BEFORE + r"(?:(?:xox[a-z]\.)?xox[a-z]-[\w%-]{6,}|xapp-[\w-]{10,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}"
    r"|glpat-[\w-]{16,}|sk-[\w-]{16,}|[srp]k_(?:live|test)_\w{10,}|A(?:KIA|SIA)[A-Z0-9]{12,}|AIza[\w-]{30,}"
    r"|ya29\.[\w-]{10,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{16,}|hf_[A-Za-z0-9]{20,}|SG\.[\w-]{16,}\.[\w-]{16,}"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----)"
)
_BEARER = re.compile(r"\bbearer[ \t]+(?=[^\s]{0,200}\d)[\w.~+/-]{8,}=*", re.IGNORECASE)
_JWT = re.compile(_BEFORE + r"eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*")
_STANDIN = re.compile(
    r"(?:bearer\s+)?(?:(?:xox[a-z]\.)?xox[a-z]-)?standin-\d+|eyJhbGciOiJub25lIn0\.standin-\d+\.standin", re.IGNORECASE
)
_RUN = re.compile(rf"[A-Za-z0-9+/_.~-]{{{MIN_RANDOM},}}")
_JOINT = re.compile(r"[/.~]")
_WORD = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}")
_HARD = re.compile(r"[^aeiouyAEIOUY]{5,}")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_MAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?=[\w.-]{4,253})(?:[\w-]{1,63}\.){1,8}([A-Za-z]{2,24})(?![\w-])")
_OURS = re.compile(r"person-\d+@example\.com")
_FILES = frozenset("png jpg jpeg gif svg webp ico js mjs css map json woff woff2 ttf mp4 webm html md".split())  # noqa: SIM905
_PHONE = re.compile(
    r"(?<![\w.+:/-])(?:\+\d{1,3}(?:[ ()./-]{0,2}\d){7,12}|\(0?\d{2,4}\)[ ]?\d{3,4}[ -]?\d{3,5}"
    r"|\d{3}([ .-])\d{3}\1\d{4}|0\d{2,4}[ /-]\d{3,4}(?:[ -]?\d{2,4}){1,2})(?![\w-]|[.:]\d)"
)


def looks_in(text: str) -> Iterator[Seen]:
    """Everything in a text that looks like something of the list and is no stand-in."""
    named = list(_named(text))
    yield from named
    for found in _RUN.finditer(text):
        start, end = found.span()
        if any(seen.start < end and start < seen.end for seen in named):
            continue  # it is what it was called already
        if is_random(found[0]) or any(map(is_random, _JOINT.split(found[0]))):
            yield Seen(Look.RANDOM, start, end)


def _named(text: str) -> Iterator[Seen]:
    for look, pattern in ((Look.TOKEN, _TOKEN), (Look.TOKEN, _BEARER), (Look.JWT, _JWT)):
        for found in pattern.finditer(text):
            if not _STANDIN.fullmatch(found[0]):
                yield Seen(look, *found.span())
    if "@" in text:
        for found in _MAIL.finditer(text):
            if found[1].lower() not in _FILES and not _OURS.fullmatch(found[0]):
                yield Seen(Look.MAIL, *found.span())
    for found in _PHONE.finditer(text):
        yield Seen(Look.PHONE, *found.span())


def is_random(run: str) -> bool:
    """Whether a run of letters and digits was drawn rather than written: of many different characters, and little of it
    words. Numbers, with dots or without, are times or ids and never random."""
    bare = run.rstrip(".")
    if len(bare) < MIN_RANDOM or _STANDIN.search(run) or _STANDIN.search(_plain(bare)):
        return False
    if not re.search("[A-Za-z]", bare):
        return False
    counted = Counter(bare)
    bits = -sum(n / len(bare) * math.log2(n / len(bare)) for n in counted.values())
    return bits >= MIN_BITS and _spoken(bare) < MOST_WORDS * len(bare)


def _plain(run: str) -> str:
    """What a run says where it is base64: a stand-in stays one in there."""
    standard = run.replace("-", "+").replace("_", "/")[: len(run) - (len(run) % 4 == 1)]
    try:
        return binascii.a2b_base64(standard + "=" * (-len(standard) % 4)).decode("ascii", "replace")
    except binascii.Error:
        return ""


def _spoken(run: str) -> int:
    """Characters that belong to words, or join them."""
    said = sum(not char.isalnum() for char in run)
    for word in _WORD.findall(run):
        vowels = len(_VOWEL.findall(word))
        if vowels and (vowels >= len(word) * 0.2) and not _HARD.search(word):
            said += len(word)
    return said
