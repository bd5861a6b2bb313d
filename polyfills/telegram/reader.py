"""A JSON document pulled apart as it comes in: its objects and lists walked through, their items parsed one at a time.

Owns: where values begin and end in text of any length, and what becomes of one that cannot be parsed. Must not know:
Telegram's export, archives. No more is held than one item and the piece it came in, however large the document is.

Most items are cut out by a guess: that they end like the one before, with the same line. An object that parses whole is
an object whole, wherever its end was guessed, so that a wrong guess costs time and nothing else.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from polyhost.artifacts.limits import MAX_ITEM_BYTES

__all__ = ["BrokenDocumentError", "Reader", "Unread"]

MAX_DEPTH = 100
"""Levels an item may be nested; a message with everything in it has six."""
_SPACE = re.compile(rb"[ \t\r\n]*")
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*("?)', re.DOTALL)
"""A whole text, or one whose end has not come in yet."""
_WORD = re.compile(rb"[^\s,:\[\]{}\"]*")
_TURNS = re.compile(_TEXT.pattern + rb"|[{}\[\]]", re.DOTALL)
_ESCAPES = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|.)", re.DOTALL)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_QUOTE, _COMMA, _COLON = ord('"'), ord(","), ord(":")
_LAST_SPACE = ord(" ")
_OPENING, _BRACE, _BRACKET = b"{[", ord("{"), ord("[")


class BrokenDocumentError(Exception):
    """What follows cannot be told apart any more. `rule` says why: `cut_off` where the document ends too early."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Unread:
    """An item that could not be parsed, in its place; what stands around it can be."""

    rule: str


