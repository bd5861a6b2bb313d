"""files.slack.com: hands out the bytes of files, with ranges and versions as a good server does, and with trouble on
purpose where a test asks for it.

Owns: how a file is answered. Must not know: who may have it, what strikes whom.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from fakes.slack.contents import Made, pieces_of
from fakes.slack.file_trouble import FileFault, FileTrouble
from fakes.slack.model import File

__all__ = ["FileHost", "PlainResponse"]

_RANGE = re.compile(r"bytes=(\d+)-\Z")
_SLOW_SECONDS = 0.2
_STATUSES = {FileFault.FAILED: 500, FileFault.UNAVAILABLE: 503, FileFault.TOO_MANY: 429}
_CUTS = (FileFault.CUT, FileFault.CUT_CHUNKED, FileFault.CUT_SILENTLY)
_SHORT = (FileFault.SHORT, FileFault.SHORT_CHUNKED)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PlainResponse(web.StreamResponse):
    """A body that says neither its length nor its end: it is over when the connection is."""

    _length_check = False


class FileHost:
    """`trouble` strikes whoever asks; `answers`: by the id of a file, what is answered in place of it."""

    def __init__(self) -> None:
        self.trouble: FileTrouble | None = None
        self.answers: dict[str, Answer] = {}
        self.asked = 0
        self.sent = 0
        """Bytes of bodies."""
        self._marks: list[tuple[int, int, asyncio.Event]] = []

    def after(self, *, asked: int = 0, sent: int = 0) -> asyncio.Event:
        """Set once so many requests more have come, or so many bytes more have been sent."""
        mark = asyncio.Event()
        never = 1 << 60
        self._marks.append((self.asked + (asked or never), self.sent + (sent or never), mark))
        return mark

    async def answer(self, request: web.Request, file: File) -> web.StreamResponse | None:
        """None where the sign-in page is to be answered."""
        self.asked += 1
        self._mark()
        if file.id in self.answers:
            return await self.answers[file.id](request)
        fault = None if self.trouble is None else self.trouble.next(file.id)
        if fault is FileFault.SIGN_IN:
            return None
        if fault in _STATUSES:
            headers = {"Retry-After": "1"} if fault is FileFault.TOO_MANY else {}
            return web.Response(status=_STATUSES[fault], text="not now", headers=headers)
        if fault is FileFault.SLOW:
            await asyncio.sleep(_SLOW_SECONDS)
        return await self._file(request, file, fault)

    async def _file(self, request: web.Request, file: File, fault: FileFault | None) -> web.StreamResponse:
        first = _first(request, file)
        if fault is FileFault.WHOLE_FOR_RANGE:
            first = None
        size = len(file.content) - (first or 0)
        sent = int(size * self._share(file)) if fault in _CUTS or fault in _SHORT else size
        response = (PlainResponse if fault is FileFault.CUT_SILENTLY else web.StreamResponse)(
            status=200 if first is None else 206,
            headers=_headers(file, first, fault),
        )
        if fault in (FileFault.CUT_CHUNKED, FileFault.SHORT_CHUNKED):
            response.enable_chunked_encoding()
        elif fault is not FileFault.CUT_SILENTLY:
            response.content_length = sent if fault is FileFault.SHORT else size
        await response.prepare(request)
        await self._send(response, file, first or 0, sent)
        if fault in _CUTS and request.transport is not None:
            request.transport.close()
        return response

    def _share(self, file: File) -> float:
        assert self.trouble is not None
        return self.trouble.share(file.id)

    async def _send(self, response: web.StreamResponse, file: File, first: int, size: int) -> None:
        for piece in pieces_of(file.content, first):
            if size <= 0:
                return
            await response.write(piece[:size])
            self.sent += len(piece[:size])
            size -= len(piece)
            self._mark()

    def _mark(self) -> None:
        for asked, sent, mark in self._marks:
            if self.asked >= asked or self.sent >= sent:
                mark.set()


def _headers(file: File, first: int | None, fault: FileFault | None) -> dict[str, str]:
    tag = _tag(file) if fault is not FileFault.OTHER_TAG else '"another"'
    headers = {"Content-Type": file.mimetype, "ETag": tag, "Accept-Ranges": "bytes"}
    if first is not None:
        said = first + 1 if fault is FileFault.WRONG_RANGE else first
        headers["Content-Range"] = f"bytes {said}-{len(file.content) - 1}/{len(file.content)}"
    return headers


def _first(request: web.Request, file: File) -> int | None:
    """Where the part begins that is asked for; None where the whole is to be answered."""
    asked = _RANGE.match(request.headers.get("Range", ""))
    if asked is None or request.headers.get("If-Range", _tag(file)) != _tag(file):
        return None
    return int(asked[1]) if int(asked[1]) < len(file.content) else None


def _tag(file: File) -> str:
    content = file.content
    named = f"{content.seed}-{content.size}" if isinstance(content, Made) else hashlib.sha256(content).hexdigest()
    return f'"{named}"'
