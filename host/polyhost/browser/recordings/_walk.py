"""Walk every string of a scenario, wherever it hides: JSON, JSON in a string, forms, queries, cookies, headers.

Owns: the order (canonical, so numbering is stable), the path each string has, and putting changed strings back in the
encoding they came in. Collecting, replacing and verifying are three visitors of this one walk, so they cannot disagree
about what a document holds. Pure. Must not know: what a visitor does with a string.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import quote_plus, unquote_plus

from polyhost.browser.recordings._places import KEY, path_of
from polyhost.browser.recordings.credentials import CREDENTIAL_HEADERS, is_credential
from polyhost.browser.recordings.credentials import SENT as SENT_RULE
from polyhost.browser.recordings.recording_rules import FieldRules, Kind

__all__ = ["ALWAYS", "Found", "Visit", "Walker"]

Found = tuple[Kind, str]
"""The kind of a value and the rule that says so."""
Visit = Callable[[str, Found | None, str], str]
"""Called with a string, what the rules say about it, and where it is; returns what belongs there."""

ALWAYS: Found = (Kind.SECRET, "always: cookies and authorization")
_SENT: Found = (Kind.SECRET, SENT_RULE)
MIN_NAME = 3
"""Characters of a field name that is looked for in script and HTML: `d="M0 0"` is a drawing, not Slack's cookie."""
_COOKIE_HEADERS = frozenset({"cookie", "set-cookie"})
_AUTH_HEADERS = frozenset({"authorization", "proxy-authorization"})
_QUOTE = r"""["']|\\"|&quot;|&\#34;"""
_VALUE = r"(?P<value>(?:(?!(?P=q))(?:\\.|[^\\]))*)(?P=q)"  # one way only to read a backslash: nothing is tried twice
_QUOTED_NAME = rf"(?P<k>{_QUOTE})(?P<name>%s)(?P=k)\s*:\s*(?P<q>{_QUOTE}){_VALUE}"
_BARE_NAME = rf"""(?<![\w"'])(?P<name>%s)\s*[:=]\s*(?P<q>["']){_VALUE}"""


