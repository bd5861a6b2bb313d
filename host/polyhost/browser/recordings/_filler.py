"""Invented people and invented prose: what stands where somebody's name or words stood. Pure and deterministic.

Owns: the word lists, and which parts of a text are structure (markup, links, emoji codes, entities, line breaks) and
stay. Must not know: who is replaced by whom.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from html.entities import html5

__all__ = ["fill", "invented_name", "is_filler", "is_invented_name"]

_FIRST = tuple(
    """
    Alda Benno Cosima Dario Elva Fenno Gala Hanno Ilva Jorin Kasia Lorin Mirta Nevio Oda Pirmin Quella Rovena
    Silvan Tilda Ulva Valtin Wenda Xaver Ysolde Zeno Arvid Brisa Corvin Delia
    """.split()  # noqa: SIM905 - a list of words reads as words
)
_LAST = tuple(
    """
    Amberg Birkhain Calder Dornfeld Elmshorst Fernau Grünwald Hollbrook Ivenack Jasmund Kaltwasser Lindqvist
    Moorland Nordhain Osterlund Penhallow Quellmark Rosendahl Silberstein Tannhof Ulmgarten Vossberg Weidenfeld
    Yarrow Zinnwald Ashdale Brookmeer Coldwell Dunvale Eastmoor
    """.split()  # noqa: SIM905 - a list of words reads as words
)
_WORDS = tuple(
    """
    a o um et lux nox sol mare fons arbor ventus lumen aestas folium silvae campus hortus flumen pluvia caelum
    montes aurora stellae insulae serenus umbrarum tranquil undarum autumnus vespertin pratorum crepuscula
    harmoniae constellare meridianus septentrion luminosissim peregrinator
    """.split()  # noqa: SIM905 - a list of words reads as words
)
_BY_LENGTH: dict[int, list[str]] = {}
for _entry in _WORDS:
    _BY_LENGTH.setdefault(len(_entry), []).append(_entry)
_LONGEST = max(_BY_LENGTH)
_VOCABULARY = frozenset(_WORDS)

_LINK = re.compile(r"https://example\.com/link-\d+")
_TOKEN = re.compile(
    r"<(?P<mark>[^<>\n]*)>"  # Slack's markup: mentions, channels, links
    r"|(?P<url>https?://[^\s<>|\"']+)"
    r"|(?P<keep>(?<!\w):[a-z0-9_+'-]+:(?!\w)|&\#x?[0-9a-f]+;)"  # emoji codes and HTML entities
    r"|(?P<entity>&[A-Za-z][A-Za-z0-9]*;)"
    r"|(?P<word>[\w\u0300-\u036f]+)"
)
_MENTION = re.compile(r"[@#][A-Z][A-Z0-9]+|!(?:here|channel|everyone)|!subteam\^[A-Z0-9]+")
"""A mark that says who or where by an id; any other holds words."""


def invented_name(number: int, like: str) -> str:
    """The `number`-th person. A handle (lower case, no spaces) becomes a handle."""
    count = len(_FIRST)
    first, last = _FIRST[number % count], _LAST[(number + number // count) % len(_LAST)]
    again = number // (count * len(_LAST))
    suffix = f" {again + 1}" if again else ""
    full = f"{first} {last}{suffix}"
    return full if like != like.lower() or " " in like else full.lower().replace(" ", ".")


def is_invented_name(value: str) -> bool:
    words = [word for word in re.split(r"[ .]", value.title()) if not word.isdigit()]
    return len(words) == 2 and words[0] in _FIRST and words[1] in _LAST


def fill(text: str, number: int, *, link: Callable[[str], str], avoid: Collection[str] = ()) -> str:
    """The same structure in other words of about the same length. `number` makes texts of one shape differ; `avoid` are
    words that must not appear."""
    position = number

    def word_for(length: int) -> str:
        nonlocal position
        position += 1
        return _word(length, position, avoid)

    def replace(match: re.Match[str]) -> str:
        if match["mark"] is not None:
            return f"<{_markup(match['mark'], replace, link)}>"
        if match["url"] is not None:
            return link(match["url"])
        if match["entity"] is not None:
            return match["entity"] if _is_entity(match["entity"]) else f"&{word_for(len(match['entity']) - 2)};"
        return match["keep"] or word_for(len(match["word"]))

    return _TOKEN.sub(replace, text)


def is_filler(text: str) -> bool:
    """Whether a text is `fill`'s work: every word is from the list, every link is a stand-in."""

    def accepted(match: re.Match[str]) -> bool:
        if match["mark"] is not None:
            head, _, label = match["mark"].partition("|")
            return bool(_MENTION.fullmatch(head) or _is_target(head)) and is_filler(label)
        if match["url"] is not None:
            return bool(_LINK.fullmatch(match["url"]))
        if match["entity"] is not None:
            return _is_entity(match["entity"]) or match["entity"][1:-1] in _VOCABULARY
        return match["keep"] is not None or match["word"] in _VOCABULARY

    return all(accepted(match) for match in _TOKEN.finditer(re.sub(r" \d+$", "", text)))  # the number `fill` may append


def _is_entity(text: str) -> bool:
    return text[1:] in html5


def _is_target(head: str) -> bool:
    address = head.removeprefix("mailto:")
    return bool(_LINK.fullmatch(head)) or address.endswith("@example.com") or is_filler(head)


def _markup(mark: str, replace: Callable[[re.Match[str]], str], link: Callable[[str], str]) -> str:
    head, bar, label = mark.partition("|")
    is_mention = _MENTION.fullmatch(head)
    if ":" in head and not is_mention:
        head = link(head)
    elif not is_mention:
        head = _TOKEN.sub(replace, head)
    return f"{head}{bar}{_TOKEN.sub(replace, label)}"


def _word(length: int, position: int, avoid: Collection[str]) -> str:
    """A word of this length, or the nearest shorter one; the position chooses among them."""
    for size in [*range(min(length, _LONGEST), 0, -1), *range(length + 1, _LONGEST + 1)]:
        words = [word for word in _BY_LENGTH.get(size, ()) if word not in avoid]
        if words:
            return words[position % len(words)]
    return "o"
