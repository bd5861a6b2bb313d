"""Lists of objects in JSON files, one object at a time, whatever state the file is in.

Owns: parsing whole where that is cheap, cutting a large or broken list into its items, saying which could not be read.
Must not know: sites, archives beyond reading an entry, what an object means.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from polyhost.artifacts.base import Artifact, Entry, UnreadableEntryError
from polyhost.artifacts.limits import CHUNK_BYTES, MAX_ITEM_BYTES, WHOLE_BYTES

__all__ = ["Unparsable", "objects"]

MAX_DEPTH = 100
"""Levels an item may be nested: rich text of a message has some ten."""
_WRITABLE_DEPTH = 254
"""Levels that orjson writes, and not one more; it reads four times as many."""
_TURNS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*("?)|[{}\[\]]', re.DOTALL)
"""A whole text (its end may not have come in yet), or a bracket."""
_QUOTE = ord('"')
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Unparsable:
    """Something in the list that is not an object: its entry, its item (None: all that is left), the rule it broke."""

    entry: int
    item: int | None
    rule: str


def objects(artifact: Artifact, entry: Entry) -> Iterator[dict[str, Any] | Unparsable]:
    """The objects of a JSON list, in order, with what could not be read in its place."""
    try:
        whole = artifact.read(entry, WHOLE_BYTES)
    except UnreadableEntryError as error:
        # The part before the damage may be whole items, but a checksum that fails vouches for none of them.
        if error.rule == "cut_off":
            yield from _cut_items(artifact, entry)
        else:
            yield Unparsable(entry.number, None, error.rule)
        return
    if whole is None:
        yield from _large_items(artifact, entry)
        return
    text = _as_utf8(whole)
    if text is None:
        yield Unparsable(entry.number, None, "encoding")
        return
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        parsed = None
    if parsed is None or _is_deep(parsed):
        yield from _items(entry.number, iter([text]))
    elif isinstance(parsed, list):
        yield from _checked(entry.number, parsed)
    else:
        yield Unparsable(entry.number, None, "not_a_list")


def _is_deep(parsed: Any) -> bool:
    """Whether anything is nested deeper than an item may be. orjson counts the levels while it writes, in a fraction of
    the time that reading took: what has too many finds no room within those around it."""
    for _ in range(_WRITABLE_DEPTH - MAX_DEPTH):
        parsed = [parsed]
    try:
        orjson.dumps(parsed)
    except orjson.JSONEncodeError:
        return True
    return False


def _checked(number: int, parsed: list[Any]) -> Iterator[dict[str, Any] | Unparsable]:
    for index, item in enumerate(parsed):
        if type(item) is dict:
            yield item
        else:
            yield Unparsable(number, index, "not_an_object")


def _as_utf8(content: bytes) -> bytes | None:
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            if encoding == "utf-8":
                return content[len(mark) :]
            try:
                return content.decode(encoding).encode()
            except UnicodeError:
                return None
    try:
        content.decode()
    except UnicodeDecodeError:
        return None
    return content


def _cut_items(artifact: Artifact, entry: Entry) -> Iterator[dict[str, Any] | Unparsable]:
    def until_cut() -> Iterator[bytes]:
        try:
            yield from _read(artifact.open(entry))
        except UnreadableEntryError:
            return

    yield from _items(entry.number, until_cut())


def _large_items(artifact: Artifact, entry: Entry) -> Iterator[dict[str, Any] | Unparsable]:
    """Read twice: an item must not be handed on before the whole entry is known to be sound."""
    try:
        for _ in _read(artifact.open(entry)):
            pass
    except UnreadableEntryError as error:
        if error.rule != "cut_off":
            yield Unparsable(entry.number, None, error.rule)
            return
        yield from _cut_items(artifact, entry)
        return
    yield from _items(entry.number, _read(artifact.open(entry)))


def _read(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _items(number: int, chunks: Iterator[bytes]) -> Iterator[dict[str, Any] | Unparsable]:
    """Each object of a list, cut out by its braces."""
    index = 0
    splitter = _Splitter()
    try:
        for chunk in chunks:
            for piece in splitter.feed(chunk):
                yield _parsed(number, index, piece)
                index += 1
    except _NotAListError as error:
        yield Unparsable(number, index or None, error.rule)
        return
    if not splitter.is_closed:
        yield Unparsable(number, index or None, "cut_off")


def _parsed(number: int, index: int, piece: bytes) -> dict[str, Any] | Unparsable:
    try:
        item = orjson.loads(piece)
    except orjson.JSONDecodeError:
        item = _with_half_pairs(piece)
    return item if type(item) is dict else Unparsable(number, index, "not_json" if item is None else "not_an_object")


def _with_half_pairs(piece: bytes) -> Any:
    """JSON that holds half a surrogate pair, which is an emoji that a source cut in two; None where that is not it."""
    try:
        item = json.loads(piece, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    text = json.dumps(item, ensure_ascii=False)
    try:
        return orjson.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    except orjson.JSONDecodeError:  # numbers that no other reader could take
        return None


def _refuse(_constant: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")


class _NotAListError(Exception):
    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class _Splitter:
    """Cuts the objects out of the text of a list as it comes in, and holds no more than one of them."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._looked = 0
        self._depth = 0
        self._start = 0
        self._opened = False
        self.is_closed = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        if not self._opened:
            chunk = self._open(chunk)
        self._held += chunk
        at = self._looked
        while (turn := _TURNS.search(self._held, at)) is not None:
            mark = self._held[turn.start()]
            if mark == _QUOTE and not turn[1]:
                at = turn.start()
                break
            at = turn.end()
            if mark != _QUOTE and (piece := self._turn(mark, turn.start(), at)) is not None:
                yield piece
        else:
            at = len(self._held)
        drop = self._start if self._depth > 1 else at
        del self._held[:drop]
        self._looked = at - drop
        self._start = 0 if self._depth > 1 else self._start
        if len(self._held) > MAX_ITEM_BYTES:
            raise _NotAListError("item_too_large")

    def _open(self, chunk: bytes) -> bytes:
        head = bytes(self._held) + chunk
        self._held.clear()
        for mark, encoding in _BOMS:
            if head.startswith(mark):
                if encoding != "utf-8":
                    raise _NotAListError("encoding")
                head = head[len(mark) :]
        if not head.lstrip().startswith(b"["):
            raise _NotAListError("not_a_list")
        self._opened = True
        return head

    def _turn(self, mark: int, start: int, end: int) -> bytes | None:
        if self.is_closed:
            raise _NotAListError("text_behind_the_list")
        if mark in b"{[":
            self._depth += 1
            if self._depth == 2:
                self._start = start
            if self._depth > MAX_DEPTH:
                raise _NotAListError("nested_too_deep")
            return None
        self._depth -= 1
        if self._depth == 1:
            return bytes(self._held[self._start : end])
        self.is_closed = self._depth == 0
        return None