class Reader:
    """One pass over a document. Whoever asks for `members` or `items` takes or skips each value before the next."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        """Raises whatever reading the chunks raises, at whichever call needs more of them."""
        self._chunks = _as_utf8(iter(chunks))
        self._held = b""
        self._at = 0
        self._ending = b""

    def opens(self) -> str:
        """The sign that the next value begins with: `{`, `[`, `"`, or the first sign of anything else."""
        return chr(self._next())

    def members(self) -> Iterator[str]:
        """The names in an object, each with its value to come."""
        for _ in self._parts(_BRACE, ord("}")):
            if self._next() != _QUOTE:
                raise BrokenDocumentError("not_json")
            name = _parsed(self._take_text())
            if self._next() != _COLON:
                raise BrokenDocumentError("not_json")
            self._at += 1
            yield name if isinstance(name, str) else ""

    def items(self) -> Iterator[None]:
        """Once for each item of a list that is to come."""
        yield from self._parts(_BRACKET, ord("]"))

    def value(self) -> Any:
        """The next value, whole; Unread where it is no JSON, too large or nested too deep."""
        sign = self._next()
        if sign in _OPENING:
            guessed = self._guessed()
            if guessed is not None:
                return guessed
            piece = self._take_nested(MAX_ITEM_BYTES)
            return piece if isinstance(piece, Unread) else _parsed(piece)
        if sign == _QUOTE:
            return _parsed(self._take_text())
        return _parsed(self._take_word())

    def skip(self) -> None:
        """Leave the next value out, however large it is."""
        sign = self._next()
        if sign in _OPENING:
            self._take_nested(0)
        elif sign == _QUOTE:
            self._take_text()
        else:
            self._take_word()

    def _parts(self, opening: int, closing: int) -> Iterator[None]:
        if self._next() != opening:
            raise BrokenDocumentError("not_json")
        self._at += 1
        while self._next() != closing:
            yield None
            sign = self._next()
            if sign == _COMMA:
                self._at += 1
            elif sign != closing:
                raise BrokenDocumentError("not_json")
        self._at += 1

    def _next(self) -> int:
        """The next sign that is no space; it stays to be taken."""
        at, held = self._at, self._held
        if at < len(held) and held[at] > _LAST_SPACE:
            return held[at]
        while True:
            if (found := _SPACE.match(self._held, self._at)) is not None:
                self._at = found.end()
            if self._at < len(self._held):
                return self._held[self._at]
            self._more()

    def _more(self) -> None:
        """One chunk more, and what is done with no longer."""
        if not self._read_on():
            raise BrokenDocumentError("cut_off")

    def _read_on(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._held = self._held[self._at :] + chunk
        self._at = 0
        return True

    def _guessed(self) -> Any:
        """The value, if it ends where the last one of its kind would; None where that is not so."""
        if not self._ending:
            return None
        end = self._held.find(self._ending, self._at)
        if end < 0 or end - self._at > MAX_ITEM_BYTES:
            return None
        piece = self._held[self._at : end + len(self._ending)]
        if piece.count(b"{") + piece.count(b"[") > MAX_DEPTH:
            return None
        try:
            parsed = orjson.loads(piece)
        except orjson.JSONDecodeError:
            return None
        self._at += len(piece)
        return parsed

    def _take_nested(self, limit: int) -> bytes | Unread:
        """An object or a list with all that is in it. Beyond `limit` bytes it is passed over and not held."""
        depth, looked, deepest, dropped = 0, self._at, 0, False
        while True:
            turn = _TURNS.search(self._held, looked)
            if turn is None or (turn[1] == b"" and self._held[turn.start()] == _QUOTE):
                looked = (len(self._held) if turn is None else turn.start()) - self._at
                if looked > limit:
                    self._at, looked, dropped = self._at + looked, 0, True
                if len(self._held) - self._at > MAX_ITEM_BYTES + limit:
                    raise BrokenDocumentError("item_too_large")
                self._more()
                continue
            looked = turn.end()
            sign = self._held[turn.start()]
            if sign in _OPENING:
                depth += 1
                deepest = max(deepest, depth)
            elif sign != _QUOTE:
                depth -= 1
                if not depth:
                    break
        piece = self._held[self._at : looked]
        self._at = looked
        if dropped or len(piece) > limit:
            return Unread("item_too_large")
        if deepest > MAX_DEPTH:
            return Unread("nested_too_deep")
        last_line = piece[piece.rfind(b"\n") :]
        self._ending = last_line if last_line[:1] == b"\n" and not last_line[:-1].strip() else b""
        return piece

    def _take_text(self) -> bytes:
        while True:
            found = _TEXT.match(self._held, self._at)
            if found is not None and found[1]:
                self._at = found.end()
                return found[0]
            if len(self._held) - self._at > MAX_ITEM_BYTES:
                raise BrokenDocumentError("item_too_large")
            self._more()

    def _take_word(self) -> bytes:
        """A number, true, false, null, or what is none of them."""
        while True:
            found = _WORD.match(self._held, self._at)
            end = self._at if found is None else found.end()
            if end < len(self._held) or not self._read_on():
                break
            if len(self._held) > MAX_ITEM_BYTES:
                raise BrokenDocumentError("item_too_large")
        word = self._held[self._at : end]
        if not word:
            raise BrokenDocumentError("not_json")
        self._at = end
        return word


def _as_utf8(chunks: Iterator[bytes]) -> Iterator[bytes]:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= len(codecs.BOM_UTF32_BE):
            break
    encoding = next((encoding for mark, encoding in _BOMS if head.startswith(mark)), None)
    if encoding is None or encoding == "utf-8-sig":
        yield head[len(codecs.BOM_UTF8) :] if encoding else head
        for chunk in chunks:  # not `yield from`: closing this must leave the chunks open for who reads them to the end
            yield chunk
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(head).encode("utf-8", "replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")


def _parsed(piece: bytes) -> Any:
    try:
        return orjson.loads(piece)
    except orjson.JSONDecodeError:
        return _mended(piece)


def _mended(piece: bytes) -> Any:
    r"""What is nearly JSON: Telegram Desktop writes control characters as `\x1F`, and half an emoji may be left of a
    text that was cut in two."""
    piece = _ESCAPES.sub(lambda found: rb"\u00" + found[1] if found[1] else found[0], piece)
    try:
        text = json.dumps(json.loads(piece, parse_constant=_refuse), ensure_ascii=False)
        return orjson.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    except (ValueError, RecursionError):
        return Unread("not_json")


def _refuse(_constant: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")