class Walker:
    """Returns changed copies; what a visitor leaves alone keeps its bytes."""

    def __init__(self, rules: FieldRules, visit: Visit, word: Callable[[str], None] | None = None) -> None:
        self._rules = rules
        self._visit = visit
        self._word = word
        self.where = ""
        self.is_sent = False
        """Whether what is shown was sent, or is stored to be sent: there a field's name tells a credential."""
        names = "|".join(
            re.escape(name) for name in sorted(rules.names, key=len, reverse=True) if len(name) >= MIN_NAME
        )
        patterns = (_QUOTED_NAME, _BARE_NAME) if names else ()
        self._in_text = [re.compile(pattern % names, re.IGNORECASE | re.DOTALL) for pattern in patterns]

    def json(self, value: Any, path: tuple[str | int, ...] = ()) -> Any:
        if isinstance(value, str):
            return self.string(value, path)
        if isinstance(value, dict):
            return {self.key(k, path): self.json(v, (*path, k)) for k, v in cast("dict[str, Any]", value).items()}
        if isinstance(value, list):
            return [self.json(item, (*path, index)) for index, item in enumerate(cast("list[Any]", value))]
        return self._number(value, path) if isinstance(value, int | float) and not isinstance(value, bool) else value

    def string(self, value: str, path: tuple[str | int, ...]) -> str:
        found = self._rules.find(path) or self._credential(path, value)
        if found is not None:
            return self._seen(value, found, path)
        document = self._document(value, path)
        if document is not None:
            return document
        if value.startswith(("http://", "https://")) and "?" in value:
            return self.url(value)
        return self._seen(value, None, path)

    def url(self, url: str) -> str:
        head, mark, rest = url.partition("?")
        query, hash_mark, fragment = rest.partition("#")
        head = self._seen(head, None, ("url",))
        return head + mark + self.form(query) + hash_mark + self._seen(fragment, None, ("url",))

    def form(self, text: str) -> str:
        """A query string or a urlencoded body. Pairs that do not change keep their spelling."""
        return "&".join(self._pair(piece) for piece in text.split("&")) if text else text

    def header(self, name: str, value: str) -> str:
        lower = name.lower()
        if lower in _COOKIE_HEADERS:
            return self._cookies(value, all_pairs=lower == "cookie")
        if lower in _AUTH_HEADERS:
            scheme, space, token = value.rpartition(" ")
            return scheme + space + self._seen(token, ALWAYS, (name,))
        if lower in CREDENTIAL_HEADERS:
            return self._seen(value, ALWAYS, (name,))
        if lower in ("location", "referer"):
            return self.url(value)
        return self.string(value, (name,))

    def _credential(self, path: tuple[str | int, ...], value: str) -> Found | None:
        name = next((step for step in reversed(path) if isinstance(step, str)), "")
        return _SENT if self.is_sent and is_credential(name, value) else None

    def seen(self, value: str, *path: str) -> str:
        """A string that is no field: a cookie's name, an origin, the head of a posted part."""
        return self._seen(value, None, path)

    def cookie(self, name: str, value: str) -> str:
        return self._seen(value, ALWAYS, ("cookie", name))

    def text(self, text: str) -> str:
        """A body: JSON where it is JSON, else prose, HTML or script in which `"name": "value"` is still recognised."""
        document = self._document(text, ())
        if document is not None:
            return document
        pieces: list[str] = []
        done = 0
        for start, end, found, value, quote in self._embedded(text):
            pieces.append(self._seen(text[done:start], None, ()))
            plain = _unquote(value, quote)
            changed = self._seen(plain, found, ())
            pieces.append(value if changed == plain else _requote(changed, quote))
            done = end
        return "".join((*pieces, self._seen(text[done:], None, ())))

    def _document(self, text: str, path: tuple[str | int, ...]) -> str | None:
        """What a JSON object or list becomes, in its own spelling where that may stay; None for any other text."""
        found = _container(text)
        if found is None:
            return None
        document, unread = found
        changed = self.json(document, path)
        for name, value in unread:
            self.json(value, (*path, name))
        if not unread and changed == document:
            return text
        return json.dumps(changed, ensure_ascii=False, separators=(",", ":"))

    def _embedded(self, text: str) -> list[tuple[int, int, Found, str, str]]:
        matches = sorted(
            (m for pattern in self._in_text for m in pattern.finditer(text)), key=lambda m: m.start("value")
        )
        result: list[tuple[int, int, Found, str, str]] = []
        for match in matches:
            start, end = match.span("value")
            if not result or start >= result[-1][1]:
                result.append((start, end, self._rules.names[match["name"].lower()], match["value"], match["q"]))
        return result

    def _pair(self, piece: str) -> str:
        name, mark, raw = piece.partition("=")
        plain_name, plain = unquote_plus(name), unquote_plus(raw)
        new_name, new = self.key(plain_name), self.string(plain, (plain_name,))
        name = name if new_name == plain_name else quote_plus(new_name)
        return name + mark + (raw if new == plain else quote_plus(new))

    def _cookies(self, value: str, *, all_pairs: bool) -> str:
        pieces = value.split(";")
        for index, piece in enumerate(pieces if all_pairs else pieces[:1]):
            name, mark, secret = piece.partition("=")
            changed = mark and self.seen(name, "cookie") + mark + self.cookie(name.strip(), secret.strip())
            pieces[index] = changed or self.seen(piece, "cookie")
        rest = () if all_pairs else pieces[1:]
        return ";".join([*pieces[: len(pieces) - len(rest)], *(self.seen(piece, "cookie") for piece in rest)])

    def _number(self, value: float, path: tuple[str | int, ...]) -> Any:
        plain = repr(value)
        changed = self._seen(plain, self._rules.find(path) or self._credential(path, plain), path)
        if changed == plain:
            return value
        return int(changed) if changed.isdigit() and changed[0] != "0" else changed

    def key(self, key: str, path: tuple[str | int, ...] = ()) -> str:
        """An object's key, or a field's name. Its place does not say it: it may be what is looked for."""
        if self._word is not None:
            self._word(key)
        return key if self._rules.find((key,)) is not None else self._seen(key, None, (*path, KEY))

    def _seen(self, value: str, found: Found | None, path: tuple[str | int, ...]) -> str:
        if not value.strip():
            return value
        return self._visit(value, found, f"{self.where} {path_of(path)}".rstrip())


def _container(text: str) -> tuple[Any, list[tuple[str, Any]]] | None:
    """The JSON object or list a text is, and what stands in the text alone; None for any other text. Of a key that is
    given twice it has the last value, as every page reads it."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    unread: list[tuple[str, Any]] = []

    def one(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        read = dict(pairs)
        if len(read) < len(pairs):
            last = {name: place for place, (name, _) in enumerate(pairs)}
            unread.extend(pair for place, pair in enumerate(pairs) if place != last[pair[0]])
        return read

    try:
        document = json.loads(text, object_pairs_hook=one)
    except (ValueError, RecursionError):
        return None
    return (document, unread) if isinstance(document, dict | list) else None


def _unquote(value: str, quote: str) -> str:
    if quote.startswith("&"):
        return html.unescape(value)
    literal = value.replace('\\\\"', '\\"') if quote == '\\"' else value
    try:
        plain = json.loads(f'"{literal}"')
    except ValueError:
        return value
    return plain if isinstance(plain, str) else value


def _requote(value: str, quote: str) -> str:
    return html.escape(value) if quote.startswith("&") else json.dumps(value)[1:-1]
