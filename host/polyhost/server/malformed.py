"""Requests that are none: what is wrong with them, by a closed list of kinds, and the one answer to all of them.

Owns: judging what the library's parser says, and what it lets through that this server has no use for; that nothing a
client sent is in the answer or in an error. Must not know: connections, routes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from aiohttp.http import HttpProcessingError, HttpVersion10, HttpVersion11, RawRequestMessage
from aiohttp.http_exceptions import BadHttpMethod, BadStatusLine, InvalidHeader, InvalidURLError, LineTooLong
from aiohttp.streams import StreamReader
from aiohttp.web import RequestPayloadError, StreamResponse
from multidict import CIMultiDictProxy

from polyhost.api.guards import SECURITY_HEADERS
from polyhost.api.problems import PROBLEM_TYPE, problem_bytes
from polyhost.errors import ErrorCode, PolyhostError, RefusedError, RunFailedError

__all__ = ["Kind", "MalformedError", "PlainAnswer", "StrictParser", "answer_to", "broken"]


class Kind(StrEnum):
    """What is wrong; or why a connection was ended. All that a log says of it."""

    TOO_LONG = "too_long"
    REQUEST_LINE = "request_line"
    METHOD = "method"
    TARGET = "target"
    HEADER = "header"
    MESSAGE = "message"
    UPGRADE = "upgrade"
    EXPECTATION = "expectation"
    ENCODING = "encoding"
    BODY = "body"
    UNFINISHED = "unfinished"
    """It went, or was too slow, in the middle of a request."""
    TOO_MANY_STRANGERS = "too_many_strangers"
    TOO_MANY_IDLE = "too_many_idle"


_SAID = {
    Kind.TOO_LONG: "a line of the request is longer than 8 kB",
    Kind.REQUEST_LINE: "the first line is not that of a request in HTTP/1.1",
    Kind.METHOD: "the method is none of this server's",
    Kind.TARGET: "the address is not a path of this server",
    Kind.HEADER: "a header is not one of HTTP/1.1, or is given twice",
    Kind.UPGRADE: "this server speaks HTTP/1.1 only",
    Kind.EXPECTATION: "the request expects what this server does not do",
    Kind.ENCODING: "the body is encoded",
    Kind.BODY: "the body is not what its headers say",
}
_NOT_A_MESSAGE = "the request is not a message of HTTP/1.1"
_UNUSED = frozenset({"CONNECT", "TRACE"})
_ONCE = ("Content-Encoding", "Content-Length", "Content-Type", "Expect", "Last-Event-ID", "Transfer-Encoding")
"""Given twice, one reader takes the first and another the last."""
_Fed = tuple[Sequence[tuple[RawRequestMessage, StreamReader]], bool, bytes]


class MalformedError(HttpProcessingError):
    """A request that is none. It holds nothing of what was sent."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(code=400, message=kind)
        self.kind = kind


class StrictParser:
    """The library's parser of one connection, with its errors taken apart and its indulgence taken back.

    `heard`: called when the head of a request is complete. `spoiled`: called with the kind when a body turned out to be
    none after its request was handed on; the connection is to be closed after the answer.
    """

    def __init__(self, parser: Any, heard: Callable[[], None], spoiled: Callable[[Kind], None]) -> None:
        self._parser = parser
        self._heard = heard
        self._spoiled = spoiled
        self._body: StreamReader | None = None
        self.begun = False
        """Whether a head has begun, and is not complete."""

    def feed_data(self, data: bytes) -> _Fed:
        """As the library's; raises MalformedError, and nothing else."""
        between = self._body is None or self._body.is_eof()
        try:
            messages, upgraded, tail = self._parser.feed_data(data)
        except Exception as error:  # whatever it is, it was made of what was sent
            return self._refuse(_kind(error))
        if messages:
            self._body = messages[-1][1]
            self.begun = False
            self._heard()
        elif between and data.strip(b"\r\n"):  # empty lines may stand before a request
            self.begun = True
        wrong = next(filter(None, (_wrong_with(message) for message, _ in messages)), None)
        if wrong is not None:
            self._body = None
            return self._refuse(wrong)
        return messages, upgraded, tail

    def _refuse(self, kind: Kind) -> _Fed:
        self.begun = False
        if self._body is not None and not self._body.is_eof():
            self._body.set_exception(RequestPayloadError())
            self._spoiled(kind)
            return (), False, b""
        raise MalformedError(kind) from None

    def feed_eof(self) -> Any:
        """As the library's."""
        return self._parser.feed_eof()

    def pause_reading(self) -> None:
        """As the library's."""
        self._parser.pause_reading()

    def message_consumed(self) -> None:
        """As the library's."""
        self._parser.message_consumed()

    def set_upgraded(self, upgraded: bool) -> None:
        """As the library's."""
        self._parser.set_upgraded(upgraded)


def _kind(error: Exception) -> Kind:
    match error:
        case LineTooLong():
            return Kind.TOO_LONG
        case BadHttpMethod():
            return Kind.METHOD
        case BadStatusLine():
            return Kind.REQUEST_LINE
        case InvalidURLError():
            return Kind.TARGET
        case InvalidHeader():
            return Kind.HEADER
        case _:
            return Kind.MESSAGE


def _wrong_with(message: RawRequestMessage) -> Kind | None:
    """What of a request that can be read this server does not take."""
    if message.version not in {HttpVersion10, HttpVersion11}:
        return Kind.REQUEST_LINE
    if message.method in _UNUSED:
        return Kind.METHOD
    if message.upgrade:
        return Kind.UPGRADE
    path = message.path
    if not path.startswith("/") or "#" in path or not (path.isascii() and path.isprintable()):
        return Kind.TARGET
    return _wrong_with_headers(message.headers)


def _wrong_with_headers(headers: CIMultiDictProxy[str]) -> Kind | None:
    if any(len(headers.getall(name, ())) > 1 for name in _ONCE):
        return Kind.HEADER
    if headers.get("Expect", "100-continue").lower() != "100-continue":
        return Kind.EXPECTATION
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        return Kind.ENCODING
    if headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
        return Kind.ENCODING
    return None


class PlainAnswer(StreamResponse):
    """Made below every middleware: it brings the headers that these would add, and no banner of the library."""

    def __init__(self, error: PolyhostError, status: int) -> None:
        super().__init__(status=status, headers={**SECURITY_HEADERS, "Content-Type": PROBLEM_TYPE})
        self._content = problem_bytes(error, status)
        self.content_length = len(self._content)
        self.force_close()

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Server", None)

    async def write_eof(self, data: bytes = b"") -> None:
        """The whole of it."""
        del data
        await super().write_eof(self._content)


def answer_to(kind: Kind) -> PlainAnswer:
    """The one answer to a request that is none."""
    reason = _SAID.get(kind, _NOT_A_MESSAGE)
    return PlainAnswer(RefusedError(reason, "Send what HTTP/1.1 asks for.", code=ErrorCode.BAD_REQUEST), 400)


def broken(status: int) -> PlainAnswer:
    """The answer where answering itself broke."""
    return PlainAnswer(
        RunFailedError("an internal error", "Please report this.", code=ErrorCode.INTERNAL_ERROR), status
    )
