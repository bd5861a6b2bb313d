"""Bytes from a connector become messages: framing, limits, and what is kept of a line that is none.

Owns: the rules a line is judged by, shared by everything that reads JSON text from a connector. Must not know: pipes,
processes, pages, what a message means.

Lines end at LF and nowhere else (a JSON string may hold U+2028, U+2029 or NEL bare); one CR before it is dropped; lines
of spaces, tabs or nothing are ignored but counted. Where a name stands twice in an object the last value holds, as in
every JavaScript engine; nothing downstream sees the text again, so no second reading can disagree with it. Integers
beyond 64 bits become floats, as in JavaScript: a connector sends such ids as strings. A byte order mark before a line
is dropped, as RFC 8259 lets a reader do. Of a line that is JSON but for a value in it, what can be read is handed on
with it (`odd_lines`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from polyhost.connectors.base import Malformed
from polyhost.connectors.odd_lines import read_odd_line
from polyhost.protocol.messages import OddMessage

__all__ = ["MAX_DEPTH", "MAX_LINE_BYTES", "LineDecoder", "decode_message"]

MAX_LINE_BYTES = 16 * 1024 * 1024
"""Bytes in one line. As much as the largest document of common document stores; attachments are not records."""
MAX_DEPTH = 128
"""Levels of nesting in one message. What is admitted is serialised again, and orjson writes no more than 254 levels."""
_DIGEST_DIGITS = 16
"""Hex digits kept of a SHA-256: enough to recognise a line in the connector's own log."""
_BLANK = b" \t\r"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PARSER_DEPTH_WORD = "depth"
"""What orjson says that it has exceeded where it will not go deeper (1,024 levels). The rest of the sentence differs
from version to version; no other message of it has this word."""


def _malformed(line: int, data: bytes | bytearray, rule: str, odd: OddMessage | None = None) -> Malformed:
    return Malformed(line, len(data), hashlib.sha256(data).hexdigest()[:_DIGEST_DIGITS], rule, odd)


def decode_message(data: bytes | bytearray, line: int) -> dict[str, Any] | Malformed:
    """One JSON object, or where it stood, how long it was, its digest and the rule it broke; never its text."""
    if len(data) > MAX_LINE_BYTES:
        return _malformed(line, data, "line_too_long")
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return _malformed(line, data, _broken_rule(data, error.msg), read_odd_line(data, MAX_DEPTH))
    if not isinstance(value, dict):
        return _malformed(line, data, "not_an_object")
    # Counting brackets is one pass in C and an upper bound; only lines above it are walked.
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and _deeper_than(value, MAX_DEPTH):
        return _malformed(line, data, "too_deep", read_odd_line(data, MAX_DEPTH))
    return value


def _broken_rule(data: bytes | bytearray, parser_message: str) -> str:
    """Which rule a line broke that is no JSON. Only the parser's fixed message is used: its error has the text."""
    if _PARSER_DEPTH_WORD in parser_message:
        return "too_deep"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "invalid_utf8"
    return "invalid_json"


def _deeper_than(value: Any, limit: int) -> bool:
    """Level by level, without recursion: depth is what is in doubt here."""
    level: list[Any] = [value]
    for _ in range(limit):
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def _children(node: Any) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


@dataclass(slots=True)
class LineDecoder:
    """Cuts a stream of chunks into messages. Holds one unfinished line at most, and of one beyond the limit nothing."""

    limit: int = MAX_LINE_BYTES
    _line: int = 0
    _partial: bytearray = field(default_factory=bytearray)
    _skipping: bool = False

    def feed(self, chunk: bytes) -> Iterator[tuple[dict[str, Any] | Malformed, int]]:
        """Each message that this chunk completes, with its size in bytes on the wire (the LF included)."""
        *complete, rest = chunk.split(b"\n")
        for piece in complete:
            yield from self._extend(piece)
            yield from self._take(terminated=True)
        yield from self._extend(rest)

    def end(self) -> Iterator[tuple[dict[str, Any] | Malformed, int]]:
        """What is left when the stream ends without a LF. A whole object is a message: half of one never parses."""
        for message, size in self._take(terminated=False):
            yield (replace(message, rule="unterminated_line") if isinstance(message, Malformed) else message), size

    def _extend(self, piece: bytes) -> Iterator[tuple[Malformed, int]]:
        """Add to the unfinished line. One beyond the limit is reported at once: its end may never come."""
        if self._skipping:
            return
        self._partial += piece
        if len(self._partial) > self.limit:
            self._skipping = True
            yield _malformed(self._line + 1, self._partial, "line_too_long"), len(self._partial)
            self._partial = bytearray()

    def _take(self, *, terminated: bool) -> Iterator[tuple[dict[str, Any] | Malformed, int]]:
        self._line += 1
        data, self._partial = self._partial, bytearray()
        skipped, self._skipping = self._skipping, False
        size = len(data) + terminated
        if data.startswith(_BYTE_ORDER_MARK):
            del data[: len(_BYTE_ORDER_MARK)]
        if skipped or not data.strip(_BLANK):
            return
        if data.endswith(b"\r"):
            del data[-1]
        yield decode_message(data, self._line), size
